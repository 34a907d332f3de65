"""Find files that a writer wrote without kmseg's functions.

The manifest does not list them, so a later run does not notice if they are lost.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from kmseg import storage
from kmseg.writers import Writer

CLOCK_STEP = 0.02
"""Seconds by which the time of a file may lag behind the clock: the kernel's clock ticks every 1 to 10 ms."""

OWN = ("kmseg.log", "manifest.")
"""Beginnings of the names of files that a run writes about itself all the time."""


def may_write_unrecorded(writers: Mapping[str, Writer]) -> bool:
    """Return whether some writers are from outside the package, whose files are looked for."""
    return any(not type(writer).__module__.startswith("kmseg.") for writer in writers.values())


def describe_unrecorded(folder: Path, known: Collection[Path], since: float) -> str:
    """Name the files below a folder that were written since a time and are not known; empty if there are none.

    Parameters
    ----------
    folder : Path
        The writers' folder; nothing is looked for in a bucket.
    known : collection of Path
        Files that the manifest has, or that writers return at the end of the run.
    since : float
        Time, as of `time.time()`.
    """
    if storage.is_elsewhere(folder):
        return ""
    found = sorted(path for path in _written_since(folder, since - CLOCK_STEP) if Path(path) not in known)
    if not found:
        return ""
    names = ", ".join(os.path.relpath(path, folder) for path in found[:3])
    more = f" and {len(found) - 3} more" if len(found) > 3 else ""
    return (
        f"{len(found)} files were not written through kmseg.files, so that incremental=true and resume=true do not see "
        f"if they are lost: {names}{more}"
    )


def _written_since(folder: Path, since: float) -> Iterator[str]:
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = os.path.join(place, name)  # noqa: PTH118  # of a million files: no path objects
            if not name.startswith((".", *OWN)) and _time_of(path) >= since:
                yield path


def _time_of(path: str) -> float:
    try:
        return os.lstat(path).st_mtime
    except OSError:
        return 0.0

"""Run a sweep: start or resume it, launch the unfinished points, write the summary."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kmseg.errors import UserError
from kmseg.files import write_json, write_text
from kmseg.sweeps.curves import draw_curves
from kmseg.sweeps.points import STATUS_FILE, Point, PointResult, short, swept
from kmseg.sweeps.score import Score
from kmseg.sweeps.summary import Summary
from kmseg.trackers import TrackedRun, Tracker

RECORD = "sweep.json"

Launch = Callable[[Sequence[Point], str], None]
"""A function that runs points, each tracked as a child of the run with the given key. It may raise if a run could not
be started or its process died."""

Prepare = Callable[[Sequence[Point]], None]
"""A function that makes ready what points need, while the tracker opens its store."""


@dataclass
class Sweep:
    """One sweep and its folder.

    Attributes
    ----------
    command : sequence of str
        The overrides as given; a resumed sweep must have the same.
    prepare : callable
        Called with the points before they are run.
    results : list of PointResult
        The results of the points so far, in order.
    """

    folder: Path
    command: Sequence[str]
    score: Score
    tracked: TrackedRun
    tracker: Tracker
    resumed: bool
    prepare: Prepare
    results: list[PointResult] = field(default_factory=list)

    def run(self, points: Sequence[Point], launch: Launch, fingerprint: Callable[[Point], str]) -> list[PointResult]:
        """Run the points that are not finished with their present config; return the results of all points."""
        todo = [point for point in points if not (self.resumed and _is_finished(point, fingerprint))]
        if self.resumed:
            print(f"{len(points) - len(todo)} of {len(points)} runs are finished; {len(todo)} to go", flush=True)
        for point in todo:
            if self.resumed:
                self.tracker.forget(point.folder)
                shutil.rmtree(point.folder, ignore_errors=True)
            (point.folder / STATUS_FILE).unlink(missing_ok=True)
        error_text = ""
        if todo:
            self.prepare(todo)
            key = self.tracked.key
            write_json(self.folder / RECORD, {"command": list(self.command), "key": key})
            try:
                launch(todo, key)
            except Exception as error:  # a worker died, or a config could not be composed: summarize, then fail
                error_text = str(error) or type(error).__name__
        done = [PointResult.read(point, error_text) for point in points]
        self.results += done
        return done

    def finish(self) -> None:
        """Write the summary; raise if a run failed."""
        summary = Summary(self.results, swept([result.point for result in self.results]), self.score)
        files = [summary.write_table(self.folder)]
        if summary.finished:
            files.append(draw_curves(self.folder / "sweep.png", summary))
        for path in files:
            self.tracked.file(path)
        self.tracked.table("sweep.json", summary.columns())
        self.tracked.metrics(summary.figures())
        if summary.best is not None:
            self.tracked.model(summary.best.point.folder)
        description = summary.markdown(self.command, self.folder)
        write_text(self.folder / "sweep.md", description)
        self.tracked.describe(description)
        summary.show(self.folder, self.tracked.view())
        if summary.failed:
            named = [f"  {result.point.number}  {summary.name(result)}: {result.failed}" for result in summary.failed]
            raise UserError(
                f"{len(named)} of {len(self.results)} runs failed; fix the cause and repeat the command with "
                "resume=true, which repeats only these:\n" + "\n".join(named)
            )


@contextmanager
def sweeping(
    folder: Path, command: Sequence[str], score: Score, tracker: Tracker, resumed: bool, prepare: Prepare
) -> Iterator[Sweep]:
    """Start a sweep in `folder` or resume the one in it; write the summary if the block succeeds."""
    from filelock import FileLock, Timeout

    folder.mkdir(parents=True, exist_ok=True)
    try:
        lock = FileLock(folder / ".sweep.lock", timeout=0).acquire()
    except Timeout:
        raise UserError(f"the sweep in {folder} is still running; wait until it ends, or stop it") from None
    with lock:
        known = _record(folder) if resumed else None
        with _tracked(folder, command, tracker, known) as tracked:
            sweep = Sweep(folder, command, score, tracked, tracker, known is not None, prepare)
            yield sweep
            sweep.finish()


def _tracked(
    folder: Path, command: Sequence[str], tracker: Tracker, known: dict[str, Any] | None
) -> AbstractContextManager[TrackedRun]:
    """Start the tracked run of a sweep, or reopen that of the `known` one."""
    if known and known["key"]:
        return tracker.reopen(known["key"])
    if known:  # interrupted before its tracked run existed
        tracker.forget(folder)
    write_json(folder / RECORD, {"command": list(command), "key": ""})
    return tracker.start(f"sweep of {' '.join(_swept_overrides(command))}", f"Files: `{folder}`", folder)


def find_sweep(root: Path, command: Sequence[str]) -> Path | None:
    """Return the folder of the newest sweep of this command below `root/DATE/TIME`."""
    for record in sorted(root.glob(f"*/*/{RECORD}"), reverse=True):
        if (_record(record.parent) or {}).get("command") == list(command):
            return record.parent
    return None


def _record(folder: Path) -> dict[str, Any] | None:
    try:
        record: dict[str, Any] = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return record


def _is_finished(point: Point, fingerprint: Callable[[Point], str]) -> bool:
    status = point.status()
    return status is not None and not status.failed and status.config == fingerprint(point)


def _swept_overrides(command: Sequence[str]) -> list[str]:
    """Return the overrides that give several values, with short keys."""
    several = [word.split("=", 1) for word in command if "=" in word and ("," in word or "(" in word)]
    return [f"{short(key)}={value}" for key, value in several]

"""Patterns of files: `*_mask.png` for names anywhere, `train_labels/*` for paths; a folder means all below it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from kmseg import storage


def matches(path: str, patterns: Sequence[str]) -> bool:
    """Tell whether a path below the root matches one of the patterns; without patterns every path does.

    Examples
    --------
    >>> matches("train/a_mask.png", ["*_mask.png"]), matches("train/a.jpg", ["train"]), matches("v/a.jpg", ["train/*"])
    (True, True, False)
    """
    return not patterns or any(_compiled(pattern).fullmatch(path) is not None for pattern in patterns)


def selected(paths: Iterable[str], patterns: Sequence[str]) -> list[str]:
    """Return the paths that match one of the patterns."""
    return [path for path in paths if matches(path, patterns)]


def split_root(root: str) -> tuple[str, tuple[str, ...]]:
    """Divide an address with a pattern into the folder above the pattern and the pattern, if it has one.

    Examples
    --------
    >>> split_root("labels.zip!/gtFine/**/*_color.png"), split_root("data/labels")
    (('labels.zip!/gtFine', ('**/*_color.png',)), ('data/labels', ()))
    """
    if not re.search(r"[*?\[]", root) or storage.is_folder(Path(root).expanduser()):
        return root, ()
    parts = root.split("/")
    first = next(place for place, part in enumerate(parts) if re.search(r"[*?\[]", part))
    pattern = "/".join(parts[first:])
    if "/" not in pattern:
        pattern = f"./{pattern}"  # in this folder alone, as a shell would
    return "/".join(parts[:first]) or ("/" if root.startswith("/") else "."), (pattern,)


def escape(name: str) -> str:
    """Return a pattern that matches a name as it is."""
    return re.sub(r"([*?\[])", r"[\1]", name)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Translate a pattern: `*` and `?` stay within a name, `**` spans folders, `./` begins in the root."""
    anywhere = "" if "/" in pattern.rstrip("/") else "(?:.*/)?"
    pattern = pattern.removeprefix("./").rstrip("/")
    out, place = "", 0
    while place < len(pattern):
        rest = pattern[place:]
        if rest.startswith("**/"):
            out, place = out + "(?:[^/]+/)*", place + 3
        elif rest.startswith("**"):
            out, place = out + ".*", place + 2
        elif rest[0] == "*":
            out, place = out + "[^/]*", place + 1
        elif rest[0] == "?":
            out, place = out + "[^/]", place + 1
        elif found := re.match(r"\[(!?)([^\]]+)\]", rest):
            out, place = out + f"[{'^' * bool(found[1])}{re.escape(found[2])}]", place + len(found[0])
        else:
            out, place = out + re.escape(rest[0]), place + 1
    return re.compile(f"{anywhere}{out}(?:/.*)?", re.IGNORECASE)

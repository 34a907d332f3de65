"""Match photos and true masks to their label images."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from kmseg.images import SUFFIXES


class FileMatcher:
    """Find the file that belongs to an item, by relative path, else by unique file name.

    Parameters
    ----------
    files : mapping of str to Path
        The files by their paths below their folder, without suffix and with `/`.
    """

    def __init__(self, files: Mapping[str, Path]) -> None:
        self._files = files
        names = Counter(Path(key).name for key in files)
        # A name that occurs twice (frame 0 of two sequences) matches nothing: a wrong match is worse than none.
        self._by_name = {Path(key).name: path for key, path in files.items() if names[Path(key).name] == 1}

    def find(self, key: str) -> Path | None:
        """Return the file of the item, or None; an image suffix in the key is ignored."""
        bare = str(Path(key).with_suffix("")) if Path(key).suffix.lower() in SUFFIXES else key
        for name in (key, bare):
            if name in self._files:
                return self._files[name]
        return self._by_name.get(Path(bare).name)

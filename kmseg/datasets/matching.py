"""Which file of one folder belongs to which of another: photos and true masks to their label images."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from kmseg.images import SUFFIXES


class FileMatcher:
    """Finds the file that belongs to an item, by relative path, else by name.

    Parameters
    ----------
    files : mapping of str to Path
        The files by their paths below their folder, without suffix and with `/`.
    """

    def __init__(self, files: Mapping[str, Path]) -> None:
        self._files = files
        names = Counter(Path(key).name for key in files)
        # A name that occurs twice (frame 0 of two sequences) is nobody's: a wrong partner is worse than none.
        self._by_name = {Path(key).name: path for key, path in files.items() if names[Path(key).name] == 1}

    def of(self, key: str) -> Path | None:
        """Return the file of the item, or None; a suffix that the key has kept does not matter."""
        bare = str(Path(key).with_suffix("")) if Path(key).suffix.lower() in SUFFIXES else key
        for name in (key, bare):
            if name in self._files:
                return self._files[name]
        return self._by_name.get(Path(bare).name)

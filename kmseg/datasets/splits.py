"""The parts of a data set, `train`, `val` and `test`: named by folders, listed in files, or drawn."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kmseg import storage
from kmseg.datasets.words import SPLITS, split_named
from kmseg.errors import UserError
from kmseg.validation import check_integer, check_number

NAMES = ("train", "val", "test")
"""The parts, in the order in which they are told."""


@dataclass(frozen=True)
class Split:
    """How images are divided where the data set does not say.

    Parameters
    ----------
    val : float
        Share of the images for validation. An image's part depends on its key and the seed alone: it stays where it is
        when others join.
    seed : int
        Seed of the draw.
    """

    val: float = 0.2
    seed: int = 0

    def __post_init__(self) -> None:
        check_number("split.val", self.val, at_least=0, at_most=1)
        check_integer("split.seed", self.seed, at_least=0)

    def draw(self, key: str) -> str:
        """Return the part of an image.

        Examples
        --------
        >>> Split(val=1).draw("a")
        'val'
        """
        digest = hashlib.blake2b(f"{self.seed}/{key}".encode("utf-8", "surrogateescape"), digest_size=8).digest()
        drawn = int.from_bytes(digest, "big") / 2**64
        return "val" if drawn < self.val else "train"


def split_of_path(path: str) -> str | None:
    """Return the part that a path's folders name; None if none or several do.

    Examples
    --------
    >>> split_of_path("gtFine/val/ulm/1"), split_of_path("train_labels/1"), split_of_path("train"), split_of_path("a/1")
    ('val', 'train', None, None)
    """
    named = {split for folder in path.split("/")[:-1] if (split := split_named(folder)) is not None}
    return named.pop() if len(named) == 1 else None


def splits_named(keys: Sequence[str]) -> dict[str, str]:
    """Return the part of each key that has one by its folders, where at least two parts are named."""
    named = {key: split for key in keys if (split := split_of_path(key)) is not None}
    return named if len(set(named.values())) > 1 else {}


def splits_of_folders(keys: Sequence[str]) -> dict[str, str]:
    """Return the part of each key by its folders; nothing unless at least two parts are named and every key has one."""
    found = splits_named(keys)
    return found if len(found) == len(keys) else {}


def key_in_split(key: str, split: str) -> str:
    """Return a key without the folder that names its part, for a layout in which a folder of the part stands before it.

    Examples
    --------
    >>> key_in_split("train/ulm/1", "train"), key_in_split("ulm/1", "train")
    ('ulm/1', 'ulm/1')
    """
    first, slash, rest = key.partition("/")
    return rest if slash and split_named(first) == split else key


def read_split_lists(lists: Mapping[str, Path]) -> dict[str, list[str]]:
    """Read lists of files, one a part, an image in each line without its suffix.

    A line may hold paths of photo and label, as in `images/1.jpg labels/1.png`, or a number behind the name, as lists
    of PASCAL VOC have; such a line stands for its first word.
    """
    found: dict[str, list[str]] = {}
    for split, path in lists.items():
        try:
            text = storage.read_bytes(path).decode("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"the list {path} cannot be read ({error}); expected one image a line") from None
        lines = (line.strip() for line in text.splitlines())
        found[split] = [_stem(_first_of(line)) for line in lines if line and not line.startswith("#")]
    return found


def _first_of(line: str) -> str:
    """Return what a line names first; blanks part two names with suffixes, or a name and a number."""
    found = re.fullmatch(r"(.*\.[A-Za-z]{3,4})[\s,]+\S.*\.[A-Za-z]{3,4}|(\S+)\s+-?[01]", line)
    return line if found is None else found[1] or found[2]


def _stem(word: str) -> str:
    return re.sub(r"\.[A-Za-z]{3,4}$", "", word.replace("\\", "/")).strip("/")


def split_lists(folder: Path) -> dict[str, Path]:
    """Return the lists of a folder by the part that each is named after, such as `train.txt`."""
    listed = storage.contents(folder)
    inside = folder.iterdir() if listed is None else (folder / name for name in listed.files if "/" not in name)
    files = sorted(path for path in inside if path.suffix == ".txt")
    return {SPLITS[path.stem.casefold()]: path for path in files if path.stem.casefold() in SPLITS}


def splits_of_lists(keys: Sequence[str], lists: Mapping[str, Sequence[str]]) -> tuple[dict[str, str], list[str]]:
    """Return the part of each key that is in one list, and the entries that are no key.

    An entry means the key of its path or, where one key only ends so, of its name; a `_mask` or the like that all keys
    have does not matter.

    Raises
    ------
    UserError
        Where an image is in two lists.
    """
    from kmseg.datasets.matching import match_names

    found: dict[str, str] = {}
    unknown: list[str] = []
    for split, entries in lists.items():
        matches = match_names(list(keys), list(dict.fromkeys(entries)))
        unknown += matches.unused
        for key in matches.pairs:
            if found.setdefault(key, split) != split:
                raise UserError(f"{key} is in the lists of {found[key]} and of {split}; expected it in one")
    return found, unknown

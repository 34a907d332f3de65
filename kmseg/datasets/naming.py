"""Series of images in one folder, told apart by what their names have in common: `x.jpg` and `x_mask.png`."""

from __future__ import annotations

import re
import string
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from kmseg.datasets.patterns import escape
from kmseg.datasets.words import DISPLAY_WORDS, INSTANCE_WORDS, KIND_WORDS, PREDICTION_WORDS, SPLITS, split_words

MIN_COMMON_HEADS = 0.5
"""Least share of the files with an ending whose beginning also stands with another ending: what makes it an ending."""

MAX_AFFIXES = 12
"""Endings of one folder that may be learned from the names alone; of more, those with a word for a kind of image."""

ALL_KINDS = KIND_WORDS | INSTANCE_WORDS | PREDICTION_WORDS | DISPLAY_WORDS

MAX_WHOLE_NAMES = 8
"""Images in a folder that holds the files of one scene."""

_TAIL = re.compile(r"(?:[_\-. ]*(?:leftImg8bit|[^\W\d_]+))+$", re.IGNORECASE)
_WORD_LETTERS = string.ascii_letters + "_-. "

_HEAD = re.compile(r"^(?:(?:leftImg8bit|[^\W\d_]+)[_\-. ]+)+", re.IGNORECASE)


@dataclass(frozen=True)
class NamedSeries:
    """Files of one folder with one ending or beginning, and one suffix.

    Attributes
    ----------
    prefix, ending : str
        What their stems begin and end with; both empty for plain names.
    suffix : str
        As in `.png`, lower case; `.jpg` stands for every spelling of JPEG.
    names : tuple of str
    whole : bool
        Whether the name says all, as `label.png` beside `img.png` in a folder for each image.
    """

    prefix: str
    ending: str
    suffix: str
    names: tuple[str, ...]
    whole: bool = False

    @property
    def pattern(self) -> str:
        """The names as a pattern, such as `*_mask.png`."""
        if self.whole:
            return escape(self.names[0])
        suffixes = {name[len(stem(name)) :].lower() for name in self.names}
        suffix = suffixes.pop() if len(suffixes) == 1 else ".*"
        return f"{escape(self.prefix)}*{escape(self.ending)}{suffix}"


def stem(name: str) -> str:
    """Return a name without its suffix, which has two to four letters or digits."""
    bare, dot, suffix = name.rpartition(".")
    return bare if dot and 2 <= len(suffix) <= 4 and suffix.isalnum() and suffix.isascii() else name


@cache
def _suffix_group(suffix: str) -> str:
    """Return a suffix in lower case, with one spelling of JPEG and TIFF."""
    lower = suffix.lower()
    return {".jpeg": ".jpg", ".jpe": ".jpg", ".tiff": ".tif"}.get(lower, lower)


def group_series(names: Sequence[str]) -> list[NamedSeries]:
    """Divide the image files of a folder into series.

    Examples
    --------
    >>> [(s.pattern, len(s.names)) for s in group_series(["a1.jpg", "a1_mask.png", "a2.jpg", "a2_mask.png"])]
    [('*.jpg', 2), ('*_mask.png', 2)]
    """
    stems = {name: stem(name) for name in names}
    if len(stems) <= MAX_WHOLE_NAMES and all(_says_kind(bare) for bare in stems.values()):
        return [
            NamedSeries("", bare, _suffix_group(name[len(bare) :]), (name,), whole=True)
            for name, bare in sorted(stems.items())
        ]
    heads = _affixes(stems.values())
    groups: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for name, bare in stems.items():
        prefix, ending = heads.get(bare, ("", ""))
        groups[prefix, ending, _suffix_group(name[len(bare) :])].append(name)
    return [NamedSeries(*key, tuple(sorted(found))) for key, found in sorted(groups.items())]


def _says_kind(bare: str) -> bool:
    """Tell whether a stem has no number and says what the image is."""
    words = split_words(bare)
    return any(word in ALL_KINDS for word in words) and not any(word.isdigit() for word in words)


def _affixes(stems: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Return the beginning and ending of each stem that has one: the rest of the name stands with others, too."""
    distinct = sorted(set(stems))
    endings = {bare: _endings(bare) for bare in distinct}
    beginnings = {bare: _beginnings(bare) for bare in distinct}
    kept_endings = _common({bare: [(e, bare[: -len(e)]) for e in found] for bare, found in endings.items()})
    kept_beginnings = _common({bare: [(b, bare[len(b) :]) for b in found] for bare, found in beginnings.items()})
    found: dict[str, tuple[str, str]] = {}
    for bare in distinct:
        ending = next((e for e in endings[bare] if e in kept_endings), "")
        beginning = "" if ending else next((b for b in beginnings[bare] if b in kept_beginnings), "")
        if ending or beginning:
            found[bare] = (beginning, ending)
    return found


def _common(divided: Mapping[str, Sequence[tuple[str, str]]]) -> set[str]:
    """Return the affixes of which most rests stand alone or with another affix, too."""
    rests: dict[str, list[str]] = defaultdict(list)
    holders: dict[str, set[str]] = defaultdict(set)
    for pairs in divided.values():
        for affix, rest in pairs:
            rests[affix].append(rest)
            holders[rest].add(affix)
    kept = set()
    for affix, mine in rests.items():
        shared = sum(rest in divided or len(holders[rest]) > 1 for rest in mine)
        if shared >= MIN_COMMON_HEADS * len(mine):
            kept.add(affix)
    if len(kept) > MAX_AFFIXES:  # words of scenes, not of kinds
        kept = {affix for affix in kept if any(word in ALL_KINDS for word in split_words(affix))}
    return kept


def _endings(bare: str) -> list[str]:
    """Return the words that a stem ends with, the longest first; something stands before them."""
    tail = bare[len(bare.rstrip(_WORD_LETTERS)) :] if bare.isascii() else ""
    if not bare.isascii() or tail.lower() == "bit":  # letters of any script, and leftImg8bit
        found = _TAIL.search(bare)
        tail = found[0] if found else ""
    return [tail[place:] for place in _places(tail) if place or len(tail) < len(bare)]


@cache
def _places(tail: str) -> tuple[int, ...]:
    """Return where the words of a tail may be cut off: between them, or where a word for a kind touches a number."""
    glued = tail[:1].isalpha() and not _says_kind(re.split(r"[_\-. ]", tail)[0])
    places = {0} if tail and not glued else set()
    return tuple(
        sorted(places | {found.start() for found in re.finditer(r"[_\-. ]+", tail) if found.end() < len(tail)})
    )


def _beginnings(bare: str) -> tuple[str, ...]:
    """Return the words that a stem begins with, the longest first; something stands behind them.

    Those that only name a split are no beginning of a series.
    """
    head = bare[: len(bare) - len(bare.lstrip(_WORD_LETTERS))] if bare.isascii() else (_HEAD.search(bare) or [""])[0]
    return tuple(begin for begin in _heads(head) if len(begin) < len(bare) and not _says_only_split(begin))


def _says_only_split(affix: str) -> bool:
    """Tell whether the words of a beginning name nothing but a split: `val_0` is another scene than `0`."""
    words = split_words(affix)
    return bool(words) and all(word in SPLITS for word in words)


@cache
def _heads(head: str) -> tuple[str, ...]:
    return tuple(head[: found.end()] for found in reversed(list(re.finditer(r"(?<=[^_\-. ])[_\-. ]+", head))))

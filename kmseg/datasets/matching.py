"""Which file of one folder belongs to which of another: photos and true masks to their label images.

The rule. Names are split into words and numbers. Words that are in every name of one side and in no name of the other
(`_mask`, `_L`, `leftImg8bit`) are dropped: where both sides have such words, only words for kinds of images
(`label`, `image`, ...), so that `cat_1` and `dog_1` do not meet. What remains must be equal, and stand once on each
side: first of the whole path below the folder, then of the name alone. Of files that are then left, all words for kinds
of images are dropped, also those that only some names of a side have. A file that fits two others belongs to neither.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kmseg.datasets.words import KIND_WORDS, SPLITS, split_words

Words = tuple[str, ...]


@dataclass(frozen=True)
class Matches:
    """Which files belong together.

    Attributes
    ----------
    pairs : mapping of str to str
        The partner of each key of the first side that has one.
    unmatched : sequence of str
        Keys of the first side without a partner.
    unused : sequence of str
        Keys of the second side that are nobody's partner.
    """

    pairs: Mapping[str, str]
    unmatched: Sequence[str]
    unused: Sequence[str]


def match_names(first: Sequence[str], second: Sequence[str]) -> Matches:
    """Pair two sets of paths without suffix, by the rule at the head of this file.

    Examples
    --------
    >>> match_names(["a/1_mask", "a/2_mask"], ["a/1", "a/2", "a/3"]).pairs
    {'a/1_mask': 'a/1', 'a/2_mask': 'a/2'}
    """
    pairs: dict[str, str] = {}
    for reduce in (_exact, _words_of_path, _words_of_name, _scene_of_path, _scene_of_name):
        left = [key for key in first if key not in pairs]
        used = set(pairs.values())
        right = [key for key in second if key not in used]
        if not left or not right:
            break
        pairs |= _pair(left, right, reduce, first, second)
    used = set(pairs.values())
    return Matches(pairs, [key for key in first if key not in pairs], [key for key in second if key not in used])


Reduce = Callable[[Sequence[str], Sequence[str]], tuple[dict[str, Any], dict[str, Any]]]


def _pair(
    left: Sequence[str], right: Sequence[str], reduce: Reduce, first: Sequence[str], second: Sequence[str]
) -> dict[str, str]:
    """Pair the keys of which nothing else on either whole side is equal after `reduce`."""
    cores, others = reduce(first, second)
    alike, partners = _by_core(cores), _by_core(others)
    open_left, open_right = set(left), set(right)
    return {
        alike[core][0]: partners[core][0]
        for core in alike
        if len(alike[core]) == 1
        and len(partners.get(core, ())) == 1
        and alike[core][0] in open_left
        and partners[core][0] in open_right
    }


def _by_core(cores: Mapping[str, Any]) -> dict[Any, list[str]]:
    found: dict[Any, list[str]] = defaultdict(list)
    for key, core in cores.items():
        if core:
            found[core].append(key)
    return found


def _exact(first: Sequence[str], second: Sequence[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    return {key: key for key in first}, {key: key for key in second}


def _words_of_path(first: Sequence[str], second: Sequence[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    return _cores(_split_paths(first), _split_paths(second))


def _words_of_name(first: Sequence[str], second: Sequence[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    return _cores(_split_names(first), _split_names(second))


def _scene_of_path(first: Sequence[str], second: Sequence[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    return _scenes(_split_paths(first)), _scenes(_split_paths(second))


def _scene_of_name(first: Sequence[str], second: Sequence[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    return _scenes(_split_names(first)), _scenes(_split_names(second))


def _split_paths(keys: Sequence[str]) -> dict[str, Sequence[Words]]:
    return {key: [split_words(part) for part in key.split("/")] for key in keys}


def _split_names(keys: Sequence[str]) -> dict[str, Sequence[Words]]:
    return {key: [split_words(key.rpartition("/")[2])] for key in keys}


def _scenes(words: Mapping[str, Sequence[Words]]) -> dict[str, Any]:
    return {key: _without(parts, KIND_WORDS) for key, parts in words.items()}


def _cores(
    first: Mapping[str, Sequence[Words]], second: Mapping[str, Sequence[Words]]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what remains of each name's words when those that mark its side are dropped."""
    mine, theirs = marking_words(first.values(), second.values())
    return (
        {key: _without(parts, mine) for key, parts in first.items()},
        {key: _without(parts, theirs) for key, parts in second.items()},
    )


def marking_words(
    first: Iterable[Sequence[Words]], second: Iterable[Sequence[Words]]
) -> tuple[frozenset[str], frozenset[str]]:
    """Return the words that mark the names of each side: in every name of the one and in no name of the other."""
    left = [frozenset(word for part in parts for word in part) for parts in first]
    right = [frozenset(word for part in parts for word in part) for parts in second]
    if not left or not right:
        return frozenset(), frozenset()
    mine = _not_numbers(frozenset.intersection(*left) - frozenset.union(*right))
    theirs = _not_numbers(frozenset.intersection(*right) - frozenset.union(*left))
    if mine - KIND_WORDS and theirs - KIND_WORDS:
        return mine & KIND_WORDS, theirs & KIND_WORDS
    return mine, theirs


def _not_numbers(words: frozenset[str]) -> frozenset[str]:
    return frozenset(word for word in words if not word.isdigit())


def _without(parts: Sequence[Words], dropped: frozenset[str]) -> tuple[Words, ...]:
    """Drop words; a folder of which nothing remains is no part of the path, and splits have one name."""
    kept = [tuple(SPLITS.get(word, word) for word in part if word not in dropped) for part in parts]
    return tuple(part for part in kept if part)

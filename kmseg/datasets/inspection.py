"""What is what in a tree of files as people download it: labels, photos, a legend, splits, and all the rest.

Images of one folder and one pattern of names are a series. A few of each are looked at: what they are is measured, what
they are called is only a hint. Series of labels that belong to the same photos are rivals; where nothing tells which of
them is meant, the user is asked.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from kmseg import image_kinds, storage
from kmseg.datasets.layouts.hint import LayoutHint
from kmseg.datasets.listing import why_unread
from kmseg.datasets.matching import match_names
from kmseg.datasets.naming import NamedSeries, group_series, stem
from kmseg.datasets.patterns import matches
from kmseg.datasets.tree import Tree
from kmseg.datasets.words import (
    DEPTH_WORDS,
    DISPLAY_WORDS,
    ICON_WORDS,
    ID_WORDS,
    INSTANCE_WORDS,
    LABEL_WORDS,
    PHOTO_WORDS,
    PREDICTION_WORDS,
    TRUTH_WORDS,
    find_kind_words,
    find_role,
    split_named,
    split_words,
)
from kmseg.executors import available_cores
from kmseg.images import decode_pixels, to_8_bits

LOOKED_AT = 8
"""Images of a series that are looked at, at most."""

AGREEING = 3
"""Images of a series that must agree so that no more are looked at."""

SIZES_ASKED = 1000
"""Files of a series whose size is asked, at most, where those looked at show nothing."""

UNIFORM = "of one color"
"""Kind of a series whose images are of one color each: there is nothing to tell apart."""

BUDGET = 160
"""Images that are looked at in a whole tree, about; a tree of many folders gets fewer of each."""

MIN_MAJORITY = 0.6
"""Share of the images looked at that must be of one kind, so that the series is of it."""

RIVAL_OVERLAP = 0.3
"""Share of the photos of the smaller of two series of labels from which on the series are rivals."""

POOLS = 8
"""Parts of the photos that are tried one by one, the largest ones."""

FEW = 10
"""A set is not meant if another has so many times its images: pictures of a README, or an example, mostly. Beside a set
with photos those of the other that have photos count, unless it is of one or two images."""

EXAMPLES = 2
"""Images with photos that may be an example."""

FEW_BESIDE_MANY = "labels, few beside many"
"""What is said of such a set."""

LABELS = (image_kinds.COLOR_LABEL, image_kinds.INDEX_MASK, image_kinds.BINARY_MASK)
"""Kinds that may be labels, the preferred first."""

KIND_SCORES = {
    image_kinds.COLOR_LABEL: 4.0,
    image_kinds.INDEX_MASK: 2.5,
    image_kinds.BINARY_MASK: 2.0,
    image_kinds.INSTANCE_IDS: 0.0,
}
"""How much the kind speaks for labels: colored ones are what the palette is for; of masks of class numbers and of one
class either may be meant."""


@dataclass(frozen=True, eq=False)
class Series:
    """Images of one folder with one pattern of names, and what they are.

    Attributes
    ----------
    folder : str
        Path below the tree's root; empty for the root itself.
    named : NamedSeries
    kind : str
        One of `image_kinds.KINDS`, or `mixed`, `unreadable` or `UNIFORM`.
    certainty : float
        Mean certainty of the images of this kind, times their share.
    example : str
        The path of one of them.
    panels : image_kinds.Panels or None
        How the example falls into panels.
    """

    folder: str
    named: NamedSeries
    kind: str = ""
    certainty: float = 0.0
    example: str = ""
    panels: Any = None

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """The files below the tree's root."""
        return tuple(f"{self.folder}/{name}" if self.folder else name for name in self.named.names)

    @cached_property
    def keys(self) -> dict[str, str]:
        """The files by their paths without suffix."""
        return {
            path[: len(path) - len(path.rpartition("/")[2])] + stem(path.rpartition("/")[2]): path
            for path in self.paths
        }

    @cached_property
    def own_words(self) -> frozenset[str]:
        """The words that its names have in common."""
        return frozenset((*split_words(self.named.prefix), *split_words(self.named.ending)))

    @cached_property
    def words(self) -> frozenset[str]:
        """The words of its folders and of what its names have in common."""
        return self.own_words | frozenset(split_words(self.folder))

    @property
    def is_called_photo(self) -> bool:
        """Whether its words say that its images are photos, and not that they are labels."""
        return bool(self.words & PHOTO_WORDS - LABEL_WORDS) and not self.words & LABEL_WORDS - PHOTO_WORDS

    @property
    def is_called_label(self) -> bool:
        """Whether its words say that its images are labels, and not that they are photos."""
        return bool(self.words & LABEL_WORDS - PHOTO_WORDS) and not self.words & PHOTO_WORDS - LABEL_WORDS

    @property
    def is_label(self) -> bool:
        """Whether its images may be labels."""
        return self.kind in LABELS or self.kind == image_kinds.INSTANCE_IDS

    @property
    def holds_label(self) -> bool:
        """Whether a panel of its images is a label."""
        return self.kind == image_kinds.PANELS and self.panels is not None and self.panels.label is not None

    def __str__(self) -> str:
        pattern = self.named.pattern
        plain = pattern == f"*{self.named.suffix}"
        return f"{self.folder}/" if plain and self.folder else f"{self.folder}/{pattern}".lstrip("/")


def find_series(tree: Tree) -> list[Series]:
    """Divide the images of a tree into series, and look at some of each."""
    found = []
    for folder, names in sorted(tree.folders.items()):
        start = f"{folder}/" if folder else ""
        images = [name for name in names if not why_unread(start + name, tree.files)]
        found += [Series(folder, named) for named in group_series(images)] if images else []
    share = max(1, min(LOOKED_AT, BUDGET // max(len(found), 1)))
    with ThreadPoolExecutor(available_cores()) as pool:
        looked = list(pool.map(partial(look_at, tree, most=share), found))
    return [replace(one, kind=image_kinds.FIGURE, panels=None) if _is_icon(one) else one for one in looked]


def look_at(tree: Tree, series: Series, most: int) -> Series:
    """Tell what the images of a series are by looking at a few, spread over it."""
    paths = series.paths
    places = np.unique(np.linspace(0, len(paths) - 1, most).round().astype(int)) if len(paths) > 1 else [0]
    order = places if len(places) < AGREEING else [places[0], places[-1], *places[1:-1]]
    seen: list[Glance] = []
    for place in order:
        seen += _glance(tree, paths[place])
        if len(seen) == AGREEING and len({_group(one.kind.kind) for one in seen}) == 1:
            break
    if seen and all(one.is_uniform for one in seen):
        known = {one.path for one in seen}
        seen += [one for path in _largest_files(tree, paths) if path not in known for one in _glance(tree, path)]
    return _classify_series(series, seen)


class Glance(NamedTuple):
    """One image of a series that was looked at: its path, what it is, and whether all its pixels are alike."""

    path: str
    kind: image_kinds.ImageKind
    is_uniform: bool


def _glance(tree: Tree, path: str) -> list[Glance]:
    """Look at an image; nothing of one that cannot be read."""
    pixels = read_sample(Path(tree.files[path]))
    if pixels is None or not pixels.size:
        return []
    return [Glance(path, image_kinds.classify(pixels), bool((pixels == pixels[:1, :1]).all()))]


def _largest_files(tree: Tree, paths: Sequence[str]) -> list[str]:
    """Return the largest of some files: of masks of rare objects, mostly empty, they are those that show an object."""
    step = -(-len(paths) // SIZES_ASKED)
    sizes = {}
    for path in paths[::step]:
        with suppress(OSError):
            sizes[path] = storage.size(Path(tree.files[path]))
    return heapq.nlargest(AGREEING, sizes, key=lambda path: sizes[path])


def _classify_series(series: Series, seen: Sequence[Glance]) -> Series:
    """Say what a series is by the images looked at; those of one color tell nothing beside others."""
    if not seen:
        return replace(series, kind="unreadable")
    if all(one.is_uniform for one in seen):
        return replace(series, kind=UNIFORM, certainty=1.0, example=seen[0].path)
    seen = [one for one in seen if not one.is_uniform]
    groups = Counter(_group(one.kind.kind) for one in seen)
    group, times = groups.most_common(1)[0]
    mine = [one for one in seen if _group(one.kind.kind) == group]
    kinds = Counter(one.kind.kind for one in mine)
    # In one set, a label of few classes may be black and white, and a mask of class numbers may lack the others.
    best = next((kind for kind in LABELS if kinds[kind]), None) if group == "label" else None
    best = best or kinds.most_common(1)[0][0]
    certainty = sum(one.kind.certainty for one in mine) / len(seen)
    example = max((one for one in mine if one.kind.kind == best), key=lambda one: one.kind.certainty)
    if times < MIN_MAJORITY * len(seen):
        best = "mixed"
    return replace(series, kind=best, certainty=round(certainty, 2), example=example.path, panels=example.kind.panels)


def _group(kind: str) -> str:
    """Return what matters most of a kind: labels are told from pictures, and from several in one file."""
    if kind in LABELS:
        return "label"
    return kind if kind in (image_kinds.PANELS, image_kinds.INSTANCE_IDS) else "picture"


def read_sample(path: Path) -> NDArray[Any] | None:
    """Read an image as it is stored, `(H, W)` or `(H, W, 3)`, RGB; None where it cannot be read."""
    try:
        image = decode_pixels(storage.read_bytes(path), cv2.IMREAD_UNCHANGED)
    except OSError:
        return None
    if image is None:
        return None
    small = to_8_bits(image)
    if small is not None:
        image = small
    elif image.dtype != np.uint16:
        return None
    return image[..., 2::-1] if image.ndim == 3 else image


@dataclass(frozen=True, eq=False)
class LabelSet:
    """Series of labels that together are the labels of a data set.

    Attributes
    ----------
    series : sequence of Series
    pairs : mapping of str to str
        The photo of each label that has one, by paths.
    score : float
        The higher, the more likely these are the labels that are meant.
    doubt : str
        Why they are probably not; empty where nothing says so.
    """

    series: tuple[Series, ...]
    pairs: Mapping[str, str] = field(default_factory=dict)
    score: float = 0.0
    doubt: str = ""

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """The labels' paths."""
        return tuple(sorted(path for series in self.series for path in series.paths))

    @property
    def kind(self) -> str:
        """What the labels are; the most frequent kind."""
        counts: Counter[str] = Counter()
        for series in self.series:
            counts[series.kind] += len(series.paths)
        return counts.most_common(1)[0][0]

    @property
    def folders(self) -> list[str]:
        """The folders that hold the labels."""
        return sorted({series.folder or "." for series in self.series})

    def __str__(self) -> str:
        more = len(self.series) - 1
        return f"{self.series[0]} and {more} more" if more else str(self.series[0])


def common_folder(folders: Iterable[str]) -> str:
    """Return the deepest folder that holds all of some folders; empty for the root.

    Examples
    --------
    >>> common_folder(["a/b", "a/c"]), common_folder(["a", "b"])
    ('a', '')
    """
    parts = [folder.split("/") if folder else [] for folder in folders]
    shared = []
    for level in zip(*parts, strict=False):
        if len(set(level)) > 1:
            break
        shared.append(level[0])
    return "/".join(shared)


def label_sets(series: Sequence[Series], hint: LayoutHint | None, patterns: Sequence[str] = ()) -> list[LabelSet]:
    """Return the sets of labels of a tree, the likeliest first; with patterns, the one set of those that match."""
    series = [replace(one, kind=image_kinds.PHOTO) if _is_named_photo(one, series) else one for one in series]
    if patterns:
        given = tuple(one for one in series if _all_match(one.paths, patterns))
        photos = _photo_pools([one for one in series if one not in given], given)
        return [replace(_scored(given, photos, None), doubt="")] if given else []
    labels = [one for one in series if one.is_label]
    photos = _photo_pools(series, labels)
    partners = {id(one): _partners(one.keys, photos) for one in labels}
    groups: list[list[Series]] = []
    for one in labels:
        home = next((group for group in groups if _belongs(one, group, partners)), None)
        if home is None:
            groups.append([one])
        else:
            home.append(one)
    sets = [_scored(tuple(group), photos, hint) for group in groups]
    sure = [found for found in sets if not found.doubt]
    most = max((len(found.paths) for found in sure), default=0)
    most_paired = max((len(found.pairs) for found in sure), default=0)
    few = [
        found
        for found in sure
        if len(found.paths) * FEW <= (most_paired if found.pairs and len(found.paths) > EXAMPLES else most)
    ]
    sets = [replace(found, doubt=FEW_BESIDE_MANY) if found in few else found for found in sets]
    return sorted(sets, key=lambda found: (-found.score, found.folders))


def _is_icon(one: Series) -> bool:
    """Tell whether pictures are icons or logos by their name or their folder's."""
    near = one.own_words.union(split_words(one.folder.rpartition("/")[2]))
    return one.kind != "unreadable" and bool(near & ICON_WORDS) and not near & LABEL_WORDS


def _is_named_photo(one: Series, series: Sequence[Series]) -> bool:
    """Tell whether flat pictures are photos by their name: `images` beside masks of the same names called `masks`."""
    if not one.is_label or not one.is_called_photo:
        return False
    others = [other for other in series if other.is_label and other.words & LABEL_WORDS - PHOTO_WORDS]
    return any(len(match_names(list(one.keys), list(other.keys)).pairs) > 0.5 * len(one.paths) for other in others)


Photos = Sequence[Mapping[str, str]]
"""Images that may be photos, their paths by their keys: all of them, those of folders alike but for the split, and each
series."""


def _photo_pools(series: Sequence[Series], labels: Sequence[Series]) -> Photos:
    """Return the images that may be photos: photos, or, where these are no label's, other pictures."""
    known = [one for one in series if one.kind == image_kinds.PHOTO]
    likely = [one for one in known if not one.own_words & (DISPLAY_WORDS | PREDICTION_WORDS)]
    for found in (likely, known) if len(likely) < len(known) else (known,):
        photos = _pools(found)
        if any(_partners(one.keys, photos) for one in labels):  # one by one: a label and a prediction have one photo
            return photos
    others = [one for one in series if not one.is_label and not one.holds_label]
    return _pools([one for one in others if not one.words & (DISPLAY_WORDS | PREDICTION_WORDS)])


def _pools(series: Sequence[Series]) -> Photos:
    roles: dict[tuple[str, ...], list[Series]] = defaultdict(list)
    for one in series:
        roles[tuple(_roles(one.folder))].append(one)
    pools = [{key: path for one in some for key, path in one.keys.items()} for some in roles.values()]
    everything = {key: path for pool in pools for key, path in pool.items()}
    pools += [one.keys for some in roles.values() if len(some) > 1 for one in some]
    return [everything, *(pool for pool in pools if len(pool) < len(everything))]


def _partners(keys: Mapping[str, str], photos: Photos) -> dict[str, str]:
    """Return the photo of each label, by paths: among all photos, or, where a part of them has more, in that.

    A word that all photos of the data set have, such as leftImg8bit, other photos of the tree lack, and of two photos
    with the label's name, one beside some results, neither would be taken. Of parts that have as many, the one with
    the fewest other photos is taken.
    """
    everything, *parts = photos
    found = match_names(list(keys), list(everything)).pairs
    if len(found) < len(keys):
        larger = [part for part in sorted(parts, key=len, reverse=True)[:POOLS] if len(part) > len(found)]
        paired = [(match_names(list(keys), list(part)).pairs, len(part)) for part in larger]
        found, _ = max(((found, 0), *paired), key=lambda entry: (len(entry[0]), -entry[1]))
    return {keys[label]: everything[photo] for label, photo in found.items()}


def _belongs(one: Series, group: Sequence[Series], partners: Mapping[int, Mapping[str, str]]) -> bool:
    """Tell whether a series is of one set with a group: named alike, and not of the same photos."""
    first = group[0]
    alike = (one.named.prefix, one.named.ending) == (first.named.prefix, first.named.ending) or (
        not (one.words | first.words) & (LABEL_WORDS | ID_WORDS | INSTANCE_WORDS | PREDICTION_WORDS | DISPLAY_WORDS)
        and one.folder == first.folder
    )
    if not alike or not _compatible(one, first):
        return False
    nested = _is_more_below(one, first) and bool(partners[id(one)]) == bool(partners[id(first)])
    if not nested and not _same_role(one.folder, first.folder):
        return False
    return not any(_are_rivals(one, other, partners) for other in group)


def _compatible(one: Series, other: Series) -> bool:
    """Tell whether two series may be labels of one set: of one kind, or gray ones of few classes among others."""
    return one.kind == other.kind or {one.kind, other.kind} <= set(LABELS)


def _same_role(one: str, other: str) -> bool:
    """Tell whether two folders are alike but for the split, or for a scene whose folder holds them or that they are."""
    mine, theirs = _roles(one), _roles(other)
    if mine == theirs:
        return True
    if len(mine) != len(theirs):
        return False
    differing = [pair for pair in zip(mine, theirs, strict=True) if pair[0] != pair[1]]
    return all(find_kind_words(left) == find_kind_words(right) for left, right in differing) and len(differing) == 1


def _is_more_below(one: Series, other: Series) -> bool:
    """Tell whether a folder holds a few more images in a folder below it whose path does not say what they are."""
    upper, lower = sorted((one, other), key=lambda series: len(series.folder))
    path = lower.folder.removeprefix(upper.folder)
    if upper.folder and not path.startswith("/"):
        return False
    return len(lower.paths) <= len(upper.paths) and not any(find_kind_words(part) for part in path.split("/"))


def _roles(folder: str) -> list[str]:
    """Return the parts of a folder's path without what names a split."""
    return [role for part in folder.split("/") if part and (role := find_role(part))]


def _are_rivals(one: Series, other: Series, partners: Mapping[int, Mapping[str, str]]) -> bool:
    """Tell whether two series are labels of the same photos, or, without photos, have the same names side by side."""
    mine, theirs = set(partners[id(one)].values()), set(partners[id(other)].values())
    if mine and theirs:
        return len(mine & theirs) >= RIVAL_OVERLAP * min(len(mine), len(theirs))
    if mine or theirs or (one.named.whole and other.named.whole):  # a folder for each scene has the same names
        return False
    if _find_split(one.folder) != _find_split(other.folder):
        return False
    names, others = ({stem(name) for name in found.named.names} for found in (one, other))
    return len(names & others) >= RIVAL_OVERLAP * min(len(names), len(others))


def _find_split(folder: str) -> frozenset[str]:
    return frozenset(split for part in folder.split("/") if (split := split_named(part)) is not None)


def _scored(group: tuple[Series, ...], photos: Photos, hint: LayoutHint | None) -> LabelSet:
    keys = {key: path for one in group for key, path in one.keys.items()}
    pairs = _partners(keys, photos)
    found = LabelSet(group, pairs)
    words = frozenset(word for one in group for word in one.words)
    if any(one.own_words & TRUTH_WORDS and not one.own_words & PREDICTION_WORDS for one in group):
        words -= PREDICTION_WORDS
    score = KIND_SCORES.get(found.kind, 0.0)
    score += 2 * len(pairs) / max(len(keys), 1)
    score += bool(words & LABEL_WORDS)
    score += 0.1 * np.log10(len(keys)) + 0.5 * sum(one.certainty for one in group) / len(group)
    doubt = _doubt(words, found.kind)
    if hint is not None:
        other = next((what for pattern, what in hint.others.items() if _all_match(found.paths, (pattern,))), "")
        if other:
            doubt = other
        elif hint.labels and _all_match(found.paths, hint.labels):
            score, doubt = score + 4 * hint.certainty, ""
    return replace(found, score=round(score, 3), doubt=doubt)


def _doubt(words: frozenset[str], kind: str) -> str:
    """Return why images that look like labels are probably not those that are meant."""
    if words & PREDICTION_WORDS:
        return "predictions"
    if words & DISPLAY_WORDS - {"sample", "samples"}:
        return "pictures to look at"
    if words & DEPTH_WORDS:
        return "another measurement"
    if words & INSTANCE_WORDS - ID_WORDS or kind == image_kinds.INSTANCE_IDS:
        return "object numbers"
    return ""


def _all_match(paths: Sequence[str], patterns: Sequence[str]) -> bool:
    return sum(matches(path, patterns) for path in paths) >= 0.9 * len(paths)


def group_by_folder(paths: Iterable[str]) -> dict[str, list[str]]:
    """Group paths by their folder."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in paths:
        found[path.rpartition("/")[0]].append(path)
    return found

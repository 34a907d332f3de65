"""The legend file of a data set: of the files beside the labels and above them, the one whose colors occur in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from kmseg import storage
from kmseg.datasets.tree import Tree
from kmseg.errors import UserError
from kmseg.legends.default_maps import common_colors
from kmseg.legends.formats import CODE_SUFFIX, Legend, read_code_legends, read_legend
from kmseg.legends.recognition import is_copy
from kmseg.palette import Palette
from kmseg.pixels.local_range import FLAT_RANGE, local_range

SUFFIXES = frozenset(
    {
        ".csv",
        ".tsv",
        ".txt",
        ".json",
        ".yaml",
        ".yml",
        ".py",
        ".clr",
        ".gpl",
        ".ctbl",
        ".lut",
        ".xml",
        ".label",
        ".labels",
        ".md",
        "",
    }
)
"""Suffixes of files that may be legends."""

MAX_BYTES = 1 << 20
"""Size of a file that may be a legend."""

MAX_ALIKE = 20
"""Files of one folder and suffix from which on they belong to images each, as YOLO's text labels do."""

MAX_FILES = 300
"""Files that are tried at most, those nearest to the labels first."""

EXACT_DISTANCE, LOSSY_DISTANCE = 1.0, 16.0
"""RGB distance within which a pixel has a color of a legend: in exact labels, and in compressed ones, whose class
colors JPEG shifts by up to about ten levels."""

EXACT_COLORS = 512
"""Colors up to which a label that is no JPEG file is exact: more than any legend, fewer than a compressed image."""

MIN_FLAT = 0.25
"""Share of flat pixels from which on they stand for a label that is not exact."""

MIN_EXPLAINED = 0.9
"""Share of the pixels that must have a color of a legend, so that it is the labels'; the rest are borders."""

MIN_SPECIFIC = 2
"""Colors of a legend in code, beside the common ones, that must occur so that the legend is the labels'."""

ALL_EXPLAINED = 0.995
"""Share of the pixels that a legend in code explains if it is in common colors only."""

EQUAL_FIT = 0.005
"""Difference of the explained shares below which two legends fit equally."""


@dataclass(frozen=True, eq=False)
class LegendFit:
    """How a legend file fits the labels.

    Attributes
    ----------
    path : str
        Below the tree's root.
    palette : Palette
    explained : float
        Share of the labels' pixels in a color of the legend.
    occurring : tuple of int
        The classes whose color occurs.
    swapped : float
        Share of the pixels in its colors with red and blue exchanged.
    missing : tuple of (r, g, b)
        The most frequent colors of the labels that it lacks.
    in_code : bool
        Whether it is part of a program; `path` then ends in its line.
    refused : str
        Why it is not used though the labels are in its colors; empty where nothing speaks against it.
    """

    path: str
    palette: Palette
    explained: float
    occurring: tuple[int, ...]
    swapped: float
    missing: tuple[tuple[int, int, int], ...]
    in_code: bool = False
    refused: str = ""

    @property
    def fits(self) -> bool:
        """Whether the labels are in its colors, and nothing speaks against it."""
        return self.explained >= MIN_EXPLAINED and not self.refused

    @property
    def file(self) -> str:
        """The file that holds it."""
        return self.path.rpartition(":")[0] if self.in_code else self.path

    def describe(self) -> str:
        """Say how it fits, in a few words."""
        k = len(self.palette)
        classes = f"{k} class{'es' * (k > 1)}"
        if self.refused and self.explained >= MIN_EXPLAINED:
            return f"{classes}, {self.refused}: not used"
        if self.fits:
            found = (
                "all colors occur"
                if len(self.occurring) == k
                else f"{len(self.occurring)} colors occur in the images looked at"
            )
            return f"{classes}, {found}"
        if self.swapped >= MIN_EXPLAINED:
            return f"{classes}; fits with red and blue exchanged: not used"
        lacks = ", ".join(" ".join(map(str, color)) for color in self.missing[:2])
        lacking = f"; lacks {lacks}" if lacks else ""
        return f"{classes}, {self.explained:.0%} of the pixels in its colors{lacking}: not used"


def candidate_files(tree: Tree, label_folders: Sequence[str]) -> list[str]:
    """Return the files that may be legends, those nearest to the labels first."""
    found: list[tuple[int, int, str]] = []
    for folder, names in tree.folders.items():
        small = [name for name in names if PurePosixPath(name).suffix.lower() in SUFFIXES]
        counts: dict[str, int] = {}
        for name in small:
            counts[PurePosixPath(name).suffix.lower()] = counts.get(PurePosixPath(name).suffix.lower(), 0) + 1
        for name in small:
            suffix = PurePosixPath(name).suffix.lower()
            if suffix == CODE_SUFFIX or counts[suffix] <= MAX_ALIKE:
                path = f"{folder}/{name}" if folder else name
                found.append((_distance(folder, label_folders), folder.count("/"), path))
    return [path for _, _, path in sorted(found)[:MAX_FILES]]


def _distance(folder: str, label_folders: Sequence[str]) -> int:
    """Return the number of steps from a folder to the nearest folder of labels."""
    parts = folder.split("/") if folder else []
    best = 99
    for other in label_folders:
        theirs = other.split("/") if other not in ("", ".") else []
        shared = 0
        while shared < min(len(parts), len(theirs)) and parts[shared] == theirs[shared]:
            shared += 1
        best = min(best, len(theirs) - shared + 2 * (len(parts) - shared))  # below another branch is farther
    return best


def find_legends(
    tree: Tree, label_folders: Sequence[str], labels: Sequence[NDArray[np.uint8]], jpeg: bool = False
) -> list[LegendFit]:
    """Try every file that may be a legend; return those that are, the one that fits best first.

    Parameters
    ----------
    tree : Tree
    label_folders : sequence of str
        The folders of the labels, below the tree's root.
    labels : sequence of ndarray of shape (H, W, 3), uint8
        A few of the labels.
    jpeg : bool
        Whether they are of JPEG files, which are never exact.
    """
    exact = 0 if jpeg else EXACT_COLORS
    colors, weights = _collect_colors(labels, exact)
    if not len(colors):
        return []
    found = []
    distance = EXACT_DISTANCE if len(colors) <= exact else LOSSY_DISTANCE
    for place, path in enumerate(candidate_files(tree, label_folders)):
        for line, legend in _read(Path(tree.files[path])):
            fit = _fit(f"{path}:{line}" if line else path, legend.palette, colors, weights, distance)
            if line:
                fit = replace(fit, in_code=True, refused=_refuse(fit, legend))
            if not line or fit.explained >= MIN_EXPLAINED:  # code has many colors that are no legend of the labels
                found.append((place, fit))
    # Of legends that explain as much, the one most of whose colors occur, then the nearest.
    ordered = sorted(
        found,
        key=lambda entry: (
            entry[1].in_code,
            -round(entry[1].explained / EQUAL_FIT),
            -len(entry[1].occurring) / len(entry[1].palette),
            entry[0],
        ),
    )
    return _without_contradictions([fit for _, fit in ordered])


def _without_contradictions(fits: Sequence[LegendFit]) -> list[LegendFit]:
    """Refuse the legends of code that name the classes otherwise than another one of code, or than the legend file."""
    best = next((fit for fit in fits if fit.fits), None)
    if best is None:
        return list(fits)
    others = [fit for fit in fits if fit is not best and fit.in_code and fit.fits and _disagree(fit, best)]
    said = f"fits, but names the classes otherwise than {best.path}"
    refused = [replace(fit, refused=said) if fit in others else fit for fit in fits]
    if others and best.in_code:
        said = f"fits, but {others[0].path} names the classes otherwise"
        return [replace(fit, refused=said) if fit.in_code and not fit.refused else fit for fit in refused]
    return refused


def _disagree(one: LegendFit, other: LegendFit) -> bool:
    mine, theirs = _names(one), _names(other)
    return any(mine[color] != theirs[color] for color in mine.keys() & theirs.keys())


def _refuse(fit: LegendFit, legend: Legend) -> str:
    """Return why a legend of code that explains the labels is not theirs without doubt; empty where it is.

    Programs hold color maps that many programs hold, whatever they are used on.
    """
    colors = [tuple(fit.palette.colors[k].tolist()) for k in fit.occurring]
    common = {tuple(color) for color in common_colors().tolist()}
    specific = sum(color not in common for color in colors)
    if fit.swapped >= MIN_EXPLAINED and legend.with_opencv and not _same_exchanged(fit):
        return "fits with red and blue exchanged, too, and OpenCV, which the code uses, exchanges them"
    if specific >= MIN_SPECIFIC:
        return ""
    if is_copy(fit.palette):
        return "fits, but is the published one, in colors that tools hand out whatever the classes are"
    if len(colors) < len(fit.palette) or fit.explained < ALL_EXPLAINED:
        return "fits, but in colors that many programs use, and not all of them occur in the images looked at"
    return ""


def _same_exchanged(fit: LegendFit) -> bool:
    """Tell whether red and blue exchanged give each occurring color the same name."""
    names = _names(fit)
    return all(names.get(color[::-1], name) == name for color, name in names.items())


def find_rivals(best: LegendFit, fits: Sequence[LegendFit]) -> list[LegendFit]:
    """Return the legends that fit as well and name an occurring color otherwise."""
    others = [
        fit
        for fit in fits
        if fit is not best and fit.fits and not fit.in_code and best.explained - fit.explained <= EQUAL_FIT
    ]
    return [fit for fit in others if _names(fit) != _names(best) and not _names(fit).items() >= _names(best).items()]


def _names(fit: LegendFit) -> dict[tuple[int, ...], str]:
    return {tuple(fit.palette.colors[k].tolist()): fit.palette.names[k].casefold() for k in fit.occurring}


def _read(path: Path) -> list[tuple[int, Legend]]:
    """Return the legends of a file, each with its line where the file is a program, and 0 elsewhere."""
    try:
        if not 0 < storage.size(path) <= MAX_BYTES:
            return []
        within = read_code_legends(path) if path.suffix.lower() == CODE_SUFFIX else []
        return within or [(0, read_legend(path))]
    except (UserError, OSError):
        return []


def _collect_colors(labels: Sequence[NDArray[np.uint8]], exact: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the colors of the labels `(n, 3)` and the mean share of each; each label counts alike.

    Of a label of more than `exact` colors the flat pixels count, if there are many: along borders classes are mixed.
    """
    shares: dict[int, float] = {}
    for label in labels:
        packed = label.astype(np.uint32) @ np.array([65536, 256, 1], np.uint32)
        values, counts = np.unique(packed, return_counts=True)
        if len(values) > exact:
            flat = local_range(label) <= FLAT_RANGE
            if flat.mean() >= MIN_FLAT:
                packed = packed[flat]
                values, counts = np.unique(packed, return_counts=True)
        for value, count in zip(values.tolist(), counts.tolist(), strict=True):
            shares[value] = shares.get(value, 0.0) + count / packed.size / len(labels)
    keys = np.array(list(shares), np.int64)
    colors = np.stack([keys >> 16, (keys >> 8) & 255, keys & 255], axis=1) if len(keys) else np.zeros((0, 3), np.int64)
    return colors, np.array(list(shares.values()))


def _fit(
    path: str, palette: Palette, colors: NDArray[np.int64], weights: NDArray[np.float64], distance: float
) -> LegendFit:
    sources, owner = palette.sources
    best, nearest = _nearest(colors, sources)
    near = best <= distance
    swapped, _ = _nearest(colors, sources[:, ::-1])
    mine = [int(k) for k in np.unique(owner[nearest[near & (weights >= weights.max() * 1e-6)]]) if k < len(palette)]
    lacking = np.flatnonzero(~near)
    lacking = lacking[np.argsort(-weights[lacking], kind="stable")][:4]
    missing = tuple((int(r), int(g), int(b)) for r, g, b in colors[lacking])
    return LegendFit(
        path, palette, float(weights[near].sum()), tuple(mine), float(weights[swapped <= distance].sum()), missing
    )


def _nearest(colors: NDArray[np.int64], sources: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    best = np.full(len(colors), np.inf)
    at = np.zeros(len(colors), np.intp)
    for k, source in enumerate(sources.astype(np.int64)):
        apart = np.sqrt(((colors - source) ** 2).sum(axis=1))
        closer = apart < best
        best[closer], at[closer] = apart[closer], k
    return best, at

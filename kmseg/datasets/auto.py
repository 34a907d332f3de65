"""Whatever a folder holds: the tree is looked at, and becomes `folder`, `pairs` or `panels` with the right settings.

What was decided is told in a few lines and as the explicit settings, which give the same run. What nobody can know is
asked, with a line to paste for each answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmseg import image_kinds
from kmseg.datasets import Dataset, Item, OfFiles, existing_folder
from kmseg.datasets.folder import Folder, describe_splits
from kmseg.datasets.inspection import (
    LabelSet,
    Series,
    common_folder,
    find_series,
    group_by_folder,
    label_sets,
    read_sample,
)
from kmseg.datasets.layouts import detect_layout
from kmseg.datasets.layouts.hint import LayoutHint
from kmseg.datasets.legend_search import LegendFit, find_legends, find_rivals
from kmseg.datasets.listing import why_unread
from kmseg.datasets.matching import match_names
from kmseg.datasets.overrides import quote_override
from kmseg.datasets.pairs import Pairs
from kmseg.datasets.patterns import escape, selected, split_root
from kmseg.datasets.sample import Sample
from kmseg.datasets.splits import NAMES, read_split_lists, split_lists, splits_of_folders
from kmseg.datasets.tree import Tree, walk_tree
from kmseg.datasets.truth import Truth
from kmseg.errors import Undecided, UserError
from kmseg.images import LabelImage
from kmseg.validation import check_text

MIN_LEAD = 0.8
"""Difference of scores from which on one of two rival sets of labels is meant: less than that between two kinds."""

SHOWN = 4
"""Names that a line lists at most."""


@dataclass(frozen=True)
class Auto(OfFiles):
    """Whatever the folder holds; without a folder the sample scenes.

    Parameters
    ----------
    root : str or None
        Folder as it was downloaded; None takes the sample scenes.
    labels : list of str, str or None
        Patterns of the label images, where they are to be these; see `Folder`.
    photos : str, list of str or None
        Folder of the photos, where it is to be this one.
    splits : str or None
        Where the splits come from, if it is to be told; see `Folder`.
    """

    root: str | None = None
    labels: Any = None
    photos: Any = None
    splits: str | None = None

    def __post_init__(self) -> None:
        check_text("dataset.root", self.root, optional=True)
        given = [name for name in ("labels", "photos", "splits") if getattr(self, name)]
        if self.root is None and given:
            raise UserError(f"dataset.{given[0]} is given without dataset.root; add the folder of the label images")

    @property
    def dataset(self) -> Dataset:
        """The dataset that the folder becomes."""
        if self.root is None:
            return Sample()
        found = self.decision
        if found.dataset == "pairs":
            return Pairs(**found.settings)
        if found.dataset == "panels":
            raise UserError(f"{self.root} holds files of several panels; use dataset=panels dataset.root={self.root}")
        return Folder(**found.settings)

    @property
    def decision(self) -> Decision:
        """What the folder is taken for."""
        if self.root is None:
            raise UserError("dataset.root is not given; add the folder to look at, as in dataset.root=FOLDER")
        return decide(self.root, labels=self.labels, photos=self.photos, splits=self.splits)

    def items(self) -> list[Item]:
        """List the items of what the folder becomes."""
        return self.dataset.items()

    def read_label(self, item: Item) -> LabelImage:
        """Read a label image."""
        return self.dataset.read_label(item)

    def read_photo(self, item: Item) -> NDArray[np.uint8] | None:
        """Read the photo, `(H, W, 3)` uint8 RGB, where there is one."""
        return self.dataset.read_photo(item)

    def truth(self) -> Truth | None:
        """Return the truth that comes with the dataset, where it has one."""
        return self.dataset.truth()


@dataclass(frozen=True, eq=False)
class Decision:
    """What a tree of files is taken for.

    Attributes
    ----------
    root : str
        The tree, as the user gave it.
    dataset : str
        The option of the group `dataset`.
    settings : mapping of str to str or list of str
        Its settings, by their names without `dataset.`.
    labels : LabelSet
    photos : mapping of str to str
        The photo of each label that has one, by paths below the tree's root.
    legend : LegendFit or None
        The legend file whose colors occur.
    other_legends : sequence of LegendFit
        Legend files that are not used.
    splits : mapping of str to str
        The split of each label by its path; empty where none is named.
    unused : mapping of str to str
        Every file that is not used, with what it is.
    series : sequence of Series
        All images of the tree.
    layout : str
        The known layout; empty for none.
    files : int
        Files in the tree.
    """

    root: str
    dataset: str
    settings: Mapping[str, Any]
    labels: LabelSet
    photos: Mapping[str, str]
    legend: LegendFit | None
    other_legends: Sequence[LegendFit]
    splits: Mapping[str, str]
    unused: Mapping[str, str]
    series: Sequence[Series]
    layout: str = ""
    files: int = 0
    hints: Mapping[str, str] = field(default_factory=dict)

    def without_legend(self) -> Decision:
        """Return the decision without the legend file, which is then among those not used."""
        if self.legend is None:
            return self
        unused = {**self.unused, self.legend.path: "a legend that fits"}
        return replace(self, legend=None, other_legends=(self.legend, *self.other_legends), unused=unused)

    @property
    def overrides(self) -> list[tuple[str, Any]]:
        """The explicit settings, as keys and values of the command line."""
        found: list[tuple[str, Any]] = [("dataset", self.dataset)]
        found += [(f"dataset.{name}", value) for name, value in self.settings.items()]
        if self.legend is not None:
            found.append(("palette.file", str(Path(self.root) / self.legend.path)))
        return found

    @property
    def command(self) -> str:
        """The explicit settings as words to paste behind `kmseg`."""
        return " ".join(quote_override(key, value) for key, value in self.overrides)

    def lines(self) -> list[tuple[str, str]]:
        """Say what was decided: a word and a sentence for each thing."""
        found = [("labels", f"{_places(self.labels.folders)} ({self._describe(self.labels)})")]
        if self.dataset != "folder":
            side = {"pairs": "photo and label side by side", "panels": "panels"}[self.dataset]
            found.append(("photos", f"in the same files: {side}, label {self.settings.get('label', '')}".rstrip(", ")))
        elif self.photos:
            folders = sorted({path.rpartition("/")[0] or "." for path in self.photos.values()})
            without = len(self.labels.paths) - len(self.photos)
            found.append(("photos", f"{_places(folders)} ({len(self.photos)} paired, {without} without)"))
        else:
            found.append(("photos", "none"))
        legend = (
            f"{self.legend.path} ({self.legend.describe()})"
            if self.legend
            else "none; the classes are found in the labels"
        )
        found.append(("legend", legend))
        found += [("", f"{fit.path} ({fit.describe()})") for fit in self.other_legends[:SHOWN]]
        if self.splits:
            found.append(("splits", describe_splits(self.splits)))
        if self.unused:
            found.append(("not used", describe_unused(self.unused)))
        found += [("", f"{what}: {line} to use them") for what, line in self.hints.items()]
        found.append(("same as", self.command))
        return found

    def _describe(self, labels: LabelSet) -> str:
        suffixes = Counter(Path(path).suffix.lower().lstrip(".").upper() for path in labels.paths)
        kinds = " and ".join(suffix or "no suffix" for suffix, _ in suffixes.most_common(2))
        return f"{len(labels.paths)} {kinds}, {plural(labels.kind)}{self._size()}"

    def _size(self) -> str:
        pixels = read_sample(Path(self.root) / self.labels.series[0].example)
        return "" if pixels is None else f", {pixels.shape[1]}x{pixels.shape[0]}"

    def record(self) -> dict[str, Any]:
        """Return the decision as `dataset.json` has it."""
        photos = sorted(self.photos.values())
        return {
            "root": self.root,
            "layout": self.layout or None,
            "dataset": self.dataset,
            "labels": {
                "folders": self.labels.folders,
                "pattern": _pattern(self.labels.series),
                "count": len(self.labels.paths),
                "kind": self.labels.kind,
            },
            "photos": {
                "folders": sorted({path.rpartition("/")[0] or "." for path in photos}),
                "paired": len(photos),
                "without": len(self.labels.paths) - len(photos),
            }
            if photos
            else None,
            "legend": self.legend.path if self.legend else None,
            "legends_not_used": {fit.path: fit.describe() for fit in self.other_legends},
            "splits": {name: count for name in NAMES if (count := Counter(self.splits.values())[name])},
            "settings": dict(self.settings),
            "not_used": {"count": len(self.unused), "groups": unused_record(self.unused)},
            "files": self.files,
            "command": f"kmseg {self.command}",
        }


def decide(root: str, labels: Any = None, photos: Any = None, splits: str | None = None) -> Decision:
    """Look at the files below a folder and decide what is what; what is given is taken as it is.

    Parameters
    ----------
    root : str
        The folder.
    labels, photos, splits
        Settings of `Folder` that the user gave; None decides.

    Raises
    ------
    Undecided
        Where nobody can know, with a line to paste for each answer.
    """
    if not labels:
        root, labels = split_root(root)
    tree = walk_tree(existing_folder("dataset.root", root))
    patterns = [labels] if isinstance(labels, str) else list(labels or ())
    series, hint = find_series(tree), detect_layout(tree)
    panels = _panel_series(series)
    sets = label_sets(series, hint, patterns)
    if patterns and not sets:
        raise UserError(
            f"no image below {root} matches {', '.join(patterns)}; expected patterns as in dataset.labels=*_L.png"
        )
    chosen = _choose(root, sets, series, panels, photos)
    if chosen is None:
        return _decide_panels(root, tree, series, panels, hint)
    settings = _settings(root, tree, chosen, dict(chosen.pairs), photos)
    pairs = dict(chosen.pairs) if photos is None else _given_pairs(root, settings)
    found, lists = _find_splits(root, tree, chosen, hint) if splits is None else ({}, splits)
    if lists:
        settings["splits"] = lists
    fits = find_legends(tree, chosen.folders, _read_labels(tree, chosen))
    legend = _choose_legend(root, fits)
    used = {*chosen.paths, *pairs.values(), *([legend.path] if legend else [])}
    unused, hints = _explain_unused(root, tree, series, sets, chosen, used)
    others = [fit for fit in fits if fit is not legend and not _same_legend(fit, legend)]
    return Decision(
        root, "folder", settings, chosen, pairs, legend, others, found, unused, series,
        hint.layout if hint else "", len(tree.files), hints,
    )  # fmt: skip


def _given_pairs(root: str, settings: Mapping[str, Any]) -> dict[str, str]:
    """Return the photos that the user's own folder of photos has, by the labels' paths below the tree."""
    items = Folder(**settings).items()
    start = Path(root).resolve()
    return {
        item.label.resolve().relative_to(start).as_posix(): str(item.photo)
        for item in items
        if item.photo and item.label.resolve().is_relative_to(start)
    }


def _choose(
    root: str, sets: Sequence[LabelSet], series: Sequence[Series], panels: Sequence[Series], photos: Any
) -> LabelSet | None:
    """Return the labels that are meant; None where photo and label share files. Ask where nobody can know."""
    plain = [found for found in sets if not found.doubt]
    candidates = plain or [found for found in sets if found.kind != image_kinds.INSTANCE_IDS]
    if panels and photos is None and not any(found.pairs for found in candidates):
        count = sum(len(one.paths) for one in panels)
        if count >= max((len(found.paths) for found in candidates), default=0):
            return None
    if not candidates:
        raise Undecided(_no_labels(root, sets, series))
    best = candidates[0]
    paired = set(best.pairs.values())
    rivals = [
        other
        for other in candidates[1:]
        if best.score - other.score < MIN_LEAD
        and (
            _overlap(paired, set(other.pairs.values()))
            or (not paired and not other.pairs and _near_in_size(best, other))
        )
    ]
    if rivals:
        raise Undecided(_question(root, [best, *rivals]))
    return best


def _overlap(one: set[str], other: set[str]) -> bool:
    return len(one & other) > 0.3 * min(len(one), len(other)) if one and other else False


def _near_in_size(one: LabelSet, other: LabelSet) -> bool:
    """Tell whether neither of two sets is a mere handful beside the other."""
    return min(len(one.paths), len(other.paths)) * 4 >= max(len(one.paths), len(other.paths))


def _question(root: str, sets: Sequence[LabelSet]) -> str:
    lines = []
    for found in sorted(sets, key=lambda one: one.folders):
        words = _root_words(root, found)
        lines.append(f"  kmseg {' '.join(quote_override(key, value) for key, value in words)}")
    names = ", ".join(str(found) for found in sorted(sets, key=lambda one: one.folders)[:SHOWN])
    return f"{len(sets)} folders may be the labels of {root}: {names}; say which one:\n" + "\n".join(lines)


def _root_words(root: str, found: LabelSet) -> list[tuple[str, Any]]:
    folder = common_folder(series.folder for series in found.series)
    words: list[tuple[str, Any]] = [("dataset", "folder"), ("dataset.root", str(Path(root) / folder))]
    pattern = _pattern(found.series)
    if pattern not in ("*", f"*{found.series[0].named.suffix}"):
        words.append(("dataset.labels", pattern))
    if found.pairs:
        photos = common_folder(path.rpartition("/")[0] for path in found.pairs.values())
        words.append(("dataset.photos", str(Path(root) / photos)))
    return words


def _no_labels(root: str, sets: Sequence[LabelSet], series: Sequence[Series]) -> str:
    """Say what a tree holds in which no label image is, and how to insist."""
    if not series:
        return f"{root} has no PNG, JPEG, BMP, GIF, TIFF or WebP image; give the folder of the label images"
    by_kind: dict[str, list[Series]] = {}
    for one in series:
        by_kind.setdefault(one.kind, []).append(one)
    largest = sorted(series, key=lambda one: -len(one.paths))[:SHOWN]
    held = ", ".join(f"{one} ({len(one.paths)} {plural(one.kind)})" for one in largest)
    lines = [
        f"  kmseg dataset=folder {quote_override('dataset.root', str(Path(root) / one.folder))}" for one in largest
    ]
    return f"no label image is among the files of {root}: {held}; if one of these is, say so:\n" + "\n".join(
        dict.fromkeys(lines)
    )


def _panel_series(series: Sequence[Series]) -> list[Series]:
    return [
        one
        for one in series
        if one.kind == image_kinds.PANELS and one.panels is not None and one.panels.label is not None
    ]


def _decide_panels(
    root: str, tree: Tree, series: Sequence[Series], panels: Sequence[Series], hint: LayoutHint | None
) -> Decision:
    """Decide on files that hold photo and label, or more panels."""
    shapes = Counter[tuple[int, int, int]]()
    for one in panels:
        shapes[one.panels.rows, one.panels.columns, one.panels.label] += len(one.paths)
    (rows, columns, label), _ = shapes.most_common(1)[0]
    chosen = [
        one for one in panels if (one.panels.rows, one.panels.columns, one.panels.label) == (rows, columns, label)
    ]
    labels = LabelSet(tuple(chosen))
    words: dict[str, Any] = {}
    folder = common_folder(one.folder for one in chosen)
    words["root"] = str(Path(root) / folder)
    images = [
        path
        for path in tree.files
        if not why_unread(path, tree.files[path]) and (not folder or path.startswith(f"{folder}/"))
    ]
    dataset = "pairs" if (rows, columns) == (1, 2) else "panels"
    if set(images) != set(labels.paths):
        if dataset == "panels":
            raise Undecided(
                f"{Path(root) / folder} holds files of several panels and other images; move them apart, then:\n"
                f"  kmseg dataset=panels {quote_override('dataset.root', str(Path(root) / folder))}"
            )
        words["labels"] = _folder_patterns(chosen, folder)
    if dataset == "pairs":
        words["label"] = "left" if label == 0 else "right"
    else:
        words |= {"rows": rows, "columns": columns, "label": label + 1}
    used = set(labels.paths)
    unused, hints = _explain_unused(root, tree, series, (), labels, used)
    found = splits_of_folders(list(labels.paths))
    return Decision(
        root, dataset, words, labels, {}, None, (), found, unused, series,
        hint.layout if hint else "", len(tree.files), hints,
    )  # fmt: skip


def _folder_patterns(series: Sequence[Series], folder: str) -> list[str]:
    below = [one.folder[len(folder) :].strip("/") for one in series]
    return sorted({f"{escape(path)}/{one.named.pattern}".lstrip("/") for path, one in zip(below, series, strict=True)})


def _settings(root: str, tree: Tree, labels: LabelSet, pairs: Mapping[str, str], photos: Any) -> dict[str, Any]:
    """Return the shortest settings of `folder` that mean these labels and these photos."""
    folder = common_folder(one.folder for one in labels.series)
    start = f"{folder}/" if folder else ""
    images = [path for path in tree.files if path.startswith(start) and not why_unread(path, tree.files[path])]
    patterns = [one.named.pattern for one in labels.series]
    folders = sorted({escape(one.folder[len(start) :]) for one in labels.series})
    leaves = sorted({escape(one.rpartition("/")[2]) for one in folders if one})
    choices: list[list[str]] = [[], sorted(set(patterns)), leaves, folders, _folder_patterns(labels.series, folder)]
    below = {path[len(start) :]: path for path in images}
    mine = set(labels.paths)
    wanted = next(
        (
            choice
            for choice in choices
            if len(choice) <= len(folders) and {below[p] for p in selected(below, choice)} == mine
        ),
        choices[-1],
    )
    found: dict[str, Any] = {"root": str(Path(root) / folder)}
    if wanted:
        found["labels"] = wanted[0] if len(wanted) == 1 else wanted
    if photos is not None:
        found["photos"] = photos
    elif pairs:
        found["photos"] = _photo_folders(root, found, labels, pairs)
    return found


def _photo_folders(root: str, settings: Mapping[str, Any], labels: LabelSet, pairs: Mapping[str, str]) -> Any:
    """Return the folder of the photos, or the folders, from which `folder` finds the same photos."""
    holders = {path.rpartition("/")[0] for path in pairs.values()}
    tops = sorted(
        {
            one
            for one in holders
            if not any(one != other and f"{one}/".startswith(f"{other}/") for other in holders if other)
        }
    )
    shared = common_folder(holders)
    wanted = {(Path(root) / label).resolve(): (Path(root) / photo).resolve() for label, photo in pairs.items()}
    starred = [one for one in (_starred(tops),) if one]
    choices = [[shared]] if len(tops) == 1 else [[shared], *[[one] for one in starred], tops]
    for choice in choices:
        folders = [str(Path(root) / path) for path in choice]
        items = Folder(settings["root"], settings.get("labels", ()), folders).items()
        found = {item.label.resolve(): item.photo.resolve() for item in items if item.photo}
        if found == wanted:
            break
    return folders[0] if len(folders) == 1 else folders


def _starred(folders: Sequence[str]) -> str:
    """Return one pattern for folders that differ in one part of their paths; nothing where there is none.

    Examples
    --------
    >>> _starred(["data/fox/JPEGImages", "data/wolf/JPEGImages"])
    'data/*/JPEGImages'
    """
    parts = [folder.split("/") for folder in folders]
    if len({len(one) for one in parts}) != 1:
        return ""
    levels = [set(level) for level in zip(*parts, strict=True)]
    if sum(len(level) > 1 for level in levels) != 1:
        return ""
    return "/".join(escape(next(iter(level))) if len(level) == 1 else "*" for level in levels)


def _read_labels(tree: Tree, labels: LabelSet) -> list[np.ndarray]:
    """Read a few of the labels, spread over all of them, as RGB."""
    places = np.unique(np.linspace(0, len(labels.paths) - 1, 8).round().astype(int))
    found = []
    for place in places:
        pixels = read_sample(Path(tree.files[labels.paths[place]]))
        if pixels is not None and pixels.dtype == np.uint8:
            found.append(np.repeat(pixels[..., None], 3, axis=2) if pixels.ndim == 2 else pixels)
    return found


def _choose_legend(root: str, fits: Sequence[LegendFit]) -> LegendFit | None:
    """Return the legend that fits; ask where two fit equally and name the classes differently."""
    best = next((fit for fit in fits if fit.fits), None)
    if best is None:
        return None
    rivals = find_rivals(best, fits)
    if rivals:
        lines = [f"  palette.file={fit.path}" for fit in (best, *rivals)]
        lines = [f"  {quote_override('palette.file', str(Path(root) / fit.path))}" for fit in (best, *rivals)]
        names = ", ".join(fit.path for fit in (best, *rivals))
        raise Undecided(
            f"{len(lines)} legends fit the labels and name them differently: {names}; add one of:\n" + "\n".join(lines)
        )
    return best


def _same_legend(fit: LegendFit, legend: LegendFit | None) -> bool:
    return (
        legend is not None
        and fit.palette.names == legend.palette.names
        and np.array_equal(fit.palette.colors, legend.palette.colors)
    )


def _find_splits(root: str, tree: Tree, labels: LabelSet, hint: LayoutHint | None) -> tuple[dict[str, str], str]:
    """Return the split of each label by its path, and the folder of lists that says so, if one does."""
    found = splits_of_folders(list(labels.paths))
    if found:
        return found, ""
    names = {path.rpartition("/")[2].rsplit(".", 1)[0]: path for path in labels.paths}
    folders = {path.rpartition("/")[0] for path in tree.files if path.rpartition("/")[2] == "train.txt"}
    start = common_folder(one.folder for one in labels.series)
    near = [folder for folder in folders if _is_above(folder, start)]
    preferred = (
        [hint.splits] if hint and hint.splits in folders else sorted(near, key=lambda one: (-one.count("/"), one))
    )
    for folder in preferred:
        lists = read_split_lists(split_lists(Path(tree.root) / folder))
        by_path: dict[str, str] = {}
        for split, entries in lists.items():
            listed = [entry.rpartition("/")[2] for entry in dict.fromkeys(entries)]
            by_path |= {names[name]: split for name in match_names(list(names), listed).pairs}
        if len(by_path) >= 0.5 * len(labels.paths) and len(set(by_path.values())) > 1:
            return {path: by_path.get(path, "train") for path in labels.paths}, str(Path(root) / folder)
    return {}, ""


def _is_above(lists: str, labels: str) -> bool:
    """Tell whether lists are of the same branch as the labels: in a folder above them, or at most two below one."""
    parts = lists.split("/") if lists else []
    holders = ["/".join(parts[:k]) for k in range(max(len(parts) - 2, 0), len(parts) + 1)]
    return any(not holder or f"{labels}/".startswith(f"{holder}/") for holder in holders[-3:])


def _explain_unused(
    root: str, tree: Tree, series: Sequence[Series], sets: Sequence[LabelSet], chosen: LabelSet, used: set[str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Return what every file is that is not used, and lines to use what could be used."""
    reasons: dict[str, str] = {}
    for one in series:
        reasons |= {path: plural(one.kind) for path in one.paths}
    hints: dict[str, str] = {}
    for found in sets:
        if found is chosen:
            continue
        what = found.doubt or ("labels of the same photos" if found.pairs else f"{plural(found.kind)} without photos")
        reasons |= dict.fromkeys(found.paths, what)
        if found.doubt == "predictions":
            words = _root_words(root, found)[1:2]
            hints[f"{found} holds predictions"] = " ".join(quote_override(key, value) for key, value in words)
    unused = {
        path: reasons.get(path) or why_unread(path, tree.files[path]) or "not an image"
        for path in tree.files
        if path not in used
    }
    return unused | tree.left_out, hints


def unused_record(unused: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the files that are not used by folder and reason, a few of them by name."""
    groups: dict[tuple[str, str], list[str]] = {}
    for folder, paths in group_by_folder(unused).items():
        for path in paths:
            groups.setdefault((folder, unused[path]), []).append(path.rpartition("/")[2])
    return [
        {"folder": folder or ".", "what": what, "count": len(names), "examples": names[:SHOWN]}
        for (folder, what), names in sorted(groups.items())
    ]


def describe_unused(unused: Mapping[str, str]) -> str:
    """Say in a line how many files are not used, and which."""
    entries = unused_record(unused)
    total = sum(entry["count"] for entry in entries)
    said = []
    for entry in sorted(entries, key=lambda one: -one["count"]):
        folder = "" if entry["folder"] == "." else f"{entry['folder']}/"
        if entry["count"] <= 2:
            said += [f"{folder}{name}" for name in entry["examples"]]
        else:
            what = "other files" if entry["what"] == "not an image" else entry["what"]
            said.append(f"{folder or './'} ({entry['count']} {what})")
    more = f" and more in {len(said) - 6} places" if len(said) > 6 else ""
    return f"{total} file{'s' * (total != 1)}: {', '.join(said[:6])}{more}"


def plural(kind: str) -> str:
    """Return a kind of images as a line lists it."""
    return kind if kind.endswith("s") or kind in ("mixed", "unreadable") else f"{kind}s"


def _places(folders: Sequence[str]) -> str:
    shown = [f"{folder}/" if folder != "." else "./" for folder in folders]
    more = f" and {len(shown) - SHOWN} more" if len(shown) > SHOWN else ""
    return ", ".join(shown[:SHOWN]) + more


def _pattern(series: Sequence[Series]) -> str:
    patterns = sorted({one.named.pattern for one in series})
    return patterns[0] if len(patterns) == 1 else "*"

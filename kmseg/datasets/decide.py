"""Decide what is what in a tree of files: labels, photos, legend and splits; ask where nobody can know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from kmseg import image_kinds
from kmseg.datasets import Dataset, existing_folder
from kmseg.datasets.decision import Decision, plural
from kmseg.datasets.folder import Folder
from kmseg.datasets.inspection import (
    FEW_BESIDE_MANY,
    LabelSet,
    Series,
    common_folder,
    find_series,
    label_sets,
    read_sample,
)
from kmseg.datasets.layouts import detect_layout
from kmseg.datasets.layouts.hint import LayoutHint
from kmseg.datasets.legend_search import LegendFit, find_legends
from kmseg.datasets.listing import why_unread
from kmseg.datasets.matching import match_names
from kmseg.datasets.naming import stem
from kmseg.datasets.overlay import Overlay
from kmseg.datasets.overlay_search import Blend, find_blend
from kmseg.datasets.overrides import quote_override
from kmseg.datasets.pairs import Pairs
from kmseg.datasets.panels import Panels
from kmseg.datasets.patterns import split_root
from kmseg.datasets.questions import ask_which_labels, describe_no_labels
from kmseg.datasets.settings import folder_patterns, folder_settings, panel_settings
from kmseg.datasets.splits import read_split_lists, split_lists, splits_of_folders
from kmseg.datasets.tree import Tree, walk_tree
from kmseg.datasets.words import DISPLAY_WORDS
from kmseg.errors import Undecided, UnreadableImage, UserError
from kmseg.images import JPEG_SUFFIXES

MIN_LEAD = 0.8
"""Difference of scores from which on one of two rival sets of labels is meant: less than that between two kinds."""


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
    if photos is None and not any(_may_be_meant(found) for found in sets) and not panels:
        blend = find_blend(tree, series)
        if blend is not None:
            return _decide_overlays(root, tree, series, sets, blend, hint)
    chosen = _choose(root, tree, sets, series, panels, photos)
    if chosen is None:
        return _decide_panels(root, tree, series, panels, hint)
    settings = folder_settings(root, tree, chosen, dict(chosen.pairs), photos)
    pairs = _pairs_of_run(root, settings, () if patterns else set(chosen.paths))
    if photos is None and not pairs:
        settings.pop("photos", None)
    found, lists = _find_splits(root, tree, chosen, hint) if splits is None else ({}, splits)
    if lists:
        settings["splits"] = lists
    legend, others = _legends(root, tree, chosen, _read_labels(tree, chosen))
    used = {*chosen.paths, *pairs.values(), *([legend.file] if legend else [])}
    unused, hints = _explain_unused(root, tree, series, sets, chosen, used)
    return Decision(
        root, "folder", settings, chosen, pairs, legend, others, found, unused, series,
        hint.layout if hint else "", len(tree.files), hints,
    )  # fmt: skip


def _pairs_of_run(root: str, settings: Mapping[str, Any], labels: Collection[str]) -> dict[str, str]:
    """Return the photos that a run with these settings finds, by the labels' paths below the tree.

    Raises
    ------
    Undecided
        If the run would take other images than these labels, where there are any.
    """
    pairs: dict[str, str] = {}
    more = []
    for item in Folder(**settings).items():
        label = _below(root, item.label)
        if labels and label not in labels:
            more.append(label)
        if item.photo:
            pairs[label] = _below(root, item.photo)
    if more:
        raise Undecided(
            f"{len(labels)} labels lie in {settings['root']} among other images, and no pattern of names tells them "
            f"from {more[0]}{f' and {len(more) - 1} more' * (len(more) > 1)}; move them apart, or give dataset.labels"
        )
    return pairs


def _below(root: str, path: Path) -> str:
    """Return a file's path below the root, and of one that is not there the path as it is."""
    start, whole = (Path(one).expanduser().absolute() for one in (root, path))
    return whole.relative_to(start).as_posix() if whole.is_relative_to(start) else str(path)


def _choose(
    root: str, tree: Tree, sets: Sequence[LabelSet], series: Sequence[Series], panels: Sequence[Series], photos: Any
) -> LabelSet | None:
    """Return the labels that are meant; None where photo and label share files. Ask where nobody can know."""
    plain = [found for found in sets if not found.doubt]
    candidates = plain or [found for found in sets if _may_be_meant(found)]
    if panels and photos is None and not any(found.pairs for found in candidates):
        count = sum(len(one.paths) for one in panels)
        if count >= max((len(found.paths) for found in candidates), default=0):
            same = [found for found in candidates if _same_names(found, panels)]
            if same:
                raise Undecided(ask_which_labels(root, tree, same, panels))
            return None
    if not candidates:
        raise Undecided(describe_no_labels(root, tree, series))
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
        raise Undecided(ask_which_labels(root, tree, [best, *rivals]))
    return best


def _same_names(found: LabelSet, panels: Sequence[Series]) -> bool:
    """Tell whether labels are of the same scenes as files of several panels, by their names."""
    names = [stem(path.rpartition("/")[2]) for path in found.paths]
    shown = [stem(name) for one in panels if not one.words & DISPLAY_WORDS for name in one.named.names]
    return len(match_names(names, shown).pairs) > 0.5 * len(names)


def _may_be_meant(found: LabelSet) -> bool:
    """Tell whether labels may be those that are meant, if no others are."""
    return not found.doubt or found.kind != image_kinds.INSTANCE_IDS


def _overlap(one: set[str], other: set[str]) -> bool:
    return len(one & other) > 0.3 * min(len(one), len(other)) if one and other else False


def _near_in_size(one: LabelSet, other: LabelSet) -> bool:
    """Tell whether neither of two sets is a mere handful beside the other."""
    return min(len(one.paths), len(other.paths)) * 4 >= max(len(one.paths), len(other.paths))


def _panel_series(series: Sequence[Series]) -> list[Series]:
    return [one for one in series if one.holds_label]


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
        if not why_unread(path, tree.files) and (not folder or path.startswith(f"{folder}/"))
    ]
    dataset, panel = panel_settings(rows, columns, label)
    if set(images) != set(labels.paths):
        if dataset == "panels":
            raise Undecided(
                f"{Path(root) / folder} holds files of several panels and other images; move them apart, then:\n"
                f"  kmseg dataset=panels {quote_override('dataset.root', str(Path(root) / folder))}"
            )
        words["labels"] = folder_patterns(chosen, folder)
    if dataset == "panels":
        words |= {"rows": rows, "columns": columns}
    words |= panel
    source = Pairs(**words) if dataset == "pairs" else Panels(**words)
    legend, others = _legends(root, tree, labels, _read_labels_of(source))
    used = {*labels.paths, *([legend.file] if legend else [])}
    unused, hints = _explain_unused(root, tree, series, (), labels, used)
    found = splits_of_folders(list(labels.paths))
    return Decision(
        root, dataset, words, labels, {}, legend, others, found, unused, series,
        hint.layout if hint else "", len(tree.files), hints,
    )  # fmt: skip


def _decide_overlays(
    root: str, tree: Tree, series: Sequence[Series], sets: Sequence[LabelSet], blend: Blend, hint: LayoutHint | None
) -> Decision:
    """Decide on labels that were blended onto the photos beside them."""
    labels = LabelSet((blend.overlays,), blend.pairs)
    folders = {"root": blend.overlays.folder, "photos": blend.photos.folder}
    words = {name: str(Path(root) / folder) for name, folder in folders.items()}
    legend, others = _legends(root, tree, labels, _read_labels_of(Overlay(**words)))
    used = {*labels.paths, *blend.pairs.values(), *([legend.file] if legend else [])}
    unused, hints = _explain_unused(root, tree, series, sets, labels, used)
    return Decision(
        root, "overlay", words, labels, blend.pairs, legend, others, {}, unused, series,
        hint.layout if hint else "", len(tree.files), hints, f"opacity {blend.opacity:.2f} found; undone",
    )  # fmt: skip


def _places(count: int) -> list[int]:
    """Return at most eight places spread over `count`."""
    return np.unique(np.linspace(0, count - 1, 8).round().astype(int)).tolist()


def _read_labels_of(dataset: Dataset) -> list[np.ndarray]:
    """Read a few labels that are parts of files or computed, as RGB."""
    items = dataset.items()
    found = []
    for place in _places(len(items)):
        with suppress(UnreadableImage):
            found.append(dataset.read_label(items[place]).pixels)
    return found


def _read_labels(tree: Tree, labels: LabelSet) -> list[np.ndarray]:
    """Read a few of the labels, spread over all of them, as RGB."""
    found = []
    for place in _places(len(labels.paths)):
        pixels = read_sample(Path(tree.files[labels.paths[place]]))
        if pixels is not None and pixels.dtype == np.uint8:
            found.append(np.repeat(pixels[..., None], 3, axis=2) if pixels.ndim == 2 else pixels)
    return found


def _legends(
    root: str, tree: Tree, labels: LabelSet, read: Sequence[np.ndarray]
) -> tuple[LegendFit | None, Sequence[LegendFit]]:
    """Return the legend that fits the labels `read`, and the others that were found."""
    jpeg = all(PurePosixPath(path).suffix.lower() in JPEG_SUFFIXES for path in labels.paths)
    fits = find_legends(tree, labels.folders, read, jpeg)
    legend = next((fit for fit in fits if fit.fits), None)
    return legend, [fit for fit in fits if fit is not legend and not _same_legend(fit, legend)]


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
        shared = _overlap(set(found.pairs.values()), set(chosen.pairs.values()))
        whose = f"of {'the same' if shared else 'other'} photos" if found.pairs else "without photos"
        what = found.doubt or f"{'labels' if found.pairs else plural(found.kind)} {whose}"
        reasons |= dict.fromkeys(found.paths, what)
        if found.doubt == "predictions" or (found.doubt == FEW_BESIDE_MANY and found.pairs):
            words = folder_settings(root, tree, found, {}, None)
            hints[f"{found} holds {found.doubt}"] = " ".join(
                quote_override(f"dataset.{name}", value) for name, value in words.items()
            )
    unused = {
        path: reasons.get(path) or why_unread(path, tree.files) or "not an image"
        for path in tree.files
        if path not in used
    }
    return unused | tree.left_out, hints

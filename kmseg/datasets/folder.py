"""A folder of label images, with the photos in another folder, or in the same, if there are any."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmseg import storage
from kmseg.datasets import Item, Listed, OfFiles, existing_folder
from kmseg.datasets.inspection import Series, look_at
from kmseg.datasets.items import PackedItems
from kmseg.datasets.listing import NO_IMAGE, find_images, list_images, summarize
from kmseg.datasets.matching import Matches, match_names
from kmseg.datasets.naming import group_series
from kmseg.datasets.overrides import quote_override
from kmseg.datasets.patterns import selected, split_root
from kmseg.datasets.splits import (
    NAMES,
    key_in_split,
    read_split_lists,
    split_lists,
    splits_named,
    splits_of_lists,
)
from kmseg.datasets.tree import Tree, walk_tree
from kmseg.datasets.truth import Truth
from kmseg.datasets.words import DISPLAY_WORDS, LABEL_WORDS, PHOTO_WORDS, PREDICTION_WORDS, split_words
from kmseg.errors import UserError
from kmseg.images import FORMATS_READ, LabelImage, read_label_image, read_rgb

COMPARED = 1000
"""Names of photos that are compared to show the one most like a label's."""

NO_PHOTO_WORDS = (PREDICTION_WORDS | DISPLAY_WORDS | LABEL_WORDS) - PHOTO_WORDS
"""Words of the names of images in a folder of labels and photos that are neither."""

MIN_PHOTO_CERTAINTY = 0.6
"""Certainty from which on images are photos for sure, so that a folder of labels that holds them is refused."""


@dataclass(frozen=True)
class Folder(OfFiles):
    """Label images below a folder.

    Parameters
    ----------
    root : str
        Folder of the label images, an archive (`labels.zip`, `labels.tar.gz`), a folder inside one
        (`labels.zip/train`) or a bucket (`s3://bucket/labels`); sub-folders are searched. It may end in a pattern, as
        `labels.zip/gtFine/**/*_color.png`, instead of `labels`.
    labels : list of str
        Patterns of the label images below the root, such as `*_mask.png` or `train_labels/*`; none takes every image.
    photos : str, list of str or None
        Folder or folders of the photos (`*` stands for any); labels that lie there are none. Photos belong to labels by
        the rule of `kmseg.datasets.matching`: equal paths or names, but for words that mark photos or labels.
    splits : str
        `folders` takes `train`, `val` and `test` from folders so named, if every label is in one; the path of a folder
        of lists (`train.txt`, ...) takes them from there; `none` takes none.
    """

    root: str
    labels: Sequence[str] = ()
    photos: Any = None
    splits: str = "folders"

    def __post_init__(self) -> None:
        if isinstance(self.root, str) and not self.labels:
            root, labels = split_root(self.root)
            object.__setattr__(self, "root", root)
            object.__setattr__(self, "labels", labels)
        existing_folder("dataset.root", self.root)
        for folder in self._photo_folders:
            existing_folder("dataset.photos", folder)
        if isinstance(self.labels, str):
            object.__setattr__(self, "labels", (self.labels,))
        if self.splits not in ("folders", "none"):
            existing_folder("dataset.splits", self.splits)

    def items(self) -> Sequence[Item]:
        """List the label images, each with its photo where one is found."""
        return self.listing().items

    def listing(self) -> Listed:
        """List the label images, and say what is left out, paired and divided."""
        root = existing_folder("dataset.root", self.root)
        tree = walk_tree(root)
        tree = self._without_photos(tree)
        found = find_images(tree, list(self.labels))
        if not found.images:
            asked = f" that matches {', '.join(self.labels)}" if self.labels else ""
            other = next((f"; {path}: {reason}" for path, reason in found.unused.items() if reason != NO_IMAGE), "")
            raise UserError(f"{root} holds no {FORMATS_READ} image{asked}, also not in its sub-folders{other}")
        if not self.labels:
            refuse_mixed(self.root, tree, found.unused)
        notes = [] if self.labels else summarize(found.unused)
        keys = list(found.images)
        notes += describe_alike(keys)
        photo_keys: Mapping[str, str] = {}
        photos: Mapping[str, str] = {}
        if self._photo_folders:
            photos, photo_keys, said = self._find_photos(found.images)
            notes.append(said)
        splits, said_of_splits = self._splits(keys, photo_keys)
        _refuse_equal_keys(splits)
        items = PackedItems(
            Item(key, path, Path(photos[photo_keys[key]]) if key in photo_keys else None, splits.get(key))
            for key, path in found.images.items()
        )
        return Listed(items, [*notes, *said_of_splits])

    def _find_photos(self, images: Mapping[str, Path]) -> tuple[Mapping[str, str], Mapping[str, str], str]:
        """Return the files of the photos by name, the name of each label's by its key, what to say; labels are none."""
        labels = {str(path.resolve()) for path in images.values()} if self._shares_folder else set()
        keys = list(images)
        photos: dict[str, str] = {}
        unused: dict[str, str] = {}
        shared = Path(os.path.commonpath([str(Path(folder).expanduser().absolute()) for folder in self._photo_folders]))
        for folder in self._photo_folders:
            path = existing_folder("dataset.photos", folder)
            below = path.expanduser().absolute().relative_to(shared).as_posix()
            listed = list_images(path)
            unused |= listed.unused
            for key, photo in listed.images.items():
                if not labels or str(photo.resolve()) not in labels:
                    photos[key if below == "." else f"{below}/{key}"] = str(photo)
        found = match_names(keys, list(photos))
        if labels and 2 * len(found.pairs) < len(keys):  # predictions and overlays beside the photos fit as well
            likely = [key for key in photos if not NO_PHOTO_WORDS & {*split_words(PurePosixPath(key).name)}]
            again = match_names(keys, likely)
            if len(again.pairs) > len(found.pairs):
                found = replace(again, unused=[key for key in photos if key not in again.pairs.values()])
        return photos, found.pairs, describe_pairs(found, self._photo_folders, unused)

    def _without_photos(self, tree: Tree) -> Tree:
        """Return the tree without folders of photos that lie in it, unless patterns say what the labels are."""
        root = Path(self.root).expanduser().resolve()
        inside = [folder for folder in map(_resolved, self._photo_folders) if root in folder.parents]
        if self.labels or not inside:
            return tree
        parents = {
            folder: Path(tree.files[f"{folder}/{names[0]}".lstrip("/")]).parent
            for folder, names in tree.folders.items()
        }
        photos = {
            folder for folder, parent in parents.items() if any(parent.resolve().is_relative_to(one) for one in inside)
        }
        files = {path: file for path, file in tree.files.items() if path.rpartition("/")[0] not in photos}
        return replace(tree, files=files)

    @property
    def _shares_folder(self) -> bool:
        """Whether photos and labels may lie in one folder."""
        root = Path(self.root).expanduser().resolve()
        folders = [Path(folder).expanduser().resolve() for folder in self._photo_folders]
        return any(root.is_relative_to(folder) or folder.is_relative_to(root) for folder in folders)

    @property
    def _photo_folders(self) -> list[str]:
        if self.photos is None:
            return []
        given = [self.photos] if isinstance(self.photos, str) else list(self.photos)
        return [folder for one in given for folder in _expanded(one)]

    def _splits(self, keys: Sequence[str], photos: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
        """Return the split of each key, and what is to be said of it; `photos` are paths of photos by label."""
        if self.splits == "none":
            return {}, []
        if self.splits == "folders":
            found, how = splits_named(keys), "folders"
            if not found:  # the labels in one folder, the photos in train, val and test
                by_photo = splits_named(list(photos.values()))
                found = {key: by_photo[photo] for key, photo in photos.items() if photo in by_photo}
                how = "folders of the photos"
            rest = [key for key in keys if found and key not in found]
            if 2 * len(rest) > len(keys):
                return {}, [f"{len(found)} of {len(keys)} labels lie in folders of splits: too few to divide all so"]
            return dict.fromkeys(rest, "train") | found, _say_splits(how, found, rest)
        lists = split_lists(Path(self.splits).expanduser())
        if not lists:
            raise UserError(f"dataset.splits={self.splits} has no train.txt, val.txt or test.txt; expected such lists")
        found, unknown = splits_of_lists(keys, read_split_lists(lists))
        if not found:
            raise UserError(f"dataset.splits={self.splits} lists none of the images; expected their names, one a line")
        rest = [key for key in keys if key not in found]
        return {key: found.get(key, "train") for key in keys}, _say_splits("lists", found, rest, unknown)

    def read_label(self, item: Item) -> LabelImage:
        """Read a label image."""
        return read_label_image(item.label)

    def read_photo(self, item: Item) -> NDArray[np.uint8] | None:
        """Read the photo, `(H, W, 3)` uint8 RGB, if there is one."""
        return None if item.photo is None else read_rgb(item.photo)

    def truth(self) -> Truth | None:
        """Return None: a folder has no truth."""
        return None


def _expanded(folder: str) -> list[str]:
    """Return the folders that a path with `*` means; a path without, or of a folder that is called so, as it is."""
    if not isinstance(folder, str) or "*" not in folder or storage.is_folder(Path(folder).expanduser()):
        return [folder]
    base, pattern = split_root(folder)
    listed = storage.contents(Path(base).expanduser())
    if listed is not None:
        inside = {str(parent) for name in listed.files for parent in PurePosixPath(name).parents}
        found = [name for name in selected(inside, pattern) if name.count("/") == pattern[0].count("/")]
        return sorted(f"{base}/{name}" for name in found) or [folder]
    return sorted(str(path) for path in _glob(Path(folder).expanduser()) if path.is_dir()) or [folder]


def _glob(pattern: Path) -> Iterator[Path]:
    start = Path(pattern.anchor)
    return start.glob(str(pattern.relative_to(start))) if pattern.anchor else Path().glob(str(pattern))


def _most_similar(name: str, others: Sequence[str]) -> str:
    """Return the path whose name is most similar."""
    import difflib

    by_name = {PurePosixPath(other).name: other for other in others[:COMPARED]}
    close = difflib.get_close_matches(PurePosixPath(name).name, list(by_name), n=1, cutoff=0)
    return by_name[close[0]] if close else others[0]


def _say_splits(how: str, found: Mapping[str, str], rest: Sequence[str], unknown: Sequence[str] = ()) -> list[str]:
    """Say how images are divided, which are in no part and so for training, and which entries of lists are none."""
    if not found:
        return []
    said = f"splits by {how}: {describe_splits(found)}"
    if rest:
        said += f", {len(rest)} in none, which are for training: {_first_names(rest)}"
    if unknown:
        said += f"; {len(unknown)} of the lists' entries are no label here: {_first_names(unknown)}"
    return [said]


def _first_names(names: Sequence[str], shown: int = 3) -> str:
    return ", ".join(names[:shown]) + (f" and {len(names) - shown} more" if len(names) > shown else "")


def _resolved(folder: str) -> Path:
    return Path(folder).expanduser().resolve()


def describe_alike(keys: Sequence[str]) -> list[str]:
    """Name images whose paths differ only in capitals: on Windows and macOS, one output replaces the other."""
    if len({key.casefold() for key in keys}) == len(keys):
        return []
    first: dict[str, str] = {}
    alike = [(first.setdefault(key.casefold(), key), key) for key in keys]
    pairs = [f"{one} and {other}" for one, other in alike if one != other]
    said = "names differ only in capitals, so that on Windows and macOS one mask replaces the other"
    return [f"{said}: {_first_names(pairs)}"]


def describe_pairs(found: Matches, folders: Sequence[str], unread: Mapping[str, str]) -> str:
    """Say how many labels have a photo, and name some that have none; `unread` are other files there, with reasons."""
    total = len(found.pairs) + len(found.unmatched)
    place = ", ".join(map(str, folders))
    if not found.pairs and not found.unused:
        why = next((f": {len(unread)} other files, as {path} ({reason})" for path, reason in unread.items()), "")
        return f"none of {total} labels has a photo in {place}, which holds no image that is read{why}"
    if not found.pairs:
        label, photo = found.unmatched[0], _most_similar(found.unmatched[0], found.unused)
        return (
            f"none of {total} labels has a photo in {place}: names differ, or fit several files ({label} and {photo}); "
            "give both the same paths"
        )
    said = f"{total} labels, {len(found.pairs)} photos paired"
    if found.unmatched:
        more = f" and {len(found.unmatched) - 3} more" if len(found.unmatched) > 3 else ""
        said += f", {len(found.unmatched)} without: {', '.join(found.unmatched[:3])}{more}"
    if found.unused:
        more = f" and {len(found.unused) - 3} more" if len(found.unused) > 3 else ""
        said += f"; {len(found.unused)} images there are no label's photo: {', '.join(found.unused[:3])}{more}"
    return said


def describe_splits(splits: Mapping[str, str]) -> str:
    """Return the number of images of each split, as in `4 train, 2 val`."""
    counts = Counter(splits.values())
    return ", ".join(f"{counts[name]} {name}" for name in NAMES if counts[name])


def _refuse_equal_keys(splits: Mapping[str, str]) -> None:
    """Fail where two images would be one file in a layout that has a folder for each split."""
    taken: dict[tuple[str, str], str] = {}
    for key, split in splits.items():
        first = taken.setdefault((split, key_in_split(key, split)), key)
        if first != key:
            raise UserError(
                f"{first} and {key} are both {key_in_split(key, split)} of the split {split}; rename one, or set "
                "dataset.splits=none"
            )


def refuse_mixed(root: str, tree: Tree, unused: Mapping[str, str]) -> None:
    """Fail where photos stand among the labels, if names tell the two apart (`x.jpg` and `x_mask.png`)."""
    for folder, names in tree.folders.items():
        inside = [name for name in names if f"{folder}/{name}".lstrip("/") not in unused]
        series = group_series(inside)
        if (
            len(series) < 2
            or len({found.ending or found.prefix for found in series} | {found.suffix for found in series}) < 2
        ):
            continue
        looked = [look_at(tree, Series(folder, found), 3) for found in series if len(found.names) >= 2]
        photos = [one for one in looked if one.kind == "photo" and one.certainty >= MIN_PHOTO_CERTAINTY]
        labels = [one for one in looked if one.is_label]
        if photos and labels:
            count = sum(len(one.paths) for one in photos)
            patterns = [one.named.pattern for one in labels]
            pattern = quote_override("dataset.labels", patterns[0] if len(patterns) == 1 else patterns)
            photo, label = photos[0].named.names[0], labels[0].named.names[0]
            words = f"{pattern} {quote_override('dataset.photos', root)}"
            raise UserError(
                f"{Path(root) / folder}: {count} of {len(inside)} images are photos, as {photo}; {label} is a label\n"
                f"add {words} to pair them, or the first of both alone to leave the photos out"
            )

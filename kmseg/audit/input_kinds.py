"""Are these label images at all? What a sample of the input is, and the sentence that says so and what to type."""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from kmseg.audit.pixel_match import PixelMatcher
from kmseg.color_spaces.rgb import Rgb
from kmseg.datasets import Dataset, Item, read_label
from kmseg.discovery.candidates import DOUBTFUL, SHADE, Candidate, Candidates
from kmseg.discovery.palette import Found
from kmseg.errors import UnreadableImage
from kmseg.image_kinds import (
    FIGURE,
    INSTANCE_IDS,
    LABEL_KINDS,
    OVERLAY,
    PANELS,
    PHOTO,
    PLAIN_BACKGROUND,
    REDUCED,
    SCREENSHOT,
    SMALL,
    SOFT,
    ImageKind,
    Panels,
    classify,
)
from kmseg.images import LabelImage
from kmseg.maskers.nearest import Nearest
from kmseg.palette import Palette
from kmseg.pixels.distance import between

SAMPLED_PER_SUFFIX = 8
"""Images of each file type that are looked at: photos and labels in one folder mostly differ in it."""

PHOTOS_LOOKED_AT = 3
"""Photos of files of photo and label that are looked at, where all files are of one origin."""

SURE = 0.5
"""Certainty from which on an image counts as what it seems to be."""

MOST = 0.5
"""Share of the images looked at that must be of other kinds for the whole input to be doubted."""

SOME = 0.25
"""The same share of one file type among others, or of all files: photos among labels."""

OBJECT_CLASSES = 40
"""Classes from which on the colors may number objects; most of them are then in one image only."""

OBJECTS_IN_ONE_IMAGE = 0.85
"""Share of the classes that are in one image only, from which on they are objects."""

LONE_SHARE, LONE_OF_IMAGES = 0.7, 20
"""Share of the classes of damaged images that are in one image only, and images from which on it is asked: a legend's
colors come back. Pieces of photos have 0.72 to 0.78; public label sets at most 0.41, drawn ones 0.57."""

SHADE_CLASSES, SHADE_STEP = 6, 5
"""Classes from which on, and levels in each channel up to which, colors may be shades of one class by file."""

SHARING_IMAGES, SHARING_COLORS = 4, 3.0
"""Color labels from which on, and median number of their colors from which on, it is asked whether they share any."""

SHARED_DISTANCE, MIN_SHARED = 4.0, 0.2
"""RGB distance of a color to the nearest one of another image up to which they share it; least median share of a
label's flat pixels in shared colors. Measured: 86 public sets 0.45 and more, 348 drawn ones 0.3 and more; photos
reduced to few colors one by one, and objects numbered image by image, up to 0.2."""

EXPLAINED = 0.02
"""Largest share of unmatched pixels of small labels whose palette is right. Measured at 64 pixels in JPEG: mostly 0.001
to 0.02 with all classes, 0.02 to 0.6 with some missing; small photos 0.1 to 0.4."""

HALF_BAR = 5
"""Width of a bar in pixels up to which two panels are simply halves: labels have such bars by chance."""


@dataclass(frozen=True)
class Looked:
    """What some images are; several add up.

    Attributes
    ----------
    kinds : dict of str to ImageKind
        By the item's key.
    photos : dict of str to ImageKind
        What the photos are, where photo and label are parts of one file.
    """

    images: int = 0
    kinds: dict[str, ImageKind] = field(default_factory=dict)
    photos: dict[str, ImageKind] = field(default_factory=dict)


@dataclass(frozen=True)
class LookAtImages:
    """The work of classifying a chunk of images.

    Parameters
    ----------
    dataset : Dataset
        Reads the images.
    photos : frozenset of str
        Keys of the items whose photo is classified, too, where one file holds photo and label.
    """

    dataset: Dataset
    photos: frozenset[str] = frozenset()

    def __call__(self, items: Sequence[Item]) -> Looked:
        """Classify each image; one that cannot be read is left to the run to name."""
        kinds, photos = {}, {}
        for item in items:
            try:
                label = read_label(self.dataset, item)
                asked = item.key in self.photos and item.photo == item.label
                photo = self.dataset.read_photo(item) if asked else None
            except UnreadableImage:
                continue
            kinds[item.key] = classify(label.pixels)
            if photo is not None:
                photos[item.key] = classify(photo)
        return Looked(len(items), kinds, photos)

    def add_up(self, parts: Sequence[Looked]) -> Looked:
        """Add up what the chunks gave."""
        kinds, photos = (
            {k: v for part in parts for k, v in getattr(part, name).items()} for name in ("kinds", "photos")
        )
        return Looked(sum(part.images for part in parts), kinds, photos)


def sample_items(items: Sequence[Item]) -> list[Item]:
    """Return at most eight items of each file type, spread over the list."""
    by_suffix: dict[str, array[int]] = defaultdict(lambda: array("q"))
    for place, item in enumerate(items):
        by_suffix[item.label.suffix.lower()].append(place)
    chosen = []
    for group in by_suffix.values():
        places = np.linspace(0, len(group) - 1, min(len(group), SAMPLED_PER_SUFFIX)).round().astype(int)
        chosen += [items[group[place]] for place in dict.fromkeys(places.tolist())]
    return chosen


def choose_photos(chosen: Sequence[Item]) -> frozenset[str]:
    """Return the keys of the items whose photo is looked at, where one file holds photo and label.

    Groups of files without photos are told by comparing them; of one group, a few tell whether there are any.
    """
    several = len({file_group(item) for item in chosen}) > 1
    return frozenset(item.key for item in (chosen if several else chosen[:PHOTOS_LOOKED_AT]))


def file_group(item: Item) -> tuple[str, str]:
    """Return the folder and the file type of an item: files of one origin mostly share both."""
    return item.label.parent.name, item.label.suffix.lower()


def doubt_about(items: Sequence[Item], looked: Looked, dataset_name: str = "") -> str:
    """Say what the input seems to be if it is not, or not only, label images; nothing if it is.

    Parameters
    ----------
    items : sequence of Item
        All of the input.
    looked : Looked
        What a sample of them is.
    dataset_name : str
        The chosen option of `dataset`, such as `folder`.
    """
    if not looked.kinds:
        return ""
    odd = {key: kind for key, kind in looked.kinds.items() if kind.kind not in LABEL_KINDS - {INSTANCE_IDS}}
    odd = {key: kind for key, kind in odd.items() if kind.certainty >= SURE}
    if len(odd) >= MOST * len(looked.kinds) and not _is_one_type_of_several(items, looked, odd):
        return _whole_input(looked, odd, dataset_name)
    return _some_files(items, looked, odd) or _without_photos(items, looked) or _without_shared_colors(looked)


def seem_small(looked: Looked) -> bool:
    """Tell whether small size may be all that makes images look like photos: their palette then tells."""
    odd = [kind for kind in looked.kinds.values() if kind.kind not in LABEL_KINDS]
    return bool(odd) and all(kind.reason == SMALL for kind in odd)


def explains(palette: Palette, labels: Sequence[LabelImage]) -> bool:
    """Tell whether a palette leaves hardly a pixel of some images unmatched."""
    mask, matcher = Nearest().for_palette(palette, Rgb()), PixelMatcher(palette)
    counts = [matcher.match(label.pixels, mask(label))[0] for label in labels]
    return sum(row.unmatched for row in counts) <= EXPLAINED * sum(row.pixels for row in counts)


def doubt_about_objects(found: Found, images: int) -> str:
    """Say that colors seem to number objects, where there are many and most are in one image only.

    A few images of a data set with many classes are like that too; then a published legend has all colors.
    """
    candidates = found.candidates
    published = any(match.matched == len(found.palette) for match in found.closest)
    if candidates is None or images < 3:
        return ""
    accepted = candidates.accepted
    alone = sum(candidate.images == 1 for candidate in accepted)
    if published or len(accepted) < OBJECT_CLASSES or alone < OBJECTS_IN_ONE_IMAGE * len(accepted):
        lone = "" if published else doubt_about_lone(candidates, images)
        return lone or doubt_about_shades(candidates, images) or doubt_about_most(candidates)
    return (
        f"{alone} of {len(accepted)} colors are in one image only: they seem to number objects (instance ids), not "
        "classes; use the label images with class colors, if there are any"
    )


def doubt_about_shades(candidates: Candidates, images: int) -> str:
    """Say that a class seems to have another shade in other files, where most colors are groups of nearly one color.

    Colors of one group that are classes would meet in some image; shades of one class never do, so together they have
    no more images than there are.
    """
    if not candidates.exact or candidates.index_masks or len(candidates.accepted) < SHADE_CLASSES:
        return ""
    groups: list[list[Candidate]] = []
    for candidate in sorted(candidates.accepted, key=lambda each: each.color):
        near = [g for g in groups if any(_differ(candidate, other) <= SHADE_STEP for other in g)]
        groups = [g for g in groups if g not in near] + [[candidate, *(each for g in near for each in g)]]
    several = [g for g in groups if len(g) > 1 and sum(each.images for each in g) <= images]
    if 2 * sum(map(len, several)) < len(candidates.accepted):
        return ""
    return (
        f"{len(candidates.accepted)} colors are {len(groups)} groups of shades up to {SHADE_STEP} levels apart, which "
        "share no image: a class seems to have another shade in other files; "
        f"palette.min_distance={SHADE:g} makes one class of each group"
    )


def doubt_about_lone(candidates: Candidates, images: int) -> str:
    """Say that most classes of damaged images are in one image only."""
    accepted = candidates.accepted
    alone = sum(candidate.images == 1 for candidate in accepted)
    few = images < LONE_OF_IMAGES or len(accepted) < SHADE_CLASSES
    if candidates.exact or few or alone < LONE_SHARE * len(accepted):
        return ""
    return (
        f"{alone} of {len(accepted)} colors are in one of {images} images only, where classes come back: there "
        "seem to be pieces of photos in the images; use the label images without them, or palette.file with the legend"
    )


def doubt_about_most(candidates: Candidates) -> str:
    """Say that most classes are doubtful, each by itself."""
    accepted = candidates.accepted
    doubtful = sum(candidate.certainty < DOUBTFUL for candidate in accepted)
    if len(accepted) < SHADE_CLASSES or doubtful < MOST * len(accepted):
        return ""
    return (
        f"{doubtful} of {len(accepted)} classes are doubtful (column certainty of palette.csv): the images may be no "
        "labels, or drawn through a color map or resized more than once; use the originals, if there are any"
    )


def _differ(one: Candidate, other: Candidate) -> int:
    return max(abs(a - b) for a, b in zip(one.color, other.color, strict=True))


def _is_one_type_of_several(items: Sequence[Item], looked: Looked, odd: dict[str, ImageKind]) -> bool:
    """Tell whether some file type is labels: then the others are strays among them, however many."""
    suffixes = {item.key: item.label.suffix.lower() for item in items if item.key in looked.kinds}
    looked_at = Counter(suffixes[key] for key in looked.kinds)
    odd_of = Counter(suffixes[key] for key in odd)
    return len(looked_at) > 1 and any(odd_of[suffix] <= SOME * count for suffix, count in looked_at.items())


def _whole_input(looked: Looked, odd: dict[str, ImageKind], dataset_name: str) -> str:
    counted = Counter(kind.kind for kind in odd.values())
    if counted[PHOTO] + counted[OVERLAY] and not _panels_agree(odd):
        del counted[PANELS]  # an edge through a photo or an overlay is taken for a bar now and then
    kind, times = counted.most_common(1)[0]
    example = next(key for key, each in odd.items() if each.kind == kind)
    seen = f"{times} of {len(looked.kinds)} looked at, such as {example}"
    if dataset_name == "overlay":
        return (
            f"with the blend undone these are no clean labels ({seen}): heat maps, or low JPEG quality; the palette is "
            "to be checked: give the folder of the labels themselves as dataset.root, if there is one"
        )
    if kind == PANELS:
        return _say_panels([each.panels for each in odd.values() if each.panels], seen)
    small = all(each.reason == SMALL for each in odd.values())
    if kind in (PHOTO, OVERLAY) and counted[PHOTO] and counted[OVERLAY] and not small:
        times = counted[PHOTO] + counted[OVERLAY]
        seen = f"{times} of {len(looked.kinds)} looked at, such as {example}"
        return (
            f"these seem to be photos, or labels blended onto photos (overlays), not label images ({seen}); the "
            "palette is not to be trusted: give the folder of the labels alone as dataset.root (of overlays: "
            "dataset=overlay dataset.photos=FOLDER undoes the blend)"
        )
    reason = Counter(each.reason for each in odd.values() if each.kind == kind).most_common(1)[0][0]
    what, remedy = (
        PHOTO_REASONS.get(reason)
        or {
            PHOTO: ("photos, not label images", "give the folder of the labels as dataset.root"),
            OVERLAY: (
                "labels blended onto photos (overlays), not plain label images",
                "give the folder of the labels alone as dataset.root, or dataset=overlay with dataset.photos=FOLDER",
            ),
            FIGURE: (
                "figures with axes or captions, or pages of pictures, not plain label images",
                "give the label files that they were made of",
            ),
            SCREENSHOT: ("screenshots or pages of text, not label images", "give the label files themselves"),
            INSTANCE_IDS: (
                "object numbers (instance ids: a color an object), not classes",
                "give the label images with class colors",
            ),
        }[kind]
    )
    return f"these seem to be {what} ({seen}); the palette is not to be trusted: {remedy}"


def _panels_agree(odd: dict[str, ImageKind]) -> bool:
    """Tell whether half of some images have panels in the same places: one program makes all files of a set."""
    places = Counter((each.panels.rows, each.panels.columns, each.panels.label) for each in odd.values() if each.panels)
    return bool(places) and places.most_common(1)[0][1] >= MOST * len(odd)


PHOTO_REASONS = {
    REDUCED: ("photos reduced to few colors, not label images", "give the folder of the labels as dataset.root"),
    SOFT: (
        "photos, heat maps, or masks with soft rims, whose values in between are no classes",
        "give the folder of plain labels as dataset.root (thresholded ones, of soft masks)",
    ),
    PLAIN_BACKGROUND: (
        "objects without colors of their own on a plain background: parts of photos, or labels too thin for JPEG",
        "give labels as dataset.root, in PNG if these are compressed ones",
    ),
    SMALL: (
        "photos, or labels too small for their compression",
        "give the folder of the labels as dataset.root, in PNG or in full size",
    ),
}
"""What is said of photos and overlays that may be something else, and what to do, by `ImageKind.reason`."""


def _say_panels(panels: Sequence[Panels], seen: str) -> str:
    (rows, columns), _ = Counter((each.rows, each.columns) for each in panels).most_common(1)[0]
    alike = [each for each in panels if (each.rows, each.columns) == (rows, columns)]
    bar = int(np.median([each.bar for each in alike]))
    label = Counter(each.label for each in alike if each.label is not None).most_common(1)
    parts = ", ".join(dict.fromkeys(alike[0].kinds))
    if not label:
        return (
            f"these seem to be {rows * columns} panels in one file, none of them a label ({parts}; {seen}); the "
            "palette is not to be trusted: give the folder of the labels as dataset.root"
        )
    number = label[0][0]
    parts = ", ".join(alike[0].kinds)
    if (rows, columns) == (1, 2) and bar <= HALF_BAR:
        side = "left" if number == 0 else "right"
        return f"these seem to be pairs in one file ({parts}; {seen}): use dataset=pairs dataset.label={side}"
    way = "beside" if columns > 1 else "above"
    bars = f" with bars of {bar} pixels" if bar else ""
    return (
        f"these seem to be {rows * columns} panels {way} each other{bars} ({parts}; {seen}): use dataset=panels "
        f"dataset.label={number + 1}"
    )


def _without_photos(items: Sequence[Item], looked: Looked) -> str:
    """Say which folder or file type has labels only, where photo and label should be parts of each file."""
    if not looked.photos:
        return ""
    folders = {item.key: file_group(item) for item in items if item.key in looked.photos}
    groups: dict[tuple[str, str], list[str]] = {}
    for key in looked.photos:
        groups.setdefault(folders[key], []).append(key)
    labels = {key for key, kind in looked.photos.items() if kind.kind in LABEL_KINDS and kind.certainty >= SURE}
    if len(looked.photos) > 1 and labels.issuperset(looked.photos):
        seen = f"{len(labels)} looked at, such as {next(iter(looked.photos))}"
        return (
            f"both parts of each file seem to be labels ({seen}); "
            "use dataset=folder if the files hold labels alone, and not photo and label side by side"
        )
    without = {group: keys for group, keys in groups.items() if len(keys) > 1 and labels.issuperset(keys)}
    if not without or all(labels.intersection(keys) for keys in groups.values()):
        return ""
    (folder, suffix), keys = next(iter(without.items()))
    total = sum(file_group(item) == (folder, suffix) for item in items)
    return (
        f"the {total} {suffix or 'nameless'} files of {folder}/ seem to hold no photo (such as {keys[0]}) and were cut "
        "like the others; give the folder of the pairs alone as dataset.root, or their pattern as dataset.labels"
    )


def _without_shared_colors(looked: Looked) -> str:
    """Say that images have hardly a color in common, where each has several: labels share those of their classes."""
    images = [np.array(kind.colors) for kind in looked.kinds.values() if kind.colors]
    if len(images) < SHARING_IMAGES or np.median([len(colors) for colors in images]) < SHARING_COLORS:
        return ""
    shares = []
    for number, own in enumerate(images):
        others = np.concatenate([colors for k, colors in enumerate(images) if k != number])
        shared = between(own[:, :3], others[:, :3]).min(axis=1) <= SHARED_DISTANCE
        shares.append(own[shared, 3].sum() / own[:, 3].sum())
    share = float(np.median(shares))
    if share > MIN_SHARED:
        return ""
    return (
        f"hardly a color is in two of {len(images)} images looked at ({share:.0%} of their flat pixels); labels share "
        "those of their classes: these seem to be photos reduced to few colors, or objects numbered image by image; "
        "the palette is not to be trusted: give the folder of the labels as dataset.root"
    )


def _some_files(items: Sequence[Item], looked: Looked, odd: dict[str, ImageKind]) -> str:
    """Say which file type, or which part of all, is not labels."""
    if not odd:
        return ""
    labels = {item.key: item.label for item in items if item.key in looked.kinds}
    suffixes = {key: label.suffix.lower() for key, label in labels.items()}
    looked_at = Counter(suffixes[key] for key in looked.kinds)
    odd_of = Counter(suffixes[key] for key in odd)
    for suffix, times in odd_of.most_common():
        whole_type = len(looked_at) > 1 and times >= MOST * looked_at[suffix]
        if not whole_type and len(odd) < max(SOME * len(looked.kinds), 2):
            continue
        keys = [key for key in odd if suffixes[key] == suffix]
        kind = Counter(odd[key].kind for key in keys).most_common(1)[0][0]
        many = {PHOTO: "photos", OVERLAY: "overlays", FIGURE: "figures", PANELS: "images of several panels"}
        what = many.get(kind, f"images of another kind ({kind})")
        if all(odd[key].reason == SMALL for key in keys):
            what = "photos, or labels too small for their compression,"
        total = sum(item.label.suffix.lower() == suffix for item in items)
        which = (
            f"the {total} {suffix or 'nameless'} files" if whole_type else f"{len(keys)} of {looked_at[suffix]} files"
        )
        example = labels[keys[0]].name
        return (
            f"{what} seem to be among the labels: {which}, such as {example}; keep them in a folder of their "
            "own (dataset.photos=FOLDER pairs photos with labels)"
        )
    return ""

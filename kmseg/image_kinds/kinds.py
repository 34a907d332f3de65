"""The kinds of images that a folder of labels may hold, and what is said of one image."""

from __future__ import annotations

from dataclasses import dataclass, field

PHOTO, COLOR_LABEL, INDEX_MASK, BINARY_MASK, INSTANCE_IDS = (
    "photo",
    "color label",
    "index mask",
    "binary mask",
    "instance ids",
)
PANELS, OVERLAY, FIGURE, SCREENSHOT = "panels", "overlay", "figure", "screenshot"
KINDS = (PHOTO, COLOR_LABEL, INDEX_MASK, BINARY_MASK, INSTANCE_IDS, PANELS, OVERLAY, FIGURE, SCREENSHOT)

LABEL_KINDS = frozenset({COLOR_LABEL, INDEX_MASK, BINARY_MASK, INSTANCE_IDS})
"""Kinds whose pixels are class or object codes."""

REDUCED, SOFT, PLAIN_BACKGROUND, SMALL = "reduced", "soft", "plain background", "small"
"""Why an image counts as a photo, where it may also be something else: few colors of a gradient cut into steps; values
that rise evenly over many pixels; objects on a plain background that have no color of their own; a small image."""


@dataclass(frozen=True)
class Panels:
    """How an image falls into panels.

    Attributes
    ----------
    rows, columns : int
        Number of panels down and across.
    boxes : tuple of (top, bottom, left, right)
        The panels in reading order, in pixels of the image, bars left out.
    kinds : tuple of str
        What each panel is.
    bar : int
        Width of the bars between the panels in pixels; 0 without.
    label : int or None
        The first panel that is a label.
    """

    rows: int
    columns: int
    boxes: tuple[tuple[int, int, int, int], ...]
    kinds: tuple[str, ...]
    bar: int
    label: int | None

    @property
    def count(self) -> int:
        """The number of panels."""
        return self.rows * self.columns


@dataclass(frozen=True)
class ImageKind:
    """What an image is.

    Attributes
    ----------
    kind : str
        One of `KINDS`.
    certainty : float
        From 0 (a guess) to 1.
    measures : dict of str to float
        `flat`, `exact_flat`: shares of pixels whose 3x3 neighborhood spans at most 12 and 0 levels; `peaks`: sharp
        peaks of the flat colors; `unexplained`: share of pixels neither near a peak nor a mixture of two;
        `foreground_unexplained`: the same without the largest peak; `shaded`: share, of the pixels outside the largest
        peak, that is flat and near no peak; `ramps`: share of pixels on long, even rises;
        `core_unexplained`: the same of the pixels far from the largest peak; `at_peaks`: share of pixels near a peak;
        `colors`: distinct colors in the sample; `gray`: 1 where the three channels are equal.
    values : tuple of int
        The gray values of an index mask or binary mask.
    panels : Panels or None
        The panels, where there are several.
    colors : tuple of (r, g, b, pixels)
        The sharp colors that have 1 % of the flat pixels and more, and how many each has.
    reason : str
        Of a photo or overlay: `REDUCED`, `SOFT`, `PLAIN_BACKGROUND` or `SMALL`, where it may also be something else.
    """

    kind: str
    certainty: float
    measures: dict[str, float] = field(default_factory=dict)
    values: tuple[int, ...] = ()
    panels: Panels | None = None
    colors: tuple[tuple[float, float, float, int], ...] = ()
    reason: str = ""

    @property
    def is_label(self) -> bool:
        """Whether the image as a whole is a label."""
        return self.kind in LABEL_KINDS

"""Colors and fonts of every picture and plot, written once."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont, ImageFont

INK, PAPER, FAINT = (25, 25, 28), (255, 255, 255), (120, 120, 126)
"""Text; background; captions and outlines. RGB, for Pillow."""

PLOT_INK, PLOT_FAINT, PLOT_GRID = "#19191c", "#82828c", "#e6e6ea"
"""The same for Matplotlib, where thin text is lighter, and the lines of a grid."""

SERIES = ("#2f6f9f", "#d9822b", "#4f9d69", "#a8498f", "#8a6d3b", "#c0392b", "#5b5bd6", "#7f8c8d")
"""Lines of a plot, in their order."""

METHODS = {
    "paper": "#7fb8e6",
    "kmeans": "#0072b2",
    "nearest_given": "#7fcdbb",
    "kmeans_given": "#009e73",
    "hsv_untuned": "#f3d27a",
    "hsv_single": "#e69f00",
    "hsv_per_class": "#d55e00",
}
"""Bars of a comparison: K-Means methods are blue and green, HSV methods orange; distinguishable with color vision
deficiency (M. Okabe and K. Ito, "Color universal design", 2008)."""

CAPTION, SMALL, TEXT, HEADING, TITLE = 12, 13, 14, 15, 20
"""Sizes of text in pictures, pixels."""

PLOT_DPI = 110
"""Resolution of plots, in dots per inch."""


@cache
def font(size: int) -> ImageFont | FreeTypeFont:
    """Return Pillow's own font, which every machine has, in a size in pixels."""
    from PIL import ImageFont

    return ImageFont.load_default(size)

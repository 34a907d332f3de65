"""What one image is, by its pixels: a photo, a color label, an index mask, panels, an overlay, a figure, a screenshot.

A label image is flat: most pixels have the color of their neighbors, the flat colors are few and sharp peaks of the
color density, and what is not flat lies between two of them (antialiasing, resizing, JPEG). A photo has neither sharp
peaks nor such mixtures. Everything here is measured on one image; a set is classified by its images together.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmseg.image_kinds.content import classify_content, classify_deep, is_gray
from kmseg.image_kinds.kinds import (
    BINARY_MASK,
    COLOR_LABEL,
    FIGURE,
    INDEX_MASK,
    INSTANCE_IDS,
    KINDS,
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
)
from kmseg.image_kinds.pages import find_page
from kmseg.image_kinds.panels import find_panels

__all__ = [
    "BINARY_MASK",
    "COLOR_LABEL",
    "FIGURE",
    "INDEX_MASK",
    "INSTANCE_IDS",
    "KINDS",
    "LABEL_KINDS",
    "OVERLAY",
    "PANELS",
    "PHOTO",
    "PLAIN_BACKGROUND",
    "REDUCED",
    "SCREENSHOT",
    "SMALL",
    "SOFT",
    "ImageKind",
    "Panels",
    "classify",
]


def classify(pixels: NDArray[Any], encoding: Any = None) -> ImageKind:
    """Tell what an image is.

    Parameters
    ----------
    pixels : ndarray of shape (H, W), (H, W, 3) or (H, W, 4), uint8 or uint16
        The image, channels in any order.
    encoding : Encoding, optional
        How the file was compressed, where known. Not needed.

    Returns
    -------
    ImageKind
    """
    image = _as_color(pixels)
    if image.dtype == bool:
        image = image.astype(np.uint8) * np.uint8(255)
    if image.dtype != np.uint8:
        if is_gray(image):
            return classify_deep(image)
        image = (image / 257).astype(np.uint8) if image.dtype == np.uint16 else np.clip(image, 0, 255).astype(np.uint8)
    if min(image.shape[:2]) == 0:
        return ImageKind(PHOTO, 0.0)
    content = classify_content(image)
    panels = find_panels(image, content)
    if panels is not None:
        sure = 0.9 if panels.label is not None and set(panels.kinds) - LABEL_KINDS else 0.7
        return ImageKind(PANELS, sure, content.measures, panels=panels, colors=content.colors)
    return find_page(image, content) or content


def _as_color(pixels: NDArray[Any]) -> NDArray[Any]:
    image = np.asarray(pixels)
    if image.ndim == 2:
        image = image[..., None]
    if image.shape[2] < 3:
        image = np.repeat(image[..., :1], 3, axis=2)
    return image[..., :3]

"""Pictures small enough to stand in the page: as data addresses, and masks as packed class numbers."""

from __future__ import annotations

import base64
import zlib
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from kmseg.images import encode_png

GOOD, FAIR = 90, 75
"""Qualities of WebP: a label keeps its borders; a photo only has to be recognized."""


def picture_of_label(label: NDArray[np.uint8]) -> str:
    """Return a label as a data address: PNG, or WebP where noise makes that smaller."""
    png, webp = encode_png(label), _webp(label, GOOD)
    return _address("image/png", png) if len(png) <= len(webp) else _address("image/webp", webp)


def picture_of_photo(photo: NDArray[np.uint8]) -> str:
    """Return a photo as a data address."""
    return _address("image/webp", _webp(photo, FAIR))


def packed(mask: NDArray[Any]) -> str:
    """Return class numbers row by row, one byte each (two, the low one first, past 255 classes), deflated, in base64.

    A browser that paints them is exact by construction; the pixels of a picture it may adapt to the screen.
    """
    numbers = mask.astype("<u2" if mask.dtype == np.uint16 else np.uint8)
    return base64.b64encode(zlib.compress(numbers.tobytes(), 6)).decode("ascii")


def sampled(image: NDArray[Any], width: int, height: int) -> NDArray[Any]:
    """Scale a label or a mask by taking pixels, so that nothing is mixed."""
    rows = np.arange(height) * image.shape[0] // height
    columns = np.arange(width) * image.shape[1] // width
    return image[rows[:, None], columns]


def averaged(photo: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """Scale a photo."""
    return np.asarray(cv2.resize(photo, (width, height), interpolation=cv2.INTER_AREA))


def _webp(image: NDArray[np.uint8], quality: int) -> bytes:
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    return bytes(cv2.imencode(".webp", bgr, [cv2.IMWRITE_WEBP_QUALITY, quality])[1])


def _address(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"

"""Pictures embedded in the page as data URLs, and masks as packed class numbers."""

from __future__ import annotations

import base64
import zlib
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from kmseg.images import encode_png

LABEL_QUALITY, PHOTO_QUALITY = 90, 75
"""WebP qualities; labels need sharp borders, photos only have to be recognizable."""


def picture_of_label(label: NDArray[np.uint8]) -> str:
    """Return a label as a data URL: PNG, or WebP if that is smaller."""
    png, webp = encode_png(label), _webp(label, LABEL_QUALITY)
    return _data_url("image/png", png) if len(png) <= len(webp) else _data_url("image/webp", webp)


def picture_of_photo(photo: NDArray[np.uint8]) -> str:
    """Return a photo as a data URL."""
    return _data_url("image/webp", _webp(photo, PHOTO_QUALITY))


def packed(mask: NDArray[Any]) -> str:
    """Return class numbers row by row, one byte each (two, the low one first, past 255 classes), deflated, in base64.

    Painted from numbers, colors are exact; a browser may color-manage the pixels of a picture.
    """
    numbers = mask.astype("<u2" if mask.dtype == np.uint16 else np.uint8)
    return base64.b64encode(zlib.compress(numbers.tobytes(), 6)).decode("ascii")


def sampled(image: NDArray[Any], width: int, height: int) -> NDArray[Any]:
    """Scale a label or a mask by nearest neighbor, so that no colors are mixed."""
    rows = np.arange(height) * image.shape[0] // height
    columns = np.arange(width) * image.shape[1] // width
    return image[rows[:, None], columns]


def averaged(photo: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """Scale a photo by area averaging."""
    return np.asarray(cv2.resize(photo, (width, height), interpolation=cv2.INTER_AREA))


def _webp(image: NDArray[np.uint8], quality: int) -> bytes:
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    return bytes(cv2.imencode(".webp", bgr, [cv2.IMWRITE_WEBP_QUALITY, quality])[1])


def _data_url(kind: str, data: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"

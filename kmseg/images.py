"""Read label images and photos of common formats as RGB; encode masks as PNG."""

from __future__ import annotations

import io
import warnings
import zlib
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from kmseg._limits import MAX_PIXELS
from kmseg.errors import UnreadableImage
from kmseg.files import read_bytes, write_bytes

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".jpe", ".bmp", ".tif", ".tiff", ".webp"})

_MASK_PNG_FLAGS = [
    cv2.IMWRITE_PNG_STRATEGY,
    cv2.IMWRITE_PNG_STRATEGY_RLE,
    cv2.IMWRITE_PNG_FILTER,
    cv2.IMWRITE_PNG_FILTER_NONE,
]
"""Gray masks consist of runs of equal bytes: without PNG filter, file and encoding time are a fifth smaller."""

MAX_BYTES = 4 * MAX_PIXELS
"""Maximum size of an image file in bytes: uncompressed RGBA."""

# kmseg reports broken files itself, with their names.
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


def is_image(path: Path) -> bool:
    """Return whether the file has the suffix of an image format that kmseg reads."""
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


def read_rgb(path: Path) -> NDArray[np.uint8]:
    """Read PNG, JPEG, BMP, TIFF or WebP as RGB.

    Gray and paletted images are converted to their colors and an alpha channel is dropped. Pixels are
    returned as stored: an EXIF rotation is not applied, since training pipelines do not apply it either.

    Returns
    -------
    ndarray of shape (H, W, 3), uint8

    Raises
    ------
    UnreadableImage
        If the file is missing, empty, truncated, of another kind, has more than 8 bits per channel or declares more
        than `kmseg._limits.MAX_PIXELS` pixels.
    """
    data = read_complete_file(path)
    if data.startswith(b"\x89PNG") and len(data) > 24 and data[24] == 16:
        raise _too_deep(path)
    tiff = data[:4] in (b"II*\0", b"MM\0*")
    flags = cv2.IMREAD_UNCHANGED if tiff else cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except (cv2.error, MemoryError):
        image = None
    if image is None:
        raise _refused(path, data)
    if image.dtype != np.uint8:
        raise _too_deep(path)
    if tiff and image.ndim == 3 and image.shape[2] == 4:
        return _tiff_without_alpha(path)
    return _rgb_of_unchanged(image) if tiff else image


def read_complete_file(path: Path) -> bytes:
    """Return the bytes of an image file; raise `UnreadableImage` if it is missing, empty, cut short or huge."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UnreadableImage(f"{path}: larger than {MAX_BYTES >> 20} MB, which no image of a legal size is")
        data = read_bytes(path)
    except OSError as error:
        raise UnreadableImage(f"{path}: cannot be opened ({error.strerror or error})") from None
    if not data:
        raise UnreadableImage(f"{path}: the file is empty")
    if _is_truncated(data):
        raise UnreadableImage(f"{path}: the file is truncated or damaged; copy or download it again")
    return data


def encode_png(image: NDArray[np.uint8] | NDArray[np.uint16]) -> bytes:
    """Encode gray `(H, W)` uint8 or uint16, or RGB `(H, W, 3)` uint8, as PNG."""
    pixels = cv2.cvtColor(image, cv2.COLOR_RGB2BGR) if image.ndim == 3 else image
    return cv2.imencode(".png", pixels, _MASK_PNG_FLAGS if pixels.ndim == 2 and pixels.dtype == np.uint8 else [])[
        1
    ].tobytes()


def write_png(path: Path, image: NDArray[np.uint8] | NDArray[np.uint16]) -> Path:
    """Write a PNG file atomically."""
    return write_bytes(path, encode_png(image))


def _rgb_of_unchanged(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if image.ndim == 2 or image.shape[2] == 1:
        return np.asarray(cv2.cvtColor(image, cv2.COLOR_GRAY2RGB))
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))


def _tiff_without_alpha(path: Path) -> NDArray[np.uint8]:
    """Read a TIFF of four channels with Pillow: OpenCV premultiplies alpha, which changes colors."""
    from PIL import Image

    try:
        with Image.open(path) as image:
            return np.asarray(image if image.mode == "RGBA" else image.convert("RGB"))[..., :3].copy()
    except Exception as error:  # Pillow raises anything for a broken file
        raise UnreadableImage(f"{path}: not a readable TIFF image ({error})") from None


def _refused(path: Path, data: bytes) -> UnreadableImage:
    """Return the reason why OpenCV did not decode a file; Pillow reads the size from the header without decoding."""
    from PIL import Image

    try:
        with warnings.catch_warnings(action="ignore"), Image.open(io.BytesIO(data)) as image:
            width, height = image.size
    except Image.DecompressionBombError:
        return _too_large(path, "")
    except Exception:  # Pillow raises anything for a broken header
        width = height = 0
    if width * height > MAX_PIXELS:
        return _too_large(path, f" ({width} x {height})")
    return UnreadableImage(f"{path}: not a readable PNG, JPEG, BMP, TIFF or WebP image")


def _too_large(path: Path, size: str) -> UnreadableImage:
    limit = f"{MAX_PIXELS / 1e6:.0f} million pixels"
    return UnreadableImage(f"{path}: declares more than {limit}{size}, kmseg's limit; split it into tiles")


def _too_deep(path: Path) -> UnreadableImage:
    return UnreadableImage(f"{path}: more than 8 bits per channel; convert it to 8 bits")


def _is_truncated(data: bytes) -> bool:
    """Return whether the file is truncated; decoders fill the missing part with gray without an error."""
    if data.startswith(b"\xff\xd8"):
        # The end marker must follow the last start of scan; an embedded thumbnail has both markers before it.
        return not data.endswith(b"\xff\xd9") and data.rfind(b"\xff\xd9") < data.rfind(b"\xff\xda")
    if data.startswith(b"\x89PNG"):
        return not _png_is_complete(data)
    if data.startswith(b"BM"):
        return len(data) < int.from_bytes(data[2:6], "little")
    if data.startswith(b"RIFF"):
        return len(data) < int.from_bytes(data[4:8], "little") + 8
    return False


def _png_is_complete(data: bytes) -> bool:
    """Return whether a PNG has valid chunks with pixels and an end; others can make OpenCV allocate gigabytes."""
    place, pixels = 8, False
    while place + 12 <= len(data):
        length, kind = int.from_bytes(data[place : place + 4], "big"), data[place + 4 : place + 8]
        end = place + 8 + length
        if zlib.crc32(memoryview(data)[place + 4 : end]) != int.from_bytes(data[end : end + 4], "big"):
            return False
        if kind == b"IEND":
            return pixels
        pixels = pixels or kind == b"IDAT"
        place = end + 4
    return False

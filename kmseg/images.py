"""Read label images, with their encoding, and photos of common formats as RGB; encode masks as PNG."""

from __future__ import annotations

import io
import struct
import threading
import warnings
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from kmseg import storage
from kmseg.encoding import MAX_PIXELS, UNKNOWN, Encoding, count_pages, is_pnm, read_encoding, read_pnm_maximum
from kmseg.errors import UnreadableImage, UserError
from kmseg.files import read_bytes, write_bytes

T = TypeVar("T")

MIN_EQUAL_NEIGHBORS = 0.8
"""Share of pixels equal to their right neighbor from which on an image holds numbers of areas."""

JPEG_SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".jfif"})
"""Suffixes of JPEG files, lower case."""

SUFFIXES = JPEG_SUFFIXES | {".png", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm", ".pbm", ".pnm"}
"""Suffixes of the image files that are read, lower case."""

EXIF_SUFFIXES = JPEG_SUFFIXES | {".webp", ".tif", ".tiff", ".png"}
"""Suffixes of files that may say by EXIF data how viewers turn them."""

FORMATS_READ = "PNG, JPEG, BMP, GIF, TIFF, WebP or PPM"
"""For messages; PPM stands for the four formats of Netpbm."""

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"

PNG_FILTER_NONE, PNG_FILTER_UP = 0, 2
"""PNG filters: the row itself, or its difference from the row above. Masks consist of runs of equal bytes, and vertical
borders have difference 0. With zlib-ng's run-length strategy, masks take 0.3 to 0.8 of the time of OpenCV's encoder and
0.6 to 1.0 of the bytes, color images 0.1 to 0.2 and 0.4 to 0.6 (five data sets, `docs/speed.md`)."""

MAX_BYTES = 4 * MAX_PIXELS
"""Maximum size of an image file in bytes: uncompressed RGBA."""

_WARNINGS_LOCK = threading.Lock()
"""Held while warnings are ignored: before Python 3.14 the warning filters belong to the whole process."""

# kmseg reports broken files itself, with their names.
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


class Box(NamedTuple):
    """A rectangle of an image: its rows are `top` to `bottom` - 1, its columns `left` to `right` - 1."""

    top: int
    bottom: int
    left: int
    right: int


@dataclass(frozen=True, eq=False)
class LabelImage:
    """A label image: its pixels, and how its file is encoded. NumPy takes it for its pixels.

    Parameters
    ----------
    pixels : ndarray of shape (H, W, 3), uint8
        RGB.
    encoding : Encoding
        Read from the file's header; `UNKNOWN` for an array.
    data : bytes or None
        The bytes of a JPEG file, for its DCT coefficients; None for all others.
    box : Box or None
        The part of the file's image that `pixels` are; None is the whole.

    Examples
    --------
    >>> label = LabelImage.from_array(np.zeros((4, 6, 3), np.uint8))
    >>> label.crop(Box(top=0, bottom=4, left=3, right=6)).shape
    (4, 3, 3)
    """

    pixels: NDArray[np.uint8]
    encoding: Encoding = UNKNOWN
    data: bytes | None = field(default=None, repr=False)
    box: Box | None = None

    @classmethod
    def from_array(cls, pixels: Any) -> LabelImage:
        """Make a label image of pixels alone, `(H, W, 3)` uint8 RGB."""
        array = np.asarray(pixels)
        if array.ndim != 3 or array.shape[2] != 3 or array.dtype != np.uint8:
            raise UserError(
                f"a label image is an array of shape {array.shape} and type {array.dtype}; "
                "expected RGB, (H, W, 3) uint8"
            )
        return cls(array)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[np.uint8]:
        return np.array(self.pixels, dtype=dtype, copy=copy)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the pixels, `(H, W, 3)`."""
        return self.pixels.shape

    @property
    def nbytes(self) -> int:
        """Bytes that the image takes in memory."""
        return self.pixels.nbytes + len(self.data or b"")

    def crop(self, box: Box) -> LabelImage:
        """Return a part of the image; it shares the pixels and knows where in the file it lies."""
        top, left = (self.box.top, self.box.left) if self.box else (0, 0)
        pixels = self.pixels[box.top : box.bottom, box.left : box.right]
        place = Box(top + box.top, top + box.top + len(pixels), left + box.left, left + box.left + pixels.shape[1])
        return LabelImage(pixels, self.encoding, self.data, place)

    def coefficients(self, reader: Callable[[bytes, Box], T]) -> T | None:
        """Return what `reader` reads of the JPEG file for this part of it; None where there is no JPEG file.

        `reader` gets the file's bytes and the part; nothing is decoded unless it is asked for here.
        """
        if self.data is None or self.encoding.format != "jpeg":
            return None
        return reader(self.data, self.box or Box(0, self.shape[0], 0, self.shape[1]))


def read_rgb(path: Path) -> NDArray[np.uint8]:
    """Read PNG, JPEG, BMP, GIF, TIFF, WebP or PPM (also PGM, PBM, PNM) as RGB.

    Gray and paletted images are converted to their colors and an alpha channel is dropped. Pixels are
    returned as stored: an EXIF rotation is not applied, since training pipelines do not apply it either. Values of more
    than 8 bits are read where 8 bits hold them exactly (`to_8_bits`).

    Returns
    -------
    ndarray of shape (H, W, 3), uint8

    Raises
    ------
    UnreadableImage
        If the file is missing, empty, truncated, of another kind, has values that need more than 8 bits or declares
        more than `kmseg.encoding.MAX_PIXELS` pixels.
    """
    return _decode(path, read_complete_file(path))


def read_label_image(path: Path) -> LabelImage:
    """Read an image file as `read_rgb` does, and its encoding."""
    data = read_complete_file(path)
    encoding = read_encoding(data)
    return LabelImage(_decode(path, data), encoding, data if encoding.format == "jpeg" else None)


def _decode(path: Path, data: bytes) -> NDArray[np.uint8]:
    if (pages := count_pages(data)) > 1:
        raise UnreadableImage(f"{path}: holds {pages} pages or frames; save each as a file of its own")
    if data.startswith(b"GIF8"):
        return _read_gif(path, data)
    tiff = data[:4] in (b"II*\0", b"MM\0*")
    pnm = is_pnm(data)
    may_be_deep = tiff or pnm or (data.startswith(PNG_SIGNATURE) and len(data) > 24 and data[24] == 16)
    flags = cv2.IMREAD_UNCHANGED if may_be_deep else cv2.IMREAD_COLOR_RGB
    image = decode_pixels(data, flags)
    if image is None:
        raise _refused(path, data)
    if image.dtype != np.uint8:
        small = to_8_bits(image)
        if small is None:
            raise _too_deep(path, image)
        return _rgb_of_unchanged(small)
    if tiff and image.ndim == 3 and image.shape[2] == 4:
        return _tiff_without_alpha(path, data)
    return _rgb_of_unchanged(image) if tiff or pnm else image


def decode_pixels(data: bytes, flags: int) -> NDArray[Any] | None:
    """Decode an image with OpenCV, without turning it as its EXIF data say; None where OpenCV cannot."""
    if is_pnm(data):
        return _decode_pnm(data, flags)
    try:
        return cv2.imdecode(np.frombuffer(data, np.uint8), flags | cv2.IMREAD_IGNORE_ORIENTATION) if data else None
    except (cv2.error, MemoryError):
        return None


def _decode_pnm(data: bytes, flags: int) -> NDArray[Any] | None:
    """Decode a Netpbm file with OpenCV, which scales the values of ASCII files to 0..255; here they are scaled back."""
    try:
        highest = read_pnm_maximum(data)
        image = cv2.imdecode(np.frombuffer(data + b"\n", np.uint8), flags)  # it reads on after the last digit
    except (cv2.error, MemoryError, ValueError):
        return None
    if image is not None and data[1:2] in b"23" and highest < 255:
        return np.rint(image * (highest / 255)).astype(np.uint8)
    return image


def to_8_bits(image: NDArray[Any]) -> NDArray[np.uint8] | None:
    """Return the values of an image of another type as uint8 where 8 bits hold them exactly; else None.

    These are whole numbers up to 255, as masks have that were saved as 16 bits, 32 bits or floating point, and 16 bits
    whose two bytes are equal, as programs write them that convert 8 bits to 16.

    Parameters
    ----------
    image : ndarray of any shape and numeric type

    Returns
    -------
    ndarray of the same shape, uint8, or None
    """
    if image.dtype == np.uint8:
        return image
    if image.size and image.min() >= 0 and image.max() <= 255:
        small = image.astype(np.uint8)
        return small if np.array_equal(small, image) else None
    if image.dtype == np.uint16 and not (image % 257).any():
        return (image // 257).astype(np.uint8)
    return None


def read_complete_file(path: Path) -> bytes:
    """Return the bytes of an image file; raise `UnreadableImage` if it is missing, empty, cut short or huge."""
    try:
        if storage.size(path) > MAX_BYTES:
            raise UnreadableImage(f"{path}: larger than {MAX_BYTES >> 20} MB, which no image of a legal size is")
        data = read_bytes(path)
    except OSError as error:
        raise UnreadableImage(f"{path}: cannot be opened ({error.strerror or error})") from None
    if not data:
        raise UnreadableImage(f"{path}: the file is empty")
    if _is_truncated(data):
        raise UnreadableImage(f"{path}: the file is truncated or damaged; copy or download it again")
    return data


def exif_orientation(path: Path) -> int:
    """Return how viewers turn an image, as EXIF numbers it; 1 is upright, and where nothing is said."""
    if path.suffix.lower() not in EXIF_SUFFIXES:
        return 1
    from PIL import Image

    try:
        data = read_bytes(path)
        if data.startswith(PNG_SIGNATURE) and b"eXIf" not in data:
            return 1
        with _ignoring_warnings(), Image.open(io.BytesIO(data)) as image:
            return int(image.getexif().get(0x0112, 1) or 1)
    except Exception:  # of broken metadata, Pillow raises what comes up; the pixels have been read
        return 1


def has_transparent_pixels(path: Path) -> bool:
    """Tell whether some pixels of a PNG, TIFF or WebP file are not opaque."""
    from PIL import Image

    try:
        with _ignoring_warnings(), Image.open(io.BytesIO(read_complete_file(path))) as image:
            if image.mode not in ("RGBA", "LA", "PA") and "transparency" not in image.info:
                return False
            return bool(np.asarray(image.convert("RGBA"))[..., 3].min(initial=255) < 255)
    except Exception:  # a file that cannot be read is named where it is
        return False


@contextmanager
def _ignoring_warnings() -> Iterator[None]:
    """Ignore what Pillow warns of in the block, one thread at a time."""
    with _WARNINGS_LOCK, warnings.catch_warnings(action="ignore"):
        yield


def encode_png(image: NDArray[np.uint8] | NDArray[np.uint16], palette: NDArray[np.uint8] | None = None) -> bytes:
    """Encode an image as PNG with 8 or 16 bits per channel.

    Parameters
    ----------
    image : ndarray of shape (H, W), uint8 or uint16, or (H, W, 3), uint8
        Gray levels, RGB, or palette indices.
    palette : ndarray of shape (n, 3), uint8, optional
        At most 256 colors, for a paletted PNG. It has 8 bits: fewer cannot hold index 255 (ignore).

    References
    ----------
    PNG Specification, third edition, W3C, 2025: the filters (9.2) and the chunks (11).
    """
    from zlib_ng import zlib_ng

    height, width = image.shape[:2]
    depth, color_type = 8 * image.dtype.itemsize, 2 if image.ndim == 3 else 0 if palette is None else 3
    rows = np.ascontiguousarray(image, image.dtype.newbyteorder(">")).reshape(height, -1).view(np.uint8)
    filtered = np.empty((height, rows.shape[1] + 1), np.uint8)
    if image.ndim == 3 or _differences_have_fewer_runs(rows):
        filtered[:, 0] = PNG_FILTER_UP
        filtered[:1, 1:] = rows[:1]
        np.subtract(rows[1:], rows[:-1], out=filtered[1:, 1:])
    else:
        filtered[:, 0] = PNG_FILTER_NONE
        filtered[:, 1:] = rows
    level, strategy = (2, zlib_ng.Z_DEFAULT_STRATEGY) if image.ndim == 3 else (3, zlib_ng.Z_RLE)
    deflate = zlib_ng.compressobj(level, zlib_ng.DEFLATED, 15, 9, strategy)
    header = struct.pack(">IIBBBBB", width, height, depth, color_type, 0, 0, 0)
    chunks = {b"IHDR": header}
    if palette is not None:
        chunks[b"PLTE"] = palette.tobytes()
    chunks |= {b"IDAT": deflate.compress(filtered) + deflate.flush(), b"IEND": b""}
    coded = [PNG_SIGNATURE]
    for kind, data in chunks.items():
        coded += [len(data).to_bytes(4, "big"), kind, data]
        coded += [zlib_ng.crc32(data, zlib_ng.crc32(kind)).to_bytes(4, "big")]
    return b"".join(coded)


def _differences_have_fewer_runs(rows: NDArray[np.uint8]) -> bool:
    """Tell whether the differences between rows `(H, bytes)` have fewer runs than the rows; tests every eighth row."""
    own = rows[1::8]
    differences = own - rows[0::8][: len(own)]
    runs, runs_of_differences = (np.count_nonzero(some[:, 1:] != some[:, :-1]) for some in (own, differences))
    return bool(runs_of_differences + 2 * len(own) <= runs)  # 2: the filter byte of each row is a run and ends one


def write_png(path: Path, image: NDArray[np.uint8] | NDArray[np.uint16]) -> Path:
    """Write a PNG file atomically."""
    return write_bytes(path, encode_png(image))


def _rgb_of_unchanged(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if image.ndim == 2 or image.shape[2] == 1:
        return np.asarray(cv2.cvtColor(image, cv2.COLOR_GRAY2RGB))
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(image[..., :3]), cv2.COLOR_BGR2RGB))


def _read_gif(path: Path, data: bytes) -> NDArray[np.uint8]:
    """Read a GIF of one frame with Pillow: OpenCV reads GIF from version 4.11 only."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data)) as image:
            if image.width * image.height > MAX_PIXELS:
                raise _refused(path, data)
            frames, pixels = getattr(image, "n_frames", 1), np.array(image.convert("RGB"))
    except Exception:  # of broken files, Pillow raises what comes up
        raise _refused(path, data) from None
    if frames > 1:
        raise UnreadableImage(f"{path}: holds {frames} pages or frames; save each as a file of its own")
    return pixels


def _tiff_without_alpha(path: Path, data: bytes) -> NDArray[np.uint8]:
    """Read a TIFF of four channels with Pillow: OpenCV premultiplies alpha, which changes colors."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data)) as image:
            return np.asarray(image if image.mode == "RGBA" else image.convert("RGB"))[..., :3].copy()
    except Exception as error:  # Pillow raises anything for a broken file
        raise UnreadableImage(f"{path}: not a readable TIFF image ({error})") from None


def _refused(path: Path, data: bytes) -> UnreadableImage:
    """Return the reason why OpenCV did not decode a file; Pillow reads the size from the header without decoding."""
    from PIL import Image

    try:
        with _ignoring_warnings(), Image.open(io.BytesIO(data)) as image:
            width, height = image.size
    except Image.DecompressionBombError:
        return _too_large(path, "")
    except Exception:  # Pillow raises anything for a broken header
        width = height = 0
    if width * height > MAX_PIXELS:
        return _too_large(path, f" ({width} x {height})")
    return UnreadableImage(f"{path}: {_what_instead(data)}")


def _what_instead(data: bytes) -> str:
    """Say what a file seems to be that is no readable image."""
    if data.startswith(b"version https://git-lfs"):
        return "a pointer of Git LFS and not the image; get the files with: git lfs pull"
    if data[:200].lstrip().lower().startswith((b"<!doctype", b"<html", b"<?xml")):
        return "a web page and not an image; download the file again"
    return f"not a readable {FORMATS_READ} image"


def _too_large(path: Path, size: str) -> UnreadableImage:
    limit = f"{MAX_PIXELS / 1e6:.0f} million pixels"
    return UnreadableImage(f"{path}: declares more than {limit}{size}, kmseg's limit; split it into tiles")


def _too_deep(path: Path, image: NDArray[Any]) -> UnreadableImage:
    """Say what an image seems to be whose values need more than 8 bits."""
    numbers = image.ndim == 2 and np.issubdtype(image.dtype, np.integer)
    if numbers and (image[:, 1:] == image[:, :-1]).mean() > MIN_EQUAL_NEIGHBORS:
        return UnreadableImage(
            f"{path}: values up to {image.max()}: these seem to be object numbers (instance ids) or measurements, not "
            "classes; use the label images with class colors, or masks of values up to 255"
        )
    return UnreadableImage(
        f"{path}: more than 8 bits per channel, as photos or depth images have; convert it to 8 bits"
    )


def _is_truncated(data: bytes) -> bool:
    """Return whether the file is truncated; decoders fill the missing part with gray without an error."""
    if data.startswith(b"\xff\xd8"):
        # The end marker must follow the last start of scan; an embedded thumbnail has both markers before it.
        return not data.endswith(b"\xff\xd9") and data.rfind(b"\xff\xd9") < data.rfind(b"\xff\xda")
    if data.startswith(b"\x89PNG"):
        return not _png_is_complete(data)
    if data.startswith(b"GIF8"):
        return not data.rstrip(b"\0").endswith(b";")
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

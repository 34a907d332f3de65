"""How an image file is encoded, read from its header without decoding a pixel."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

MAX_PIXELS = 2**28
"""Maximum pixels of an image: 268 million, 0.8 GB as RGB. A small file can declare any size."""

Table = tuple[int, ...]
"""64 steps of quantization of an 8x8 DCT block, row by row (not in zigzag order)."""

JPEG_LUMA_TABLE: Table = (
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55,
    14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62,
    18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92,
    49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
)  # fmt: skip
"""Table K.1 of ITU-T T.81, which the IJG's library scales by the quality."""

JPEG_CHROMA_TABLE: Table = (
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99,
    24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99, 99, *(99,) * 32,
)  # fmt: skip
"""Table K.2 of ITU-T T.81, for chroma."""

ZIGZAG: Table = (
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5,
    12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
    35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
    58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
)  # fmt: skip
"""Place in the block, row by row, of each of the 64 values of a table in the file (ITU-T T.81, figure A.6)."""

_SAMPLINGS = {(1, 1): "4:4:4", (2, 1): "4:2:2", (2, 2): "4:2:0", (1, 2): "4:4:0", (4, 1): "4:1:1"}

_FRAMES = frozenset({*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0)})
"""Second bytes of the JPEG markers that start a frame (ITU-T T.81, table B.1)."""

_TIFF_JPEG = frozenset({6, 7, 34892})
"""TIFF compression schemes that are lossy JPEG."""


@dataclass(frozen=True)
class Encoding:
    """How an image file is encoded.

    Attributes
    ----------
    format : str
        `png`, `jpeg`, `webp`, `bmp`, `tiff`, `gif`, `pnm` (PPM, PGM, PBM); `unknown` for other files and for arrays.
    lossy : bool
        Whether the codec itself changes pixels: JPEG (also inside TIFF) and WebP's VP8. False says nothing of what was
        done to the pixels before.
    bit_depth : int or None
        Bits a channel, or a palette index.
    paletted : bool
        Whether pixels are indices into a color table of the file.
    sampling : str
        Chroma subsampling of a lossy codec: `4:4:4`, `4:2:2`, `4:2:0`, `4:4:0`, `4:1:1`, `gray`, `other`; empty where
        unknown or lossless.
    quantization : tuple of tuple of int
        JPEG: the 64 quantization steps, row by row, of luma and then, where there are any, of chroma.

    Examples
    --------
    >>> read_encoding(b"RIFF\\x1a\\0\\0\\0WEBPVP8L").lossy
    False
    """

    format: str
    lossy: bool = False
    bit_depth: int | None = None
    paletted: bool = False
    sampling: str = ""
    quantization: tuple[Table, ...] = ()

    @property
    def quality(self) -> int | None:
        """The quality, 1 to 100, at which the IJG's library writes the luma table of a JPEG most alike; else None."""
        return estimate_quality(self.quantization[0]) if self.quantization else None

    @property
    def subsampled(self) -> bool:
        """Whether chroma has fewer samples than luma, so that color bleeds into thin objects."""
        return self.sampling not in ("", "4:4:4", "gray")

    def __str__(self) -> str:
        """Return the words of a report: `JPEG 4:2:0 quality 75`, `WebP lossless`, `PNG`."""
        name = {"webp": "WebP", "unknown": "unknown format"}.get(self.format, self.format.upper())
        if self.format == "webp" and not self.lossy:
            return f"{name} lossless"
        words = [name, self.sampling if self.lossy else "", f"quality {self.quality}" if self.quantization else ""]
        return " ".join(word for word in words if word)


UNKNOWN = Encoding("unknown")
"""Of an array, or of a file of another kind."""


def read_encoding(data: bytes) -> Encoding:
    """Read how an image file is encoded from its bytes; its first 64 KB hold the header of nearly every file.

    A broken header gives what could be read of it: whether a file is usable is for the decoder to say.
    """
    if is_pnm(data):
        try:
            return _read_pnm(data)
        except ValueError:
            return Encoding("pnm")
    for signature, read in _READERS:
        if data.startswith(signature):
            try:
                return read(data)
            except (struct.error, IndexError, ValueError):
                return Encoding(_NAMES[signature], lossy=signature == b"\xff\xd8")
    return UNKNOWN


@lru_cache(maxsize=256)
def estimate_quality(luma: Table) -> int:
    """Return the quality, 1 to 100, whose scaled standard luma table is nearest to `luma`, in the sum of differences.

    Tables of other writers than the IJG's library (cameras, Photoshop) have no such quality; the nearest still orders
    them by strength.

    Examples
    --------
    >>> estimate_quality(JPEG_LUMA_TABLE)
    50
    """
    apart = [sum(abs(a - b) for a, b in zip(luma, scale_table(q), strict=True)) for q in range(1, 101)]
    return 1 + apart.index(min(apart))


def scale_percent(quality: int) -> int:
    """Return the percentage by which the IJG's library scales the tables of ITU-T T.81 at a quality, 1 to 100.

    Examples
    --------
    >>> scale_percent(75), scale_percent(60), scale_percent(25)
    (50, 80, 200)
    """
    return 5000 // quality if quality < 50 else 200 - 2 * quality


@lru_cache(maxsize=256)
def scale_table(quality: int, table: Table = JPEG_LUMA_TABLE) -> Table:
    """Return the table that the IJG's library makes of a standard one, luma's or chroma's, at a quality, 1 to 100."""
    percent = scale_percent(quality)
    return tuple(min(max((step * percent + 50) // 100, 1), 255) for step in table)


def _read_png(data: bytes) -> Encoding:
    return Encoding("png", bit_depth=data[24], paletted=data[25] == 3)


def _read_gif(data: bytes) -> Encoding:
    return Encoding("gif", bit_depth=(data[10] & 7) + 1, paletted=True)


def _read_bmp(data: bytes) -> Encoding:
    bits = struct.unpack_from("<H", data, 24 if data[14] == 12 else 28)[0]
    return Encoding("bmp", bit_depth=8 if bits >= 24 else bits, paletted=bits <= 8)


def _read_jpeg(data: bytes) -> Encoding:
    tables: dict[int, Table] = {}
    depth, components = None, []
    for kind, start, end in _jpeg_segments(data):
        if kind == 0xDB:
            tables |= _read_tables(data[start:end])
        elif kind in _FRAMES:
            depth = data[start]
            components = [tuple(data[at : at + 3]) for at in range(start + 6, start + 6 + 3 * data[start + 5], 3)]
    # The usual writers give luma one table and both chroma components another.
    used = dict.fromkeys(component[2] for component in components)
    known = tuple(tables[number] for number in used if number in tables)
    return Encoding("jpeg", True, depth, sampling=_name_sampling([c[1] for c in components]), quantization=known)


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield marker, start and end of the segments before the first scan; an embedded thumbnail lies inside one."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        kind = data[at + 1]
        if kind == 0xFF:  # a fill byte
            at += 1
            continue
        if kind == 0xDA:
            return
        if kind == 0x01 or 0xD0 <= kind <= 0xD7:  # markers without a length
            at += 2
            continue
        length = struct.unpack_from(">H", data, at + 2)[0]
        yield kind, at + 4, at + 2 + length
        at += 2 + length


def _read_tables(segment: bytes) -> dict[int, Table]:
    tables, at = {}, 0
    while at < len(segment):
        wide, number = segment[at] >> 4, segment[at] & 15
        steps = struct.unpack_from(">64H" if wide else ">64B", segment, at + 1)
        table = [0] * 64
        for place, step in zip(ZIGZAG, steps, strict=True):
            table[place] = step
        tables[number] = tuple(table)
        at += 1 + (128 if wide else 64)
    return tables


def _name_sampling(factors: list[int]) -> str:
    """Name the subsampling by the factors of the components, horizontal in the high half byte, vertical in the low."""
    if len(factors) == 1:
        return "gray"
    if len(factors) < 3:
        return ""
    (wide, high), (chroma_wide, chroma_high) = ((f >> 4, f & 15) for f in factors[:2])
    if factors[1] != factors[2] or not chroma_wide or not chroma_high or wide % chroma_wide or high % chroma_high:
        return "other"
    return _SAMPLINGS.get((wide // chroma_wide, high // chroma_high), "other")


def _read_webp(data: bytes) -> Encoding:
    if data[8:12] != b"WEBP":
        return UNKNOWN
    at = 12
    while at + 8 <= len(data):
        kind, length = data[at : at + 4], struct.unpack_from("<I", data, at + 4)[0]
        if kind == b"VP8 ":
            return Encoding("webp", True, 8, sampling="4:2:0")
        if kind == b"ANMF":  # a frame of an animation: its own chunks follow its position and size
            at += 8 + 16
            continue
        if kind == b"VP8L":
            break
        at += 8 + length + length % 2
    return Encoding("webp", bit_depth=8)


def is_pnm(data: bytes) -> bool:
    """Tell whether a file is one of Netpbm's formats: `P1` to `P6`, and white space or a comment."""
    return data[:1] == b"P" and data[1:2] in b"123456" and len(data) > 2 and data[2:3] in b" \t\r\n#"


def read_pnm_maximum(data: bytes) -> int:
    """Return the highest value that a Netpbm file's header declares, 1 of a bitmap; ValueError where it has none."""
    if data[1:2] in b"14":
        return 1
    words = re.sub(rb"#[^\n]*", b"", data[2:1024]).split(None, 3)
    if len(words) < 3:
        raise ValueError("the header of a Netpbm file is cut short")
    return int(words[2])


def _read_pnm(data: bytes) -> Encoding:
    highest = read_pnm_maximum(data)
    return Encoding("pnm", bit_depth=1 if highest == 1 else 8 if highest <= 255 else 16)


def _read_tiff(data: bytes) -> Encoding:
    order = "<" if data.startswith(b"II") else ">"
    first = struct.unpack_from(f"{order}I", data, 4)[0]
    tags: dict[int, int] = {}
    for number in range(struct.unpack_from(f"{order}H", data, first)[0]):
        at = first + 2 + 12 * number
        tag, kind, count = struct.unpack_from(f"{order}HHI", data, at)
        if kind == 3:  # unsigned 16 bits: the first value stands in the entry where there are at most two
            place = at + 8 if count <= 2 else struct.unpack_from(f"{order}I", data, at + 8)[0]
            tags[tag] = struct.unpack_from(f"{order}H", data, place)[0]
    return Encoding("tiff", tags.get(259, 1) in _TIFF_JPEG, tags.get(258, 1), tags.get(262) == 3)


_READERS = (
    (b"\x89PNG\r\n\x1a\n", _read_png),
    (b"\xff\xd8", _read_jpeg),
    (b"RIFF", _read_webp),
    (b"BM", _read_bmp),
    (b"II*\0", _read_tiff),
    (b"MM\0*", _read_tiff),
    (b"GIF8", _read_gif),
)

_NAMES = dict(
    zip([signature for signature, _ in _READERS], ["png", "jpeg", "webp", "bmp", "tiff", "tiff", "gif"], strict=True)
)


def count_pages(data: bytes) -> int:
    """Return how many images a file holds: pages of TIFF, frames of APNG and WebP; smaller copies are not counted.

    Of an animation the number is at least 2; it is counted only where the header says it.
    """
    if data.startswith(b"\x89PNG"):
        at = data.find(b"acTL", 0, max(data.find(b"IDAT"), 0))
        return max(int.from_bytes(data[at + 4 : at + 8], "big"), 1) if at > 0 else 1
    if data.startswith(b"RIFF") and data[8:16] == b"WEBPVP8X" and len(data) > 20 and data[20] & 2:
        return max(data.count(b"ANMF"), 1)
    if data[:4] in (b"II*\0", b"MM\0*"):
        return _count_tiff_pages(data)
    return 1


def _count_tiff_pages(data: bytes) -> int:
    """Count the directories that are no reduced copy and no mask (TIFF 6.0: NewSubfileType, bits 0 and 2)."""
    order: Literal["little", "big"] = "little" if data.startswith(b"II") else "big"
    place, pages, seen = int.from_bytes(data[4:8], order), 0, set[int]()
    while 8 <= place <= len(data) - 2 and place not in seen:
        seen.add(place)
        entries = int.from_bytes(data[place : place + 2], order)
        tags = {
            int.from_bytes(data[at : at + 2], order): int.from_bytes(data[at + 8 : at + 12], order)
            for at in range(place + 2, min(place + 2 + 12 * entries, len(data) - 11), 12)
        }
        pages += not tags.get(254, 0) & 5
        place = int.from_bytes(data[place + 2 + 12 * entries :][:4], order)
    return max(pages, 1)

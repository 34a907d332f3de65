"""Malformed, huge, unusual and unusually named images, made from a seed; and malformed legends."""

from __future__ import annotations

import io
import os
import pickle
import struct
import unicodedata
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from tests.conftest import COLORS, draw_label

REFUSED, READ, EITHER = "refused", "read", "either"


@dataclass(frozen=True)
class Odd:
    """One odd file: its kind, what must come of it, its name and its bytes."""

    kind: str
    fate: str
    name: str
    data: bytes


def corpus(seed: int) -> Iterator[Odd]:
    """Yield some 400 odd files."""
    random = np.random.default_rng(seed)
    for form, (suffix, data) in read_complete_files().items():
        for number, kept in enumerate(random.uniform(0.02, 0.95, 7)):
            yield Odd("cut short", REFUSED, f"cut {form} {number}{suffix}", data[: int(kept * len(data))])
        for number in range(9):
            yield Odd(
                "bits flipped", EITHER, f"flip {form} {number}{suffix}", _flipped(data, random, 1 + 5 * (number % 3))
            )
            yield Odd("header overwritten", EITHER, f"head {form} {number}{suffix}", _overwritten(data, random))
        yield Odd("bytes put in", EITHER, f"put {form}{suffix}", data[:60] + random.bytes(40) + data[60:])
        yield Odd("bytes appended", EITHER, f"more {form}{suffix}", data + random.bytes(400))
    yield from (Odd("bomb", REFUSED, f"bomb {name}", data) for name, data in _bombs().items())
    yield from (Odd("of no size", REFUSED, f"none {name}", data) for name, data in _of_no_size().items())
    yield from (Odd("odd size", READ, f"size {name}", data) for name, data in _odd_sizes().items())
    yield from (Odd("too deep", REFUSED, f"deep {name}", data) for name, data in _too_deep().items())
    yield from (Odd("odd kind", READ, f"kind {name}", data) for name, data in _odd_kinds().items())
    yield from (Odd("several pages", REFUSED, f"pages {name}", data) for name, data in _several_pages().items())
    yield from (Odd("no image", REFUSED, f"{name}.png", data) for name, data in _no_images().items())
    whole = encoded("PNG")
    yield from (Odd("odd name", READ, name, whole) for name in NAMES)


NAMES = [
    "with spaces.png", "line\nbreak.png", "tab\t.png", "\x1b[31mred.png", "'quoted\".png", "back\\slash.png",
    "%s%n.png", "=HYPERLINK(1).png", "@sum.png", "-rf.png", "<script>alert(1)</script>.png".replace("/",
    "\u2044"), "twice..png.png", "a..b.png", "con.png", "Case.png", "case.png", "CASE.PNG",
    "no\udcfftext.png", "\u202egnp.png", "x" * 251 + ".png", unicodedata.normalize("NFC",
    "stra\u00dfe \u00e9.png"), unicodedata.normalize("NFD", "stra\u00dfe \u00e9.png"), "\U0001f6a6.png",
    "${oc.env:HOME}.png", "$(touch pwned).png", "`touch pwned`.png", "a.jpg.png", "trailing .png",
]  # fmt: skip


def encoded(form: str, mode: str = "RGB", **options: object) -> bytes:
    """Encode a label of four classes."""
    label = Image.fromarray(draw_label(3))
    file = io.BytesIO()
    (label.quantize(8) if mode == "P" else label.convert(mode)).save(file, form, **options)
    return file.getvalue()


def read_complete_files() -> dict[str, tuple[str, bytes]]:
    """Return a sound file of every form, with the suffix of its name."""
    return {
        "png": (".png", encoded("PNG")),
        "paletted png": (".png", encoded("PNG", "P")),
        "jpeg": (".jpg", encoded("JPEG")),
        "progressive": (".jpeg", encoded("JPEG", progressive=True)),
        "bmp": (".bmp", encoded("BMP")),
        "tiff": (".tif", encoded("TIFF")),
        "lzw": (".tiff", encoded("TIFF", compression="tiff_lzw")),
        "deflate": (".tiff", encoded("TIFF", "RGBA", compression="tiff_deflate")),
        "webp": (".webp", encoded("WEBP")),
        "lossless webp": (".webp", encoded("WEBP", lossless=True)),
    }


def _flipped(data: bytes, random: np.random.Generator, times: int) -> bytes:
    changed = bytearray(data)
    for _ in range(times):
        changed[random.integers(len(data))] ^= 1 << int(random.integers(8))
    return bytes(changed)


def _overwritten(data: bytes, random: np.random.Generator) -> bytes:
    changed = bytearray(data)
    for place in random.integers(8, 60, 3):
        changed[place] = random.integers(256)
    return bytes(changed)


def _png(width: int, height: int, depth: int = 1, rows: bytes = b"") -> bytes:
    """Return a gray PNG, its checksums right, that declares a size; `rows` are its pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, depth, 0, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def _bombs() -> dict[str, bytes]:
    side = 17_000  # 289 million pixels in 36 KB
    jpeg, bmp, tiff = bytearray(encoded("JPEG")), bytearray(encoded("BMP")), bytearray(encoded("TIFF"))
    size = jpeg.index(b"\xff\xc0") + 5
    jpeg[size : size + 4] = struct.pack(">HH", 65500, 65500)
    bmp[18:26] = struct.pack("<ii", 60_000, 60_000)
    for tag in (256, 257):  # width and height, in the little-endian directory that Pillow writes
        at = tiff.index(struct.pack("<H", tag), int.from_bytes(tiff[4:8], "little"))
        tiff[at + 2 : at + 12] = struct.pack("<HII", 4, 1, 500_000)
    return {
        "whole.png": _png(side, side, 1, bytes((side // 8 + 1) * side)),
        "declared.png": _png(100_000, 100_000),
        "wide.png": _png(2**31 - 1, 1),
        "declared.jpg": bytes(jpeg),
        "declared.bmp": bytes(bmp),
        "declared.tif": bytes(tiff),
        "declared.webp": b"RIFF\x1e\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + b"\xff" * 6 + b"\0" * 8,
    }


def _of_no_size() -> dict[str, bytes]:
    bmp = bytearray(encoded("BMP"))
    bmp[18:26] = bytes(8)
    return {"empty.png": b"", "empty.jpg": b"", "0x0.png": _png(0, 0), "0x7.png": _png(0, 7), "0x0.bmp": bytes(bmp)}


def _odd_sizes() -> dict[str, bytes]:
    sizes = [(1, 1), (1, 2), (2, 1), (3, 3), (1, 65500), (65500, 1), (1, 7)]
    files = {}
    for height, width in sizes:
        label = np.resize(np.array(list(COLORS.values()), np.uint8), (height, width, 3))
        for suffix in (".png", ".bmp", ".tif", ".jpg"):
            files[f"{width}x{height}{suffix}"] = bytes(cv2.imencode(suffix, label[..., ::-1])[1])
    files["1x65535.png"] = _png(1, 65535, 1, bytes(2 * 65535))
    return files


def _too_deep() -> dict[str, bytes]:
    deep = np.full((8, 8, 3), 300, np.uint16)
    return {
        "16.png": bytes(cv2.imencode(".png", deep)[1]),
        "16.tif": bytes(cv2.imencode(".tif", deep)[1]),
        "float.tif": bytes(cv2.imencode(".tif", deep.astype(np.float32))[1]),
    }


def _several_pages() -> dict[str, bytes]:
    frames = {"save_all": True, "append_images": [Image.fromarray(draw_label(4))]}
    return {
        "animated.png": encoded("PNG", **frames),
        "animated.webp": encoded("WEBP", lossless=True, **frames),
        "pages.tif": encoded("TIFF", **frames),
    }


def _odd_kinds() -> dict[str, bytes]:
    rotated = Image.Exif()
    rotated[0x0112] = 6
    return {
        "cmyk.jpg": encoded("JPEG", "CMYK"),
        "gray.jpg": encoded("JPEG", "L"),
        "rotated.jpg": encoded("JPEG", exif=rotated),
        "bits.png": encoded("PNG", "1"),
        "alpha.png": encoded("PNG", "LA"),
        "jpeg named.png": encoded("JPEG"),
        "png named.jpg": encoded("PNG"),
    }


class _Touches:
    """Unpickled, it leaves a file in the working folder."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch pwned",)


def _no_images() -> dict[str, bytes]:
    array = io.BytesIO()
    np.save(array, np.array([_Touches()], object), allow_pickle=True)
    return {
        "text": b"hello",
        "nulls": bytes(5000),
        "pickle": pickle.dumps(_Touches()),
        "npy": array.getvalue(),
        "html": b"<html><script>alert(1)</script></html>",
        "svg": b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>",
        "zip": b"PK\x03\x04" + bytes(60),
        "png signature": b"\x89PNG\r\n\x1a\n",
        "jpeg signature": b"\xff\xd8\xff\xe0\xff\xd9",
        "tiff signature": b"II*\0\x08\0\0\0",
        "bmp signature": b"BM",
        "riff": b"RIFF\x04\0\0\0WEBP",
    }


def lay_out(root: Path, odd: Iterator[Odd]) -> list[Odd]:
    """Write odd files below a folder, a sub-folder for each kind, and links and pipes beside them."""
    laid = list(odd)
    for entry in laid:
        folder = root / entry.kind
        folder.mkdir(parents=True, exist_ok=True)
        (folder / entry.name).write_bytes(entry.data)
    links = root / "links"
    links.mkdir()
    (links / "loop.png").symlink_to("loop.png")
    (links / "nowhere.png").symlink_to("gone.png")
    (links / "up").symlink_to("..")
    (links / "folder.png").mkdir()
    os.mkfifo(links / "pipe.png")
    return [*laid, *(Odd("links", REFUSED, name, b"") for name in ("loop.png", "nowhere.png"))]

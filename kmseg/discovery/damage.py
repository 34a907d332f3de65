"""What happened to the pixels of a label image before it came here: read from its file's header and from its pixels."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmseg.discovery.planes import Planes
from kmseg.encoding import Encoding
from kmseg.images import LabelImage
from kmseg.pixels.packing import unpack

MAX_UNSUPPORTED = 0.05
"""Share of the pixels outside of uniform 3x3 patches whose color has no such patch, up to which an image is lossless.
Lossless label images have 0.00 to 0.01; reduced or smoothed ones 0.2 to 0.65, compressed ones 0.2 to 0.95."""

MAX_THIN_CLASSES = 16
"""Colors without a uniform patch up to which they may be thin and small classes of a lossless image, if they are
neither mixtures nor shades; damage makes hundreds, or few that are one or the other."""

SHADE_LEVELS = 8
"""Levels from a color with a uniform patch up to which one without is taken for its shade."""

BLEND_LEVELS, MIN_BLENDS, MAX_BLEND_ENDS = 3, 3, 64
"""Levels from the line between two colors at which one is their blend; how many blends make thin classes implausible;
how many colors with a patch are looked at."""

INDEX_LEVELS = 64
"""Gray values from 0 up to which an image is an index mask; 255 may be there too, for ignore."""

MAX_INNER_SHARE = 0.1
"""Share of the false colors of flat pixels that is two pixels or more from any edge, up to which an image was only
resized or smoothed: that puts false colors on rims and beside them (0.00 to 0.03), compression inside of regions as
well (0.23 to 1.0). Measured on label sets and drawn scenes under every damage of `benchmarks/legend_stress.py`."""

MAX_COLORS = 1 << 16
"""Colors after which the damage of an image is told by the rows so far."""

MAX_DAMAGES = 4
"""Kinds of damage that a summary tells one by one."""

LOSSLESS, RESIZED, ONCE_LOSSY = "lossless", "resized or smoothed", "once lossy"
"""Words of the damage report for images in lossless formats; the last ones were compressed before."""


class Damage(IntEnum):
    """What the pixels of an image went through."""

    LOSSLESS = 0
    """Every pixel has the color of a class."""
    RESIZED = 1
    """Resized or smoothed: exact inside of regions, mixtures on their rims."""
    COMPRESSED = 2
    """Lossy compression, now or before: hardly a pixel is exact."""


def measure_damage(label: NDArray[np.uint8], encoding: Encoding, planes: Planes) -> Damage:
    """Tell the damage of an image `(H, W, 3)` from its encoding and, where that is lossless, from its pixels."""
    from kmseg.discovery.statistics_kernels import INNER_RIM, SUPPORTED, find_support
    from kmseg.pixels.hash_table import table_rows

    if encoding.lossy:
        return Damage.COMPRESSED
    table, size = np.zeros((1024, 5), np.int32), 0
    for _, strip in planes.of(label):
        table, size = find_support(strip, table, size)
        if size > MAX_COLORS:
            break
    codes, rows = table_rows(table)
    return classify_damage(codes, rows[:, SUPPORTED : INNER_RIM + 1])


def classify_damage(codes: NDArray[np.uint32], rows: NDArray[np.int64]) -> Damage:
    """Tell an image's damage from its colors.

    Parameters
    ----------
    codes : ndarray of shape (n,), uint32
        The image's colors as 0xRRGGBB.
    rows : ndarray of shape (n, 4), int64
        Per color: centers of uniform 3x3 patches; all other pixels; of these the ones with a flat 3x3 neighborhood,
        and the ones with a flat 5x5 neighborhood.
    """
    supported, rim, flat, inner = rows.T
    false = supported == 0
    if are_index_values(codes) or rim[false].sum() <= MAX_UNSUPPORTED * max(rim.sum(), 1):
        return Damage.LOSSLESS
    if false.sum() <= MAX_THIN_CLASSES:
        thin, known, pixels = codes[false], codes[~false], rim[false]
        shades = is_shade(thin, known)
        blends = find_blends(unpack(thin), unpack(np.concatenate([thin, known[:MAX_BLEND_ENDS]])))
        if not blends.any() and pixels[shades].sum() < pixels[~shades].sum():
            return Damage.LOSSLESS
    return Damage.RESIZED if inner[false].sum() <= MAX_INNER_SHARE * flat[false].sum() else Damage.COMPRESSED


def is_shade(colors: NDArray[np.uint32], known: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Tell of colors `(n,)` 0xRRGGBB which are within `SHADE_LEVELS` of one of the `known` `(m,)`.

    Examples
    --------
    >>> is_shade(np.array([0x000002, 0xFF0000], np.uint32), np.array([0x000000], np.uint32)).tolist()
    [True, False]
    """
    apart = np.abs(unpack(colors).astype(int)[:, None] - unpack(known)).max(axis=2)
    return np.asarray((apart <= SHADE_LEVELS).any(axis=1))


def find_blends(colors: NDArray[Any], ends: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell which of the colors `(n, 3)` lie between two of the `ends` `(m, 3)`; if few do, none counts.

    The rims of a thin object of a resized or antialiased image are several shades on one line of the RGB cube.

    Examples
    --------
    >>> find_blends(np.array([(32, 0, 0), (64, 0, 0), (96, 0, 0), (0, 0, 255)]), np.array([(0, 0, 0), (128, 0, 0)]))
    array([ True,  True,  True, False])
    """
    corners, own = ends.astype(float), colors.astype(float)[:, None]
    blends = np.zeros(len(colors), bool)
    for corner in corners:
        way, apart = corners - corner, own - corner
        share = (apart * way).sum(axis=2) / np.maximum((way**2).sum(axis=1), 1)
        off = np.sqrt(((apart - share[..., None] * way) ** 2).sum(axis=2))
        blends |= ((off <= BLEND_LEVELS) & (share > 0) & (share < 1)).any(axis=1)
    return blends if blends.sum() >= MIN_BLENDS else np.zeros(len(colors), bool)


def are_index_values(codes: NDArray[np.uint32]) -> bool:
    """Tell whether colors 0xRRGGBB are the values of index masks: small grays, and 255.

    Examples
    --------
    >>> are_index_values(np.array([0x000000, 0x010101, 0x050505], np.uint32))
    True
    """
    values = codes & 255
    gray = codes == values * 0x010101
    return bool(gray.all() and ((values < INDEX_LEVELS) | (values == 255)).all() and (values < INDEX_LEVELS).sum() > 1)


def damage_of(label: LabelImage) -> str:
    """Return the words of the damage report for one label image."""
    return describe(measure_damage(label.pixels, label.encoding, Planes()), label.encoding)


def summarize(images: Mapping[str, int]) -> str:
    """Say what the images went through, the most frequent damage first.

    Examples
    --------
    >>> summarize({"resized or smoothed": 20, "lossless": 1100})
    '1,120 label images: 1,100 lossless, 20 resized or smoothed'
    """
    order = sorted(images, key=lambda words: (-images[words], words))
    parts = [f"{images[words]:,} {words}" for words in order[:MAX_DAMAGES]]
    if rest := order[MAX_DAMAGES:]:
        parts.append(f"{sum(images[words] for words in rest):,} of {len(rest)} other kinds")
    total = sum(images.values())
    return f"{total:,} label image{'s' if total != 1 else ''}: {', '.join(parts)}"


def describe(damage: Damage, encoding: Encoding) -> str:
    """Return the words of the damage report.

    Examples
    --------
    >>> describe(Damage.RESIZED, Encoding("png"))
    'resized or smoothed'
    """
    if encoding.lossy:
        return str(encoding)
    once = ONCE_LOSSY if encoding.format == "unknown" else f"{ONCE_LOSSY} ({encoding})"
    return {Damage.LOSSLESS: LOSSLESS, Damage.RESIZED: RESIZED}.get(damage, once)


def read_jpeg_quality(words: str) -> int | None:
    """Return the quality that the damage report tells of JPEG files; None of other files.

    Examples
    --------
    >>> read_jpeg_quality("JPEG 4:2:0 quality 75"), read_jpeg_quality("once lossy (PNG)")
    (75, None)
    """
    found = re.fullmatch(r"JPEG [0-9a-z:]+ quality (\d+)", words)
    return int(found[1]) if found else None

"""The coefficients of a JPEG file that was decoded and saved in a format without loss, computed back from its pixels.

The decoder's steps are undone in turn. Luma and chroma of a pixel are whole numbers and follow from its color. Chroma
of 4:2:0 was interpolated between samples (libjpeg's "fancy" upsampling weights the nearer of two samples 3/4) or
repeated; the samples are the least squares solution. The cosine transform of luma and of the samples then lies near
multiples of the quantization steps: the period of each frequency's values. The standard tables are tried first.

A color at 0 or 255 was clipped: what the decoder had there is not in the pixel. It is taken from a first mask, painted,
compressed with the steps found, and decoded, as far as that is clipped to the same color.

References: ITU-T T.81; Fan and de Queiroz 2003, "Identification of bitmap compression history" (the period of
coefficients).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kmseg.encoding import JPEG_CHROMA_TABLE, JPEG_LUMA_TABLE, Table, scale_table
from kmseg.maskers.jpeg.coefficients import SAMPLINGS, Coefficients
from kmseg.maskers.jpeg.file_model import BLOCK, cosines
from kmseg.pixels.ycbcr import rgb_planes, to_ycbcr

Plane = NDArray[np.float32]
Planes = tuple[Plane, Plane, Plane]

NOISE = 0.3
"""Standard deviation of a coefficient computed back: pixels are whole numbers, 0.29, and colors were rounded, too."""

ZERO = 1.5
"""Coefficients below are taken for 0: four standard deviations."""

ODD = 0.02
"""Share of coefficients that are no multiples although the step is right, in blocks that were clipped unseen."""

MOST_VALUES = 300
"""Values of a frequency that are looked at."""

LEAST_VALUES = 200
"""Values that must show the period; fewer are left where most blocks have a color at 0 or 255."""

LEAST_CHROMA = 50
"""Values of chroma among them."""

LEAST_EVIDENCE = 0.15
"""Log odds for the steps, a value: of decoded files 0.3 to 2.5, of others below 0 (60 drawn images, public files)."""

OWN_EVIDENCE = 0.6
"""The same for tables that are not the standard ones: each step is chosen alone, and so more often by chance."""

TRIED_QUALITIES = range(40, 99)
"""Qualities that are tried where the period cannot be seen."""

MOST_TILES = 48
"""Squares of 16x16 pixels with borders that are painted, compressed and decoded for that."""

LEAST_MATCHES = 0.15
"""Share of them that must come out as they are in the image."""

CLIPPED_SHARE = 0.2
"""Share of blocks with clipped colors from which the period may not be seen although there is one."""

LEAST, MOST = -128, 127
"""Samples, less 128, are clipped to these by the decoder, before it converts them to colors."""

SNAPPED = 5
"""Least step whose multiples are told apart: below, coefficients stay as computed."""

UNSURE = 1.0
"""Units of a coefficient that one is allowed further off where it is not a multiple."""

ALIKE = 3.5
"""Levels by which pixels decoded from the coefficients may differ: luma, chroma and color are each rounded."""

PROVED_SHARE = 0.9
"""Share of the pixels that must come out again."""

FILLS = 2
"""Times that clipped colors are taken from what has been found so far."""

EXACT_SHARE = 0.999
"""Share of the pixels in their class's own color from which an image is lossless, and its mask needs no search."""


def recover_coefficients(
    pixels: NDArray[np.uint8], start: NDArray[np.uint16], palette: NDArray[np.uint8]
) -> Coefficients | None:
    """Compute the coefficients of the JPEG file that pixels were decoded from; None where there are no signs of one.

    Parameters
    ----------
    pixels : ndarray of shape (H, W, 3), uint8
        The whole image that was decoded: blocks begin in its corner.
    start : ndarray of shape (H, W), uint16
        A first labeling.
    palette : ndarray of shape (k, 3), uint8
        Colors of the classes.
    """
    if (palette[start] == pixels).all(axis=2).mean() >= EXACT_SHARE:
        return None
    colors = to_ycbcr(palette)
    height, width = pixels.shape[:2]
    pad = ((0, -height % (2 * BLOCK)), (0, -width % (2 * BLOCK)))
    known = np.pad(np.ones((height, width), bool), pad)
    padded, labels = np.pad(pixels, (*pad, (0, 0)), mode="edge"), np.pad(start, pad, mode="edge")
    low, high = padded == 0, padded == 255
    unsure = (low | high).any(axis=2) | ~known
    planes = to_planes(padded.astype(np.float32))
    gray = bool((pixels == pixels[..., :1]).all())
    found = find_by_period(planes, unsure, gray)
    if found is None and any_in(unsure, (1, 1)).mean() > CLIPPED_SHARE:
        found = find_by_painting(padded, labels, colors, gray)
    if found is None:
        return None
    luma_steps, chroma_steps, sampling = found

    def filled(samples: Planes) -> tuple[Planes, float]:
        """Return the image's samples, clipped ones as these become by compression, and the share of equal pixels."""
        raw, decoded = compress(samples, all_steps, sampling)
        wide = to_rgb(decoded)
        off = (np.abs(np.clip(wide, 0, 255) - padded).max(axis=2) > ALIKE) & known
        whole = np.where((low & (wide < 0)) | (high & (wide > 255)) | ~known[..., None], wide, padded)
        luma, blue, red = to_planes(whole)
        seen = luma, sampling.down(blue), sampling.down(red)
        luma, blue, red = (
            np.where(((at < LEAST + 1) & (before < LEAST)) | ((at > MOST - 1) & (before > MOST)), before, at)
            for at, before in zip(seen, raw, strict=True)
        )
        return (luma, blue, red), 1 - float(off.sum()) / known.sum()

    all_steps = luma_steps, chroma_steps, chroma_steps
    samples, proved = filled((colors[0][labels], sampling.mean(colors[1][labels]), sampling.mean(colors[2][labels])))
    for _ in range(FILLS):
        samples, proved = filled(samples)
    if proved < PROVED_SHARE:
        return None
    luma = transform(samples[0])[: -(-height // BLOCK), : -(-width // BLOCK)]
    blue, red = transform(samples[1]), transform(samples[2])
    targets = [_snap(part, steps) for part, steps in zip((luma, blue, red), all_steps, strict=True)]
    halves = [np.where(steps < SNAPPED, steps / 2 + UNSURE, steps / 2).astype(np.float32) for steps in all_steps]
    if gray:
        halves[1:] = [np.full(BLOCK * BLOCK, np.inf, np.float32)] * 2
    sides = BLOCK * sampling.factors[0], BLOCK * sampling.factors[1]
    guessed = any_in(unsure, sampling.factors)[: -(-height // sides[0]), : -(-width // sides[1])]
    return Coefficients(
        (targets[0], targets[1], targets[2]), (halves[0], halves[1], halves[2]), sampling.factors, guessed
    )


def to_planes(colors: Plane) -> Planes:
    """Return luma, blue and red `(H, W)`, less 128, of decoded colors `(H, W, 3)`; whole numbers where these are.

    Luma is known first: rounding the colors has changed it by less than a half.
    """
    red, green, blue = (colors[..., channel] for channel in range(3))
    luma = np.float32(0.299) * red + np.float32(0.587) * green + np.float32(0.114) * blue
    whole = np.round(luma)
    exact = (colors == np.round(colors)).all(axis=2)
    luma = np.where(exact, whole, luma)
    to_blue, to_red = (blue - luma) / np.float32(1.772), (red - luma) / np.float32(1.402)
    return (
        luma - np.float32(128),
        np.where(exact, np.round(to_blue), to_blue),
        np.where(exact, np.round(to_red), to_red),
    )


def to_rgb(planes: Planes) -> Plane:
    """Return the colors `(H, W, 3)` of luma, blue and red, not clipped."""
    luma, blue, red = planes
    return rgb_planes(luma + np.float32(128), blue, red)


def transform(plane: Plane) -> Plane:
    """Return the cosine transform of every block of a plane, `(rows, columns, 64)`; the last row and column repeat."""
    plane = np.pad(plane, ((0, -plane.shape[0] % BLOCK), (0, -plane.shape[1] % BLOCK)), mode="edge")
    rows, columns = plane.shape[0] // BLOCK, plane.shape[1] // BLOCK
    waves: Plane = cosines().astype(np.float32)
    across = plane.reshape(-1, BLOCK) @ waves
    down = across.reshape(rows, BLOCK, columns * BLOCK).transpose(0, 2, 1) @ waves
    blocks = down.reshape(rows, columns, BLOCK, BLOCK).swapaxes(2, 3)
    return blocks.reshape(rows, columns, BLOCK * BLOCK).astype(np.float32)


def inverse(coefficients: Plane) -> Plane:
    """Return the plane of the coefficients `(rows, columns, 64)`."""
    rows, columns = coefficients.shape[:2]
    waves = cosines().astype(np.float32).T
    across = coefficients.reshape(-1, BLOCK) @ waves
    down = across.reshape(rows, columns, BLOCK, BLOCK).swapaxes(2, 3) @ waves
    return down.transpose(0, 3, 1, 2).reshape(rows * BLOCK, columns * BLOCK).astype(np.float32)


def any_in(marked: NDArray[np.bool_], factors: tuple[int, int]) -> NDArray[np.bool_]:
    """Tell which blocks of `factors` times 8 rows and columns hold a marked pixel."""
    high, wide = BLOCK * factors[0], BLOCK * factors[1]
    height, width = marked.shape
    blocks = marked.reshape(height // high, high, width // wide, wide)
    return np.asarray(blocks.any(axis=(1, 3)), bool)


class Sampling:
    """How a decoder made chroma of every pixel from samples: `smooth`, between two samples, or each repeated."""

    def __init__(self, rows: int, columns: int, smooth: bool) -> None:
        self.factors, self.smooth = (rows, columns), smooth

    def mean(self, plane: Plane) -> Plane:
        """Return the means of the pixels that share a sample, as encoders form samples."""
        height, width = plane.shape
        rows, columns = self.factors
        return plane.reshape(height // rows, rows, width // columns, columns).mean(axis=(1, 3), dtype=np.float32)

    def up(self, samples: Plane) -> Plane:
        """Return chroma of every pixel."""
        for axis, factor in enumerate(self.factors):
            if factor == 2:
                samples = self._spread(samples, axis)
        return samples

    def down(self, plane: Plane) -> Plane:
        """Return the samples, whole numbers, whose spread is the plane but for rounding."""
        if self.factors == (1, 1):
            return plane
        samples = self.mean(plane)
        for _ in range(8 if self.smooth else 0):  # what is left falls to less than two thirds each time
            samples = samples + np.float32(1.5) * self.mean(plane - self.up(samples))
        return np.round(samples)

    def _spread(self, samples: Plane, axis: int) -> Plane:
        if not self.smooth:
            return np.repeat(samples, 2, axis=axis)
        along = np.moveaxis(samples, axis, 0)
        before, after = np.concatenate([along[:1], along[:-1]]), np.concatenate([along[1:], along[-1:]])
        pairs = np.stack([0.75 * along + 0.25 * before, 0.75 * along + 0.25 * after], axis=1)
        return np.moveaxis(pairs.reshape(-1, along.shape[1]), 0, axis).astype(np.float32)


def compress(samples: Planes, steps: Planes, sampling: Sampling) -> tuple[Planes, Planes]:
    """Return samples after compression, not clipped, and the luma, blue and red `(H, W)` that a decoder makes of them.

    Samples are luma `(H, W)` and blue and red as sampled.
    """
    kept = [inverse(_round_to(transform(plane), step)) for plane, step in zip(samples, steps, strict=True)]
    luma, blue, red = (np.clip(np.round(plane), LEAST, MOST) for plane in kept)
    return (kept[0], kept[1], kept[2]), (luma, np.round(sampling.up(blue)), np.round(sampling.up(red)))


Found = tuple[Plane, Plane, Sampling]
"""Quantization steps of luma and of chroma, `(64,)`, and how chroma was sampled."""


def find_by_period(planes: Planes, unsure: NDArray[np.bool_], gray: bool) -> Found | None:
    """Return the steps and the sampling whose multiples the coefficients are; None if they show none.

    The standard tables are tried at every quality, then each frequency alone.
    """
    luma = Period([transform(planes[0])[~any_in(unsure, (1, 1))]], JPEG_LUMA_TABLE)
    if gray:
        found = luma.steps(None)
        return (found[2], found[3], Sampling(1, 1, False)) if found else None
    best: tuple[tuple[bool, float, Plane, Plane], Sampling] | None = None
    for factors in SAMPLINGS:
        sure = ~any_in(unsure, factors)
        for smooth in (True, False) if factors != (1, 1) else (False,):
            sampling = Sampling(*factors, smooth)
            chroma = Period([transform(sampling.down(plane))[sure] for plane in planes[1:]], JPEG_CHROMA_TABLE)
            found = luma.steps(chroma)
            if found and (best is None or found[:2] > best[0][:2]):
                best = found, sampling
    return (best[0][2], best[0][3], best[1]) if best else None


def find_by_painting(
    padded: NDArray[np.uint8], labels: NDArray[np.uint16], colors: NDArray[np.float32], gray: bool
) -> Found | None:
    """Return the steps and the sampling by which a painted first labeling becomes the image; None if none do.

    For images whose colors are at 0 or 255 nearly everywhere, so that no coefficient is known. Only standard tables are
    tried. Squares in which the first labeling is wrong match at no quality; few need to match.
    """
    side = 2 * BLOCK
    tiles = np.lib.stride_tricks.sliding_window_view(labels, (side, side))[::side, ::side].reshape(-1, side, side)
    rows = np.flatnonzero((tiles != tiles[:, :1, :1]).any(axis=(1, 2)))
    rows = rows[:: len(rows) // MOST_TILES + 1]
    if len(rows) == 0:
        return None
    wide = padded.shape[1] // side
    seen = np.stack([padded[side * (at // wide) :, side * (at % wide) :][:side, :side] for at in rows]).astype(
        np.float32
    )
    painted = colors[:, tiles[rows].reshape(-1, side)]
    plain = np.clip(to_rgb((painted[0], painted[1], painted[2])), 0, 255).reshape(seen.shape)
    damaged = np.abs(plain - seen).max(axis=(1, 2, 3)) > ALIKE  # what matches without compression tells nothing
    best, most = None, max(LEAST_MATCHES * len(rows), 2.5)
    for factors in (SAMPLINGS[0],) if gray else SAMPLINGS:
        for smooth in (True, False) if factors != (1, 1) else (False,):
            sampling = Sampling(*factors, smooth)
            samples: Planes = painted[0], sampling.mean(painted[1]), sampling.mean(painted[2])
            for quality in TRIED_QUALITIES:
                steps, chroma = (scale(table, quality) for table in (JPEG_LUMA_TABLE, JPEG_CHROMA_TABLE))
                decoded = np.clip(to_rgb(compress(samples, (steps, chroma, chroma), sampling)[1]), 0, 255)
                off = np.abs(decoded.reshape(seen.shape) - seen)[:, 1:-1, 1:-1]  # the rim is mixed with pixels beyond
                matches = int(((off.max(axis=(1, 2, 3)) <= ALIKE) & damaged).sum())
                if matches > most:
                    best, most = (steps, chroma, sampling), matches
    return best


class Period:
    """What the values of 64 frequencies say about their quantization steps.

    Attributes
    ----------
    count : int
        Values seen, those near 0 left out.
    odds : ndarray of shape (100,)
        Log odds of the standard table at quality 1 to 100 against no steps at all.
    alone : ndarray of shape (64,)
        The same of the best step of each frequency.
    best : ndarray of shape (64,), float32
        These steps; infinite where no value is seen.
    """

    def __init__(self, planes: list[Plane], standard: Table) -> None:
        self.tables = np.array([scale(standard, quality) for quality in range(1, 101)])
        self.odds, self.alone, self.count = np.zeros(100), np.zeros(BLOCK * BLOCK), 0
        self.best = np.full(BLOCK * BLOCK, np.inf, np.float32)
        blocks = np.concatenate(planes)
        blocks = blocks[(np.abs(blocks[:, 1:]) > ZERO).any(axis=1)]  # in flat blocks all pixels were rounded alike
        for frequency in range(BLOCK * BLOCK):
            values = blocks[:, frequency]
            values = values[np.abs(values) > ZERO]
            values = values[:: len(values) // MOST_VALUES + 1]
            if len(values):
                each = _log_odds(values)
                self.count += len(values)
                self.odds += each[self.tables[:, frequency].astype(int) - 1]
                self.alone[frequency], self.best[frequency] = each.max(), each.argmax() + 1

    def steps(self, chroma: Period | None) -> tuple[bool, float, Plane, Plane] | None:
        """Return whether the tables are standard ones of one quality, the log odds, and the steps of luma and chroma.

        None where the values show no steps. Without chroma, its steps are 1.
        """
        parts = [self] if chroma is None else [self, chroma]
        count, odds = sum(part.count for part in parts), np.sum([part.odds for part in parts], axis=0)
        own = sum(float(part.alone.sum()) for part in parts)
        none = np.ones(BLOCK * BLOCK, np.float32)
        at = int(odds.argmax())
        if count >= LEAST_VALUES and odds[at] >= LEAST_EVIDENCE * count and _shows(chroma, LEAST_EVIDENCE, at):
            return True, float(odds[at]), self.tables[at], none if chroma is None else chroma.tables[at]
        if count >= LEAST_VALUES and own >= OWN_EVIDENCE * count and _shows(chroma, OWN_EVIDENCE):
            return False, own, self.best, none if chroma is None else chroma.best
        return None


def _shows(chroma: Period | None, evidence: float, quality: int | None = None) -> bool:
    """Tell whether chroma has values enough to show its own steps, which also tell its sampling."""
    if chroma is None:
        return True
    odds = chroma.alone.sum() if quality is None else chroma.odds[quality]
    return bool(chroma.count >= LEAST_CHROMA and odds >= evidence * chroma.count)


def scale(standard: Table, quality: int) -> Plane:
    """Return the steps of a standard table at a quality, `(64,)`."""
    return np.array(scale_table(quality, standard), np.float32)


def _log_odds(values: Plane) -> NDArray[np.float64]:
    """Return the log odds of each step from 1 to 255 against none, for values of one frequency."""
    steps = np.arange(1, 256, dtype=np.float32)[:, None]
    off = values - steps * np.round(values / steps)
    near = steps * np.exp(-0.5 * (off / NOISE) ** 2) / (NOISE * np.sqrt(2 * np.pi))
    return np.log((1 - ODD) * near + ODD).sum(axis=1)


def _round_to(coefficients: Plane, steps: Plane) -> Plane:
    finite = np.where(np.isfinite(steps), steps, 1).astype(np.float32)
    return finite * np.round(coefficients / finite)


def _snap(coefficients: Plane, steps: Plane) -> Plane:
    """Return the stored multiples where they can be told; of a flat block's mean from a step of 8 on they cannot."""
    told = np.broadcast_to((steps >= SNAPPED) & np.isfinite(steps), coefficients.shape).copy()
    flat = (np.abs(coefficients[..., 1:]) < ZERO).all(axis=2)
    told[..., 0] &= ~flat | (steps[0] > BLOCK)
    return np.where(told, _round_to(coefficients, steps), coefficients).astype(np.float32)

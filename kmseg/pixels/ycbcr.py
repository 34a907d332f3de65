"""Colors as JPEG files hold them: luma, blue and red in libjpeg's fixed point, there and back (JFIF 1.02)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def _fixed(share: float) -> int:
    return int(share * 65536 + 0.5)


def to_ycbcr(colors: NDArray[Any]) -> NDArray[np.float32]:
    """Return luma, blue and red `(3, k)`, less 128, of colors `(k, 3)`, in libjpeg's 16-bit fixed point.

    Luma is rounded half up, blue and red half down; one level off would make every flat block of a color inconsistent.

    Examples
    --------
    >>> to_ycbcr(np.array([[250, 170, 30]])).ravel().tolist()
    [50.0, -83.0, 51.0]
    """
    red, green, blue = np.asarray(colors, np.int64).T
    half_down = (128 << 16) + 32767
    luma = (_fixed(0.299) * red + _fixed(0.587) * green + _fixed(0.114) * blue + 32768) >> 16
    to_blue = (-_fixed(0.168735892) * red - _fixed(0.331264108) * green + _fixed(0.5) * blue + half_down) >> 16
    to_red = (_fixed(0.5) * red - _fixed(0.418687589) * green - _fixed(0.081312411) * blue + half_down) >> 16
    return (np.stack([luma, to_blue, to_red]) - 128).astype(np.float32)


def from_ycbcr(samples: NDArray[Any]) -> NDArray[np.int64]:
    """Return the colors `(k, 3)`, 0 to 255, of luma, blue and red `(3, k)`, less 128, as libjpeg decodes them.

    Examples
    --------
    >>> from_ycbcr(to_ycbcr(np.array([[250, 170, 30]]))).tolist()
    [[250, 170, 31]]
    """
    luma, blue, red = np.asarray(samples, np.int64)
    luma = luma + 128
    green = luma + ((-_fixed(0.34414) * blue - _fixed(0.71414) * red + 32768) >> 16)
    of_red, of_blue = luma + ((_fixed(1.402) * red + 32768) >> 16), luma + ((_fixed(1.772) * blue + 32768) >> 16)
    return np.clip(np.stack([of_red, green, of_blue], axis=1), 0, 255)


def rgb_planes(luma: NDArray[Any], blue: NDArray[Any], red: NDArray[Any]) -> NDArray[Any]:
    """Return the colors `(..., 3)` of luma, and blue and red less 128, each `(...)`; not rounded and not clipped."""
    green = luma - 0.344136 * blue - 0.714136 * red
    return np.stack([luma + 1.402 * red, green, luma + 1.772 * blue], axis=-1)

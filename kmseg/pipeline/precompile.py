"""Compile the loops that make masks in a second process, while the first run of an installation looks for the legend.

The compiled code is cached on disk, so that the run loads what the second process has compiled. The loops that explain
masks are compiled by the run itself, which has the legend before the second process is done.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from contextlib import suppress

import numpy as np

from kmseg.audit.pixel_match import PixelMatcher
from kmseg.color_spaces.rgb import Rgb
from kmseg.executors import available_cores
from kmseg.images import LabelImage
from kmseg.maskers.boundary import Boundary
from kmseg.palette import Palette
from kmseg.plugins import PACKAGE

_PROCESSES: list[subprocess.Popen[bytes]] = []


def start_compiling() -> None:
    """Start the second process, if there is a core for it; without it, the run compiles everything itself."""
    if available_cores() < 2 or _PROCESSES:
        return
    command = [sys.executable, "-P", "-m", "kmseg.pipeline.precompile"]  # -P: import nothing from the working folder
    path = os.pathsep.join(filter(None, (str(PACKAGE.parent), os.environ.get("PYTHONPATH"))))
    none = subprocess.DEVNULL
    with suppress(OSError):
        environment = {**os.environ, "PYTHONPATH": path}
        _PROCESSES.append(subprocess.Popen(command, env=environment, stdin=none, stdout=none, stderr=none))


def wait_until_compiled() -> None:
    """Wait for the second process, if it was started; what it failed to compile is compiled where it is used."""
    if _PROCESSES:
        load_audit_loops()
    while _PROCESSES:
        _PROCESSES.pop().wait()


def load_mask_loops() -> None:
    """Use every loop that makes masks."""
    palette, labels = _examples()
    mask = Boundary().for_palette(palette, Rgb())
    for label in labels:
        mask(label)


def load_audit_loops() -> None:
    """Use every loop that explains masks."""
    palette, labels = _examples()
    matcher, one_class = PixelMatcher(palette), np.zeros((128, 64), np.uint8)
    for label in labels:
        matcher.match(label.pixels, one_class[: len(label.pixels)])


def _examples() -> tuple[Palette, list[LabelImage]]:
    """Return a palette and small label images: a noisy one, a flat one, and both in one."""
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    flat = np.repeat(noise[:4, :1], 64, axis=1).repeat(16, axis=0)
    palette = Palette([str(n) for n in range(4)], flat[::16, 0])
    return palette, [LabelImage.from_array(pixels) for pixels in (noise, flat, np.concatenate([flat, noise]))]


if __name__ == "__main__":
    gc.set_threshold(50_000, 20, 20)  # as in the command itself: collecting garbage took an eighth of the time
    load_mask_loops()

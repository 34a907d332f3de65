"""Find the legend of color-coded label images and turn them into index masks for training.

>>> import kmseg
>>> kmseg.Palette(["road"], [(128, 64, 128)])
Palette(1 class: road #804080)
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

from kmseg._version import __version__ as __version__
from kmseg.encoding import MAX_PIXELS

if TYPE_CHECKING:
    from kmseg.api import discover as discover
    from kmseg.api import segment as segment
    from kmseg.legends.formats import read_palette as read_palette
    from kmseg.palette import Palette as Palette
    from kmseg.palette import write_palette as write_palette


# OpenCV reads its pixel limit once, at import.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(MAX_PIXELS))

__all__ = ["Palette", "discover", "read_palette", "segment", "write_palette"]

_MODULES = {
    "discover": "kmseg.api",
    "segment": "kmseg.api",
    "read_palette": "kmseg.legends.formats",
    "Palette": "kmseg.palette",
    "write_palette": "kmseg.palette",
}


def __getattr__(name: str) -> Any:
    """Import public names on first access, so that `import kmseg` is fast."""
    if name not in _MODULES:
        raise AttributeError(f"module 'kmseg' has no attribute {name!r}; public names: {', '.join(__all__)}")
    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])

"""kmseg's home folder."""

from __future__ import annotations

import os
from pathlib import Path


def home() -> Path:
    """Return the folder for tracking store, caches and sample data: KMSEG_HOME, else `~/.kmseg`."""
    return Path(os.environ.get("KMSEG_HOME") or "~/.kmseg").expanduser().resolve()

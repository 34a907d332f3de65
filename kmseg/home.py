"""Where kmseg keeps what outlives a run: the tracking store and the drawn sample data."""

import os
from pathlib import Path


def home() -> Path:
    """Return the folder named by KMSEG_HOME, else `~/.kmseg`; it does not move with the working directory."""
    return Path(os.environ.get("KMSEG_HOME") or "~/.kmseg").expanduser().resolve()

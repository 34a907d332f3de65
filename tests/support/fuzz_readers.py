"""Coverage-guided fuzzing of the readers: a result or a UserError, nothing else, whatever the bytes.

`python -m tests.support.fuzz_readers legend|image FOLDER -max_total_time=600` (extra: fuzz) collects inputs that reach
new code in FOLDER, and writes `crash-*` on any other exception. The nightly tests run it; test_fuzz.py does the same
with Hypothesis in every run.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np

from kmseg.datasets.truth import read_true_mask
from kmseg.errors import UserError
from kmseg.images import read_rgb
from kmseg.legends.formats import read_palette

FILE = Path(tempfile.mkdtemp()) / "any"


def legend(data: bytes) -> None:
    """Read bytes as a legend."""
    FILE.write_bytes(data)
    try:
        palette = read_palette(FILE)
    except UserError as error:
        _names_the_file(error)
        return
    assert len(palette.names) == len(palette.colors) > 0
    assert all(palette.names)


def image(data: bytes) -> None:
    """Read bytes as a label image, and as a true mask."""
    FILE.write_bytes(data)
    for read, dimensions in ((read_rgb, (3,)), (read_true_mask, (2, 3))):
        try:
            pixels = read(FILE)
        except UserError as error:
            _names_the_file(error)
            continue
        assert pixels.ndim in dimensions
        assert pixels.size
        assert pixels.dtype in (np.uint8, np.uint16)


def _names_the_file(error: UserError) -> None:
    assert str(FILE) in str(error), error


def seeds() -> dict[str, list[bytes]]:
    """Return whole files of every kind to begin with."""
    from tests.legends.test_formats_read import FORMS
    from tests.support.hostile import read_complete_files

    return {
        "legend": [text.encode() for text in FORMS.values()],
        "image": [data for _, data in read_complete_files().values()],
    }


if __name__ == "__main__":
    import atheris

    atheris.instrument_all()
    kept = Path(sys.argv[2])
    kept.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(seeds()[sys.argv[1]]):
        (kept / f"seed-{number}").write_bytes(data)
    words = [sys.argv[0], *sys.argv[2:], f"-artifact_prefix={kept}/", "-max_len=4096", "-rss_limit_mb=4000"]
    atheris.Setup(words, {"legend": legend, "image": image}[sys.argv[1]])
    atheris.Fuzz()

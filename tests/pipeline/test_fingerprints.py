"""A dataset says what tells that an image has changed; where nothing tells it, nothing old is used."""

from __future__ import annotations

import numpy as np
import pytest

from tests.conftest import draw_label

PLUGIN = '''
import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kmseg.datasets import Item

OPTIONS = {"dataset/frames": "Frames", "dataset/told": "Told"}


@dataclass(frozen=True)
class Frames:
    """The frames of one array; its items have no files."""

    file: str

    def items(self):
        return [Item(str(number), Path(f"frame{number}")) for number in range(len(np.load(self.file)))]

    def read_label(self, item):
        return np.load(self.file)[int(item.key)]

    def read_photo(self, item):
        return None

    def truth(self):
        return None


@dataclass(frozen=True)
class Told(Frames):
    """Frames that say whether they have changed."""

    def fingerprint(self, item):
        return hashlib.sha256(self.read_label(item)).hexdigest()
'''


@pytest.mark.parametrize(("dataset", "done"), [("frames", 3), ("told", 1)])
def test_an_image_without_a_file_is_never_taken_for_unchanged_when_it_is_not(kmseg, legend, tmp_path, dataset, done):
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "frames.py").write_text(PLUGIN)
    frames = np.stack([draw_label(number) for number in range(3)])
    words = (f"plugins={tmp_path / 'plugins'}", f"dataset={dataset}", f"dataset.file={tmp_path / 'frames.npy'}")
    words += (f"palette.file={legend}", "writers=[index_png]", "incremental=true", "cache.limit=10")
    np.save(tmp_path / "frames.npy", frames)
    assert kmseg(*words).code == 0
    before = (tmp_path / "run" / "masks" / "1.png").read_bytes()
    frames[1] = draw_label(9)
    np.save(tmp_path / "frames.npy", frames)
    ran = kmseg(*words)
    assert ran.code == 0, ran.err
    assert ran.metrics["incremental/done"] == done
    assert (ran.folder / "masks" / "1.png").read_bytes() != before

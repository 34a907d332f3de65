"""Palettes of a sweep's next runs, found in a second process."""

import subprocess
import sys

import numpy as np
import pytest

from kmseg import second_process
from kmseg.clusterers.kmeans import KMeans
from kmseg.color_spaces.rgb import Rgb
from kmseg.datasets.folder import Folder
from kmseg.datasets.sampling import Sampling
from kmseg.executors.threads import Threads
from kmseg.pipeline import learn_apart
from kmseg.pipeline.count_colors import Learning, learn
from kmseg.pipeline.disk_cache import ColorCache
from kmseg.pipeline.learn_apart import take_learned
from kmseg.pipeline.palette_source import PaletteSource
from kmseg.pipeline.progress import Progress


@pytest.fixture
def learnings(labels, monkeypatch):
    """What decides three palettes; the second process and what was asked of it are forgotten afterwards."""
    monkeypatch.setattr(learn_apart, "_APART", [])
    parts = Folder(str(labels)), Sampling(), Rgb(), PaletteSource(), Threads(), ColorCache()
    dataset, sampling, *others = parts
    return [Learning(dataset, sampling, KMeans(k=k), *others) for k in (99, 3, "auto")]


def taken(learning):
    items = learning.dataset.items()
    return take_learned(learning.key, learning.dataset, items, Progress())


def test_a_second_process_finds_the_same_palettes_and_leaves_what_it_fails_at(learnings):
    second_process.start_early(learn_apart.__name__)
    process = second_process._STARTED[learn_apart.__name__]
    learn_apart.learn_ahead(learnings)
    assert taken(learnings[0]) is None  # k is 99, and there are fewer colors
    for learning in learnings[1:]:
        found, counted = taken(learning)
        here, _ = learn(learning, learning.dataset.items(), Progress())
        assert found.palette.names == here.palette.names
        assert np.array_equal(found.palette.colors, here.palette.colors)
        assert np.array_equal(found.clusters.centers, here.clusters.centers)
        assert found.clusters.inertia == here.clusters.inertia
        assert counted.read == len(learning.dataset.items())
    assert taken(learnings[1]) is None  # each is asked for once
    second_process.end(process)


@pytest.mark.parametrize("code", ["pass", "import sys; sys.stdin.buffer.read(1)"])
def test_without_the_second_process_the_run_finds_its_palette_itself(learnings, monkeypatch, code):
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    process = subprocess.Popen([sys.executable, "-c", code], **pipes)
    monkeypatch.setitem(second_process._STARTED, learn_apart.__name__, process)
    learn_apart.learn_ahead(learnings)
    assert [taken(learning) for learning in learnings] == [None] * 3
    second_process.end(process)


def test_a_palette_of_other_files_is_not_taken(learnings, monkeypatch):
    class Answered:
        def take(self, key):
            return learn_apart.Learned([("other", 1)], None, None, {"discover": 1.0})

    monkeypatch.setattr(learn_apart, "_APART", [Answered()])
    assert taken(learnings[1]) is None

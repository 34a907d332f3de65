from __future__ import annotations

import multiprocessing
import os
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest

from kmseg.datasets.folder import Folder
from kmseg.datasets.pairs import Pairs
from kmseg.discovery.statistics import ColorStatistics
from kmseg.histogram import Histogram
from kmseg.pipeline.count_colors import CountColors
from kmseg.pipeline.disk_cache import ColorCache
from tests.conftest import draw_label, write_rgb

COUNTS = [np.arange(5, dtype=np.uint32), np.full((3, 9), 70_000), np.zeros((0, 2), np.int64)]


@pytest.fixture
def cache(tmp_path):
    return ColorCache(str(tmp_path / "cache"), limit=1000)


@pytest.fixture
def entry(cache, labels):
    entry = cache.entry("crc32 1", "counted")
    entry.save(COUNTS)
    return entry


@pytest.mark.parametrize("kind", [ColorStatistics, Histogram])
def test_an_image_is_counted_once_and_read_no_more(cache, labels, palette, kind, monkeypatch):
    items = Folder(str(labels)).items()
    first = CountColors(Folder(str(labels)), kind, palette, cache)(items)
    monkeypatch.setattr(Folder, "read_label", None)  # an image that is read now is an error
    again = CountColors(Folder(str(labels)), kind, palette, cache)(items)
    assert (first.remembered, again.remembered) == (0, 6)
    assert np.array_equal(first.flat_pixels, again.flat_pixels)
    for name in kind.__dataclass_fields__:
        one, other = getattr(first.counts, name), getattr(again.counts, name)
        assert np.array_equal(one, other)
        assert one.dtype == other.dtype


def test_what_decides_the_counts_decides_the_entry(cache, labels, palette, tmp_path):
    pair = write_rgb(tmp_path / "pairs" / "a.png", np.hstack([draw_label(0), draw_label(1)]))

    def remembered(side="right", kind=ColorStatistics, true=None):
        dataset = Pairs(str(pair.parent), label=side)
        return CountColors(dataset, kind, true, cache)(dataset.items()).remembered

    assert [remembered(), remembered()] == [0, 1]
    assert [remembered(side="left"), remembered(kind=Histogram), remembered(true=palette)] == [0, 0, 0]
    write_rgb(pair, np.hstack([draw_label(0), draw_label(2)]))
    assert remembered() == 0


def test_an_entry_gives_back_what_was_saved(entry):
    for saved, loaded in zip(COUNTS, entry.load(), strict=True):
        assert np.array_equal(saved, loaded)
        assert saved.dtype == loaded.dtype


@pytest.mark.parametrize("damage", [b"", b"junk", "half", "flipped"])
def test_a_damaged_entry_is_ignored_and_replaced(entry, damage):
    whole = entry.path.read_bytes()
    flipped = whole[:30] + bytes([whole[30] ^ 1]) + whole[31:]
    entry.path.write_bytes({"half": whole[: len(whole) // 2], "flipped": flipped}.get(damage, damage))
    assert entry.load() is None
    entry.save(COUNTS)
    assert entry.load() is not None


def test_past_the_limit_the_longest_unused_goes_first(labels, tmp_path):
    cache = ColorCache(str(tmp_path / "cache"), limit=0.0011)
    entries = [cache.entry(str(number), "") for number in range(3)]
    noise = np.random.default_rng(0).integers(0, 256, 400)
    for age, entry in enumerate(entries):
        entry.save([noise])
        os.utime(entry.path, (1000 + age, 1000 + age))
    abandoned = entries[0].path.with_name(".x.part")
    abandoned.write_bytes(b"")
    os.utime(abandoned, (0, 0))
    entries[0].load()  # now it is the latest used
    cache.trim()
    assert [entry.load() is not None for entry in entries] == [True, False, True]
    assert not abandoned.exists()


def test_a_file_that_another_user_owns_is_left_in_a_shared_cache(tmp_path, monkeypatch):
    cache = ColorCache(str(tmp_path), limit=1e-9)
    cache.entry("0", "").save(COUNTS)
    monkeypatch.setattr(Path, "unlink", Mock(side_effect=PermissionError))
    cache.trim()
    assert cache.entry("0", "").load() is not None


def test_a_limit_of_zero_caches_nothing_and_an_unwritable_folder_is_no_error(labels, tmp_path):
    assert ColorCache(str(tmp_path), limit=0).entry("0", "") is None
    assert ColorCache(str(tmp_path)).entry("0", "") is None  # as in a single run
    in_the_way = tmp_path / "file"
    in_the_way.touch()
    dataset = Folder(str(labels))
    counted = CountColors(dataset, ColorStatistics, cache=ColorCache(str(in_the_way), limit=1000))(dataset.items())
    assert (counted.read, counted.remembered) == (6, 0)


def _count(labels, folder):
    dataset = Folder(labels)
    for _ in range(20):
        work = CountColors(dataset, ColorStatistics, cache=ColorCache(folder, limit=0.003))
        assert work(dataset.items()).counts.pixels == 6 * 64 * 64
        work.cache.trim()


def test_processes_that_share_a_cache_count_right(labels, tmp_path):
    fork = multiprocessing.get_context("fork")
    workers = [fork.Process(target=_count, args=(str(labels), str(tmp_path / "cache"))) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0] * 4

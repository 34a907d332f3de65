"""The items of a folder of many files: packed in memory, and each as a plugin sees it."""

from __future__ import annotations

import gc
import pickle
import tracemalloc
from pathlib import Path

import pytest

from kmseg.datasets import Item
from kmseg.datasets.folder import Folder
from kmseg.datasets.items import PackedItems

FILES = 1000

MORE_BYTES = 40
"""Bytes that a packed item may take besides its key and its path; a `Path` takes about 500."""


def test_a_folder_holds_no_path_of_each_file(tmp_path):
    for number in range(FILES):
        (tmp_path / f"{number:06d}.png").touch()
    Folder(str(tmp_path)).items()  # fills caches
    tracemalloc.start()
    try:
        items = Folder(str(tmp_path)).items()
        gc.collect()
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(items) == FILES
    assert held / FILES < len(items[0].key) + len(str(items[0].label)) + MORE_BYTES


def test_packed_items_are_the_items_that_went_in():
    items = [
        Item("a", Path("labels/a.png")),
        Item("b/é", Path("/labels/b/e\u0301.png"), Path("photos/é.jpg"), "train"),
        Item("not utf-8 \udcff", Path("not utf-8 \udcff.png"), None, "val"),
    ]
    packed = PackedItems(iter(items))
    assert list(packed) == [packed[0], packed[1], packed[-1]] == packed[:] == items
    assert list(pickle.loads(pickle.dumps(packed))) == items
    with pytest.raises(IndexError):
        packed[3]

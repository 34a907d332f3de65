"""A table of colors that is filled on demand, by several threads."""

import threading

import numpy as np

from kmseg.pixels import color_lookup
from kmseg.pixels.color_lookup import ColorTable


def test_colors_that_another_thread_computes_meanwhile_are_not_asked_for_again(monkeypatch):
    label = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    asked = []

    def blue(colors):
        asked.append(len(colors))
        return colors[:, 2]

    table = ColorTable(blue, np.uint8)
    pack = color_lookup.pack

    def pack_late(pixels):
        monkeypatch.setattr(color_lookup, "pack", pack)
        other = threading.Thread(target=table, args=(label,))
        other.start()
        other.join()
        return pack(pixels)

    monkeypatch.setattr(color_lookup, "pack", pack_late)
    assert np.array_equal(table(label), label[..., 2])
    assert asked == [16]

"""Known layouts of data sets, one small file each; `detect` says how sure it is, and what is what.

What a layout says is a hint that the images must bear out: what it calls labels must look like labels.
"""

from __future__ import annotations

from collections.abc import Callable

from kmseg.datasets.layouts import (
    ade,
    camvid,
    cityscapes,
    cvat,
    huggingface,
    label_studio,
    labelme,
    mmsegmentation,
    pix2pix,
    roboflow,
    segnet,
    supervisely,
    ultralytics,
    voc,
)
from kmseg.datasets.layouts.hint import LayoutHint
from kmseg.datasets.tree import Tree
from kmseg.plugins import options, part_class

Detect = Callable[[Tree], LayoutHint | None]

LAYOUTS: dict[str, Detect] = {
    "cityscapes": cityscapes.detect,
    "voc": voc.detect,
    "cvat": cvat.detect,
    "camvid": camvid.detect,
    "segnet": segnet.detect,
    "ade": ade.detect,
    "mmsegmentation": mmsegmentation.detect,
    "ultralytics": ultralytics.detect,
    "roboflow": roboflow.detect,
    "supervisely": supervisely.detect,
    "labelme": labelme.detect,
    "huggingface": huggingface.detect,
    "pix2pix": pix2pix.detect,
    "label_studio": label_studio.detect,
}
"""The layouts by name."""


def detect_layout(tree: Tree) -> LayoutHint | None:
    """Return what the surest layout says; None where none is known, or two are equally sure."""
    hints = [hint for detect in (*LAYOUTS.values(), *_plugin_layouts()) if (hint := detect(tree)) is not None]
    hints.sort(key=lambda hint: -hint.certainty)
    if not hints or (len(hints) > 1 and hints[0].certainty == hints[1].certainty):
        return None
    return hints[0]


def _plugin_layouts() -> list[Detect]:
    """Return the layouts of plugins: options of the group `layout`, dataclasses with a method `detect`."""
    return [part_class(option.target)().detect for option in options() if option.group == "layout"]

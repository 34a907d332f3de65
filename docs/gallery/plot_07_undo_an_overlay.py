"""
Undo an overlay
===============

Labels blended onto photos, ``opacity * label + (1 - opacity) * photo``, become label images again if the photos are there. On the command
line: ``dataset=overlay dataset.root=overlays dataset.photos=photos``.
"""

import tempfile
from pathlib import Path

import cv2
import matplotlib.pyplot as plt
import numpy as np

import kmseg
from kmseg.datasets.overlay import Overlay
from kmseg.datasets.sample import LEGEND, Sample

sample = Sample(scenes=4)
root = Path(tempfile.mkdtemp())
for folder in ("overlays", "photos"):
    (root / folder).mkdir()
for item in sample.items():
    texture = cv2.resize(np.random.default_rng(int(item.key)).normal(0, 40, (64, 64)), (256, 256))
    photo = np.clip(sample.read_photo(item) + texture[..., None], 0, 255).round()
    mask = cv2.imread(str(sample.folder / "truth" / f"{item.key}.png"), cv2.IMREAD_UNCHANGED)
    overlay = np.rint(0.4 * LEGEND.paint(mask) + 0.6 * photo).astype(np.uint8)
    for folder, image in (("overlays", overlay), ("photos", photo)):
        cv2.imwrite(str(root / folder / f"{item.key}.png"), image[..., ::-1])

# %%
# The opacity is not told: it is the one at which the labels have the fewest colors.

overlays = Overlay(str(root / "overlays"), str(root / "photos"))
print(f"opacity {overlays.used_opacity:.2f}")
labels = [overlays.read_label(item).pixels for item in overlays.items()]
palette = kmseg.discover(labels)
masks = kmseg.segment(labels, palette)
print(palette)

# %%

first = overlays.items()[0]
panels = {
    "overlay": cv2.imread(str(first.label))[..., ::-1],
    "photo": overlays.read_photo(first),
    "label, computed": labels[0],
    "index mask": palette.paint(masks[0]),
}
figure, axes = plt.subplots(1, 4, figsize=(12, 3.4))
for axis, (title, image) in zip(axes, panels.items()):
    axis.imshow(image)
    axis.set_title(title)
    axis.set_axis_off()
figure.tight_layout()

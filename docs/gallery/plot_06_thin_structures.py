"""
Thin structures in JPEG
=======================

4:2:0 JPEG halves the resolution of color: a line of one or two pixels has the wrong color everywhere. ``masker=jpeg`` reads the file's DCT
coefficients and looks for the labeling that they allow.
"""

import tempfile
from pathlib import Path

import cv2
import matplotlib.pyplot as plt
import numpy as np

import kmseg
from kmseg.maskers.jpeg import Jpeg
from kmseg.maskers.nearest import Nearest

# %%
# A drawing of four classes with lines of one and two pixels, saved as JPEG of quality 75.

palette = kmseg.Palette(
    ["ground", "wall", "pipe", "wire"], [(220, 220, 170), (90, 70, 140), (20, 140, 90), (200, 40, 30)]
)
true = np.zeros((96, 128), np.uint8)
cv2.rectangle(true, (10, 12), (60, 60), 1, 2)
cv2.rectangle(true, (60, 30), (110, 80), 1, 2)
for step in range(4):
    cv2.line(true, (5 + 9 * step, 90), (70 + 14 * step, 5), 2, 2)
cv2.polylines(true, [np.array([(2 + 4 * x, 48 + int(30 * np.sin(x / 3))) for x in range(32)], np.int32)], False, 3, 1)

path = Path(tempfile.mkdtemp(), "label.jpg")
cv2.imwrite(str(path), palette.paint(true)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 75])

# %%

masks = {
    "nearest color": kmseg.segment(path, palette, masker=Nearest())[0],
    "masker=boundary": kmseg.segment(path, palette)[0],
    "masker=jpeg": kmseg.segment(path, palette, masker=Jpeg())[0],
}
panels = {"as drawn": palette.paint(true), "JPEG": cv2.imread(str(path))[..., ::-1]}
panels |= {f"{name}, {(mask == true).mean():.1%} right": palette.paint(mask) for name, mask in masks.items()}

figure, axes = plt.subplots(2, 3, figsize=(11, 6))
for axis in axes.flat:
    axis.set_axis_off()
for axis, (title, image) in zip(axes.flat, panels.items()):
    axis.imshow(image, interpolation="nearest")
    axis.set_title(title)
figure.tight_layout()

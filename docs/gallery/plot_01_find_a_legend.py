"""
Find a legend
=============

Eight JPEG label images come without a legend. :func:`kmseg.discover` finds the colors of the classes, names them if they are
those of a published data set, and :func:`kmseg.segment` writes index masks.
"""

import cv2
import matplotlib.pyplot as plt
import numpy as np

import kmseg
from kmseg.datasets.sample import LEGEND, draw_scene
from kmseg.legends.recognition import published

# %%
# The label images: streets in the colors of Cityscapes, reduced to 256 x 256 pixels and saved as JPEG.

cityscapes = published()["cityscapes_train19"]
colors = [cityscapes.colors[cityscapes.find_class(n if n in cityscapes.names else "road")] for n in LEGEND.names]
labels = []
for number in (2, 3, 4, 6, 7, 10, 11, 12):
    scene = np.array(colors)[draw_scene(np.random.default_rng([0, number]))]
    small = cv2.resize(scene, (256, 256), interpolation=cv2.INTER_AREA)
    jpeg = cv2.imencode(".jpg", small[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 75])[1]
    labels.append(cv2.imdecode(jpeg, cv2.IMREAD_COLOR)[..., ::-1])

print(len(np.unique(np.concatenate(labels).reshape(-1, 3), axis=0)), "colors in eight images")

# %%
# A dozen of these thousands of colors are classes.

palette = kmseg.discover(labels)
palette

# %%
# The masks have the class of each pixel, also where JPEG has mixed the colors.

masks = kmseg.segment(labels, palette)

figure, (left, middle, right) = plt.subplots(1, 3, figsize=(11, 4), width_ratios=[3, 1.6, 3])
left.imshow(labels[0])
left.set_title("label image, no legend")
for row, (name, color) in enumerate(zip(palette.names, palette.colors / 255)):
    middle.add_patch(plt.Rectangle((0, -row), 1, 0.8, color=color))
    middle.text(1.2, 0.4 - row, name, va="center", fontsize=9)
middle.set(xlim=(0, 4), ylim=(-len(palette) + 1, 1), title="palette")
right.imshow(palette.paint(masks[0]))
right.set_title("index mask, painted")
for axis in (left, middle, right):
    axis.set_axis_off()
figure.tight_layout()

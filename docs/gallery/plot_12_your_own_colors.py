"""
Your own colors, classes merged
===============================

The same data set in other colors and with fewer classes: a table of names gives both.
"""

import matplotlib.pyplot as plt
import numpy as np

import kmseg
from kmseg.datasets.sample import LEGEND, Sample

sample = Sample(scenes=4)
labels = [sample.read_label(item).pixels for item in sample.items()]
masks = kmseg.segment(labels, LEGEND)

# %%
# Each old class names its new one; new classes have colors.

groups = {
    "drivable": ["road", "lane marking"],
    "walkable": ["sidewalk", "terrain"],
    "obstacle": ["car", "bus", "person", "bicycle", "pole", "fence", "traffic sign", "traffic light"],
    "background": ["sky", "building", "vegetation"],
}
merged = kmseg.Palette(list(groups), [(90, 160, 90), (240, 210, 90), (200, 60, 60), (225, 225, 230)])
table = np.full(256, merged.ignore, np.uint8)
for row, names in enumerate(groups.values()):
    table[[LEGEND.find_class(name) for name in names]] = row

# %%

figure, axes = plt.subplots(2, 4, figsize=(11, 5.6))
for column, label, mask in zip(axes.T, labels, masks):
    column[0].imshow(label)
    column[1].imshow(merged.paint(table[mask]))
for axis in axes.flat:
    axis.set_axis_off()
handles = [plt.Rectangle((0, 0), 1, 1, color=color) for color in merged.colors / 255]
figure.legend(handles, merged.names, loc="lower center", ncols=4, frameon=False)
figure.tight_layout(rect=(0, 0.05, 1, 1))

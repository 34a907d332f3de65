"""
Which pixels does a legend not explain?
=======================================

A legend that lacks a class still gives a mask for every pixel. Pixels that are neither near a class's color nor a mixture of classes
around them are *unmatched*: set them to 255, and training ignores them.
"""

import matplotlib.pyplot as plt

import kmseg
from kmseg.audit.pixel_match import PixelMatcher
from kmseg.datasets.sample import LEGEND, Sample

sample = Sample(scenes=4)
label = sample.read_label(sample.items()[0]).pixels

# %%
# The legend without cars.

names = [name for name in LEGEND.names if name != "car"]
legend = kmseg.Palette(names, [LEGEND.colors[LEGEND.find_class(name)] for name in names])
mask = kmseg.segment([label], legend)[0]
unmatched = PixelMatcher(legend).unmatched(label, mask)
print(f"{unmatched.mean():.2%} of the pixels are unmatched")

# %%

safe = mask.copy()
safe[unmatched] = legend.ignore

figure, axes = plt.subplots(1, 4, figsize=(12, 3.4))
panels = [label, legend.paint(mask), unmatched, legend.paint(safe)]
for axis, title, image in zip(
    axes, ["label image", "mask, legend without cars", "unmatched", "unmatched ignored"], panels
):
    axis.imshow(image, cmap="gray")
    axis.set_title(title)
    axis.set_axis_off()
figure.tight_layout()

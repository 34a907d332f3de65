"""
Lossless and lossy label images
===============================

A label image saved as JPEG has thousands of colors. Assigning the nearest class color to each pixel gives rims of wrong classes;
``masker=boundary`` gives a border pixel one of the classes beside it.
"""

import matplotlib.pyplot as plt

import kmseg
from kmseg.datasets.sample import LEGEND, Sample
from kmseg.maskers.nearest import Nearest

# %%
# The sample's label images are JPEG of quality 75; its true masks show what they were before.

sample = Sample(scenes=4)
item = sample.items()[1]
lossy = sample.read_label(item).pixels
true = plt.imread(sample.folder / "truth" / "0001.png")
true = (true * 255).round().astype("uint8")

nearest = kmseg.segment([lossy], LEGEND, masker=Nearest())[0]
boundary = kmseg.segment([lossy], LEGEND)[0]
print(f"right: nearest {(nearest == true).mean():.1%}, boundary {(boundary == true).mean():.1%}")

# %%
# A detail, 64 x 64 pixels.

rows, columns = slice(131, 195), slice(186, 250)
panels = {
    "before JPEG": LEGEND.paint(true),
    "JPEG, quality 75": lossy,
    "nearest color": LEGEND.paint(nearest),
    "masker=boundary": LEGEND.paint(boundary),
}
figure, axes = plt.subplots(1, 4, figsize=(11, 3))
for axis, (title, image) in zip(axes, panels.items()):
    axis.imshow(image[rows, columns], interpolation="nearest")
    axis.set_title(title)
    axis.set_axis_off()
figure.tight_layout()

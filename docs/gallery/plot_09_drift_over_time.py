"""
A new class appears
===================

Label images arrive every night, and one day the annotators add a class. The share of unmatched pixels of each image shows when. A run
with ``palette.file=`` says so, lists the color in ``drift.csv`` and ends with exit code 3.
"""

import matplotlib.pyplot as plt
import numpy as np

import kmseg
from kmseg.audit.pixel_match import PixelMatcher
from kmseg.datasets.sample import LEGEND, Sample

sample = Sample(scenes=24)
labels = [sample.read_label(item).pixels.copy() for item in sample.items()]
new_class = (255, 0, 255)
for night, label in enumerate(labels[14:], start=14):
    label[170:210, 20 + 4 * night : 60 + 4 * night] = new_class

# %%
# The legend of the first nights. ``max_unmatched=0.015`` is the limit on the command line.

masks = kmseg.segment(labels, LEGEND)
matcher = PixelMatcher(LEGEND)
limit = 0.015
shares = [matcher.unmatched(label, mask).mean() for label, mask in zip(labels, masks)]
first = int(np.argmax(np.array(shares) > limit))
print("first image with more than 1.5 % unmatched pixels:", first)

# %%

figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4), width_ratios=[2, 1], layout="constrained")
left.bar(range(len(shares)), 100 * np.array(shares), color=["C3" if share > limit else "C0" for share in shares])
left.axhline(100 * limit, color="0.5", ls=":")
left.set(xlabel="night", ylabel="unmatched pixels, %")
right.imshow(labels[first])
right.contour(matcher.unmatched(labels[first], masks[first]), [0.5], colors="white", linewidths=2)
right.set_title(f"night {first}, unmatched pixels outlined")
right.set_axis_off()

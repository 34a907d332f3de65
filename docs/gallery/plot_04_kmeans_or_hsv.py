"""
K-Means or HSV ranges?
======================

A common way to read one class from a colored label image is a range of hue, saturation and value. Here both methods know the
legend; wrong pixels are red. ``kmseg task=compare`` does this on your images, with tuned ranges.
"""

import cv2
import matplotlib.pyplot as plt
import numpy as np

import kmseg
from kmseg.datasets.sample import LEGEND, Sample
from kmseg.maskers.boundary import Boundary
from kmseg.maskers.hsv_range import HsvRange
from kmseg.metrics.masks import confusion, mask_scores

sample = Sample(scenes=6)
labels = [sample.read_label(item).pixels for item in sample.items()]
truth = [cv2.imread(str(path), cv2.IMREAD_UNCHANGED) for path in sorted((sample.folder / "truth").iterdir())]

methods = {"HSV ranges": HsvRange(), "K-Means' masker": Boundary()}
masks = {name: kmseg.segment(labels, LEGEND, masker=masker) for name, masker in methods.items()}

# %%

k = len(LEGEND)
scores = {}
for name, found in masks.items():
    counts = sum(confusion(t.astype(np.int64), np.minimum(m, k), k, k) for t, m in zip(truth, found))
    scores[name] = mask_scores(counts, LEGEND, LEGEND)
    print(f"{name}: mean IoU {scores[name]['mask/miou']:.3f}")

# %%

figure, axes = plt.subplots(1, 3, figsize=(12, 4), width_ratios=[3, 3, 4])
for axis, (name, found) in zip(axes, masks.items()):
    picture = LEGEND.paint(truth[0]) // 2 + 120
    picture[found[0] != truth[0]] = (220, 0, 0)
    axis.imshow(picture)
    axis.set_title(f"{name}: wrong pixels")
    axis.set_axis_off()
names = [key.removeprefix("mask/iou/") for key in scores["HSV ranges"] if key.startswith("mask/iou/")]
for shift, (name, score) in zip((-0.2, 0.2), scores.items()):
    heights = [score[f"mask/iou/{label}"] for label in names]
    axes[2].barh(np.arange(len(names)) + shift, heights, 0.4, label=name)
axes[2].set_yticks(range(len(names)), names)
axes[2].invert_yaxis()
axes[2].set(xlabel="IoU", xlim=(0, 1))
axes[2].legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2, frameon=False)
figure.tight_layout()

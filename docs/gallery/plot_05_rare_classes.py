"""
Rare classes
============

A traffic sign covers 0.1 % of the pixels. K-Means minimizes a sum over pixels, so that a second cluster on the road's JPEG noise is worth
more than one on the sign. ``k="auto"`` asks for evidence instead: a flat region, or the same small color in several images.
"""

import matplotlib.pyplot as plt
import numpy as np

import kmseg
from kmseg.datasets.sample import LEGEND, Sample

sample = Sample(scenes=12)
labels = [sample.read_label(item).pixels for item in sample.items()]

auto = kmseg.discover(labels)
fixed = kmseg.discover(labels, k=len(auto))

# %%
# Share of the pixels of each true class, and its distance to the nearest color of both palettes. Within 6 it counts as found.

masks = kmseg.segment(labels, LEGEND)
shares = np.bincount(np.concatenate(masks).ravel(), minlength=256)[: len(LEGEND)] / np.concatenate(masks).size
order = np.argsort(-shares)[: (shares > 0).sum()]


def distances(palette):
    """Return the distance of each true color to the nearest one of a palette."""
    apart = LEGEND.colors[:, None].astype(float) - palette.colors
    return np.linalg.norm(apart, axis=-1).min(axis=1)


figure, axis = plt.subplots(figsize=(9, 4))
for shift, (name, palette) in zip((-0.2, 0.2), {f"K-Means, k={len(fixed)}": fixed, "k=auto": auto}.items()):
    axis.bar(np.arange(len(order)) + shift, distances(palette)[order], 0.4, label=name)
axis.axhline(6, color="0.5", ls=":")
axis.set_xticks(range(len(order)), [f"{LEGEND.names[k]}\n{shares[k]:.2%}" for k in order], rotation=60, fontsize=8)
axis.set_ylabel("distance to the true color, RGB units")
axis.legend()
figure.tight_layout()

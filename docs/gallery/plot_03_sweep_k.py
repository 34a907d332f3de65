"""
How many clusters?
==================

K-Means needs k. With a small k it merges rare classes; with a large one it spends clusters on the mixed colors of borders.
``k="auto"`` looks at the colors themselves.
"""

import matplotlib.pyplot as plt

import kmseg
from kmseg.datasets.sample import LEGEND, Sample
from kmseg.metrics.legend import count_flat_pixels, legend_scores

sample = Sample(scenes=6)
labels = [sample.read_label(item).pixels for item in sample.items()]
present = sum(count_flat_pixels(label, LEGEND) for label in labels)

# %%
# A class is found if the palette has its color within 6 RGB units; a color is spurious if it is farther than 10 from all.

tried = [4, 8, 12, 16, 24]
scores = [legend_scores(kmseg.discover(labels, k=k), LEGEND, present) for k in tried]
auto = kmseg.discover(labels)
best = legend_scores(auto, LEGEND, present)
print("k=auto:", len(auto), "classes,", best["legend/found"], "of", best["legend/present"], "found")

# %%

figure, axis = plt.subplots(figsize=(7, 4))
axis.plot(tried, [s["legend/found"] for s in scores], "o-", label="K-Means: classes found")
axis.plot(tried, [s["legend/spurious"] for s in scores], "o-", label="K-Means: spurious colors")
axis.plot(len(auto), best["legend/found"], "*", ms=16, color="C0", label="k=auto: classes found")
axis.plot(len(auto), best["legend/spurious"], "*", ms=16, color="C1", label="k=auto: spurious colors")
axis.axhline(best["legend/present"], color="0.7", ls=":", label="classes present")
axis.set(xlabel="clusters", ylabel="colors", ylim=(-0.5, None))
axis.grid(alpha=0.3)
axis.legend(fontsize=8)
figure.tight_layout()

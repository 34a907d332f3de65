"""
A PyTorch dataset over the masks
================================

Photos and the masks of a run become batches for training. The class has the two methods of ``torch.utils.data.Dataset``; it works with and
without PyTorch installed. The value 255 is the usual ``ignore_index``.
"""

import tempfile
from pathlib import Path

import cv2
import matplotlib.pyplot as plt
import numpy as np

import kmseg
from kmseg.datasets.sample import Sample

try:
    from torch.utils.data import Dataset
except ImportError:
    Dataset = object

# %%
# What a run writes: ``masks/*.png``, here from Python.

sample = Sample(scenes=8)
items = sample.items()
labels = [sample.read_label(item).pixels for item in items]
palette = kmseg.discover(labels)
run = Path(tempfile.mkdtemp())
for folder in ("photos", "masks"):
    (run / folder).mkdir()
for item, mask in zip(items, kmseg.segment(labels, palette)):
    cv2.imwrite(str(run / "masks" / f"{item.key}.png"), mask)
    cv2.imwrite(str(run / "photos" / f"{item.key}.png"), sample.read_photo(item)[..., ::-1])

# %%


class PhotosAndMasks(Dataset):
    """Crops of photos, float32 (3, H, W), with their masks, int64 (H, W)."""

    def __init__(self, photos, masks, crop=128, seed=0):
        self.files = [(photos / mask.name, mask) for mask in sorted(masks.glob("*.png"))]
        self.crop, self.random = crop, np.random.default_rng(seed)

    def __len__(self):
        return len(self.files)

    def __getitem__(self, index):
        photo, mask = (cv2.imread(str(path), cv2.IMREAD_UNCHANGED) for path in self.files[index])
        y, x = self.random.integers(0, np.array(mask.shape) - self.crop + 1)
        photo = photo[y : y + self.crop, x : x + self.crop, ::-1].transpose(2, 0, 1)
        return photo.astype(np.float32) / 255, mask[y : y + self.crop, x : x + self.crop].astype(np.int64)


dataset = PhotosAndMasks(run / "photos", run / "masks")

# %%
# A batch: photos above, masks below.

figure, axes = plt.subplots(2, 6, figsize=(12, 4.2))
for index, column in enumerate(axes.T):
    photo, mask = dataset[index + 1]
    column[0].imshow(photo.transpose(1, 2, 0))
    column[1].imshow(palette.paint(mask.astype(np.uint8)))
for axis in axes.flat:
    axis.set_axis_off()
figure.tight_layout()

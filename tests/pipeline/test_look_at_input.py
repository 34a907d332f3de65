"""What is left of a doubt about the input when the palette is known."""

from dataclasses import replace

import cv2
import numpy as np

from kmseg.clusterers.kmeans import KMeans
from kmseg.color_spaces.rgb import Rgb
from kmseg.datasets.folder import Folder
from kmseg.discovery.statistics import ColorStatistics
from kmseg.images import read_label_image
from kmseg.palette import Palette
from kmseg.pipeline.look_at_input import InputDoubt
from kmseg.pipeline.palette_source import PaletteSource, find_named_palette
from tests.support.kinds import COLORS, draw_indices


def test_a_doubt_about_small_images_is_left_only_where_the_palette_does_not_explain_them(tmp_path):
    for n in range(3):
        bgr = np.ascontiguousarray(COLORS[draw_indices(n, 3, (64, 64))][..., ::-1])
        cv2.imwrite(str(tmp_path / f"{n}.jpg"), bgr, [cv2.IMWRITE_JPEG_QUALITY, 75])
    dataset = Folder(root=str(tmp_path))
    items = dataset.items()
    statistics = ColorStatistics.of_all(read_label_image(item.label) for item in items)
    found = find_named_palette(statistics, PaletteSource(), KMeans(), Rgb())
    short = replace(found, palette=Palette(["a", "b"], COLORS[:2]))
    assert InputDoubt("photos", small=True).remaining(found, 3, dataset, items) == ""
    assert InputDoubt("photos", small=True).remaining(short, 3, dataset, items) == "photos"
    assert InputDoubt("photos").remaining(found, 3, dataset, items) == "photos"

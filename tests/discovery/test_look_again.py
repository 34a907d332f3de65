"""The rare classes of a published legend are found by its colors, and nothing else is."""

import numpy as np
import pytest

from kmseg.clusterers.kmeans import KMeans
from kmseg.color_spaces.rgb import Rgb
from kmseg.discovery.look_again import look_again
from kmseg.discovery.select import find_candidates
from kmseg.discovery.statistics import ColorStatistics
from kmseg.images import LabelImage
from kmseg.legends.recognition import published
from kmseg.pipeline.palette_source import PaletteSource, find_named_palette
from tests.support.kinds import COLORS, as_jpeg, draw_indices


def count(rare, side=8):
    """Count the colors of four scenes of six classes in JPEG, in one of which a square has a rare color."""
    labels = []
    for seed in range(4):
        label = COLORS[draw_indices(seed)].copy()
        if rare is not None and not seed:
            label[48 : 48 + side, 48 : 48 + side] = rare
        labels.append(LabelImage.from_array(as_jpeg(label, 90)))
    return ColorStatistics.of_all(labels)


def colors_of(candidates):
    return {candidate.color for candidate in candidates.accepted}


@pytest.mark.parametrize("rare", [(250, 170, 30), (0, 60, 100)])
def test_a_square_of_a_published_color_is_a_class_and_absent_and_mixed_ones_are_not(rare):
    statistics = count(rare)
    before = find_candidates(statistics)
    assert len(before.accepted) == 6
    middles = [(COLORS[a].astype(int) + COLORS[b]) // 2 for a in range(6) for b in range(a)]
    legend = np.array([*published()["cityscapes"].colors, *middles], np.uint8)
    after = look_again(statistics, before, legend, "Cityscapes", ())
    assert colors_of(after) - colors_of(before) == {rare}
    (found,) = (candidate for candidate in after.accepted if candidate.color == rare)
    assert found.reason.startswith("by the published legend, Cityscapes")
    assert look_again(statistics, before, legend, "Cityscapes", (rare,)) is before
    assert look_again(count(None), before, legend, "Cityscapes", ()) is before


def test_the_palette_has_them_with_their_names_and_says_so():
    found = find_named_palette(count((250, 170, 30)), PaletteSource(names="cityscapes"), KMeans(), Rgb())
    assert "traffic light" in found.palette.names
    assert any("by the published legend" in remark for remark in found.remarks)
    unnamed = find_named_palette(count((250, 170, 30)), PaletteSource(names="none"), KMeans(), Rgb())
    assert len(unnamed.palette) == 6

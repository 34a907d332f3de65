import numpy as np
import pytest

from kmseg.errors import UserError
from kmseg.legends.recognition import match_with, named, published, recognize, snapped, titles
from kmseg.palette import Palette
from kmseg.pipeline.palette_source import PaletteSource

CONTAINED = {"lip", "bdd100k_drivable", "udd5", "udd6"}
"""Equal to another legend's colors, or made of three to six colors that dozens of legends share."""


def shifted(palette: Palette, levels: int) -> Palette:
    shift = np.random.default_rng(0).integers(-levels, levels + 1, palette.colors.shape)
    return Palette(palette.names, (palette.colors.astype(int) + shift).clip(0, 255))


@pytest.mark.parametrize("slug", published())
@pytest.mark.parametrize("levels", [0, 3])
def test_every_published_legend_is_recognized_as_itself_or_as_one_among_rivals(slug, levels):
    recognition = recognize(shifted(published()[slug], levels), exact=not levels)
    if recognition.best is None:
        assert slug in CONTAINED
        assert slug in {match.slug for match in recognition.suspects}
        assert f" {slug}" in recognition.sentence()
    else:
        assert slug in {recognition.best.slug, *(rival.slug for rival in recognition.rivals)}
        assert titles()[recognition.best.slug] in recognition.sentence()


def test_a_part_of_a_legend_gets_its_names():
    cityscapes = published()["cityscapes"]
    part = Palette([str(n) for n in range(15)], cityscapes.colors[2:17])
    recognition = recognize(part, exact=True)
    given = [name for name in recognition.names if name]
    assert len(given) >= 12
    assert all(name in (None, true) for name, true in zip(recognition.names, cityscapes.names[2:17], strict=True))


def test_colors_that_many_legends_share_prove_nothing():
    common = Palette(list("abcd"), np.array([(0, 0, 0), (255, 255, 255), (255, 0, 0), (0, 0, 255)]))
    recognition = recognize(common, exact=True)
    assert recognition.best is None
    assert recognition.names == (None,) * 4
    assert named(common, recognition.names).names == common.names
    assert "too common to prove" in recognition.sentence()


def test_random_colors_are_nobodys():
    for seed in range(20):
        colors = np.random.default_rng(seed).integers(0, 256, (12, 3))
        assert recognize(Palette([str(n) for n in range(12)], colors), exact=False).best is None


def test_published_colors_are_taken_only_when_asked():
    found = shifted(published()["camvid32"], 3)
    source = PaletteSource(names="camvid32")
    assert np.array_equal(source.name_classes(found, exact=False).palette.colors, found.colors)
    snap = PaletteSource(names="camvid32", snap=True).name_classes(found, exact=False).palette
    assert np.array_equal(snap.colors, published()["camvid32"].colors)
    assert snap.names == published()["camvid32"].names
    assert np.array_equal(snapped(found, match_with("camvid32", found, exact=False)).colors, snap.colors)


def test_names_can_be_declined_and_a_wrong_slug_is_met_with_the_right_one():
    assert PaletteSource(names="none").name_classes(published()["suim"], exact=True).palette is published()["suim"]
    with pytest.raises(UserError, match="such as cityscapes"):
        PaletteSource(names="cityscape")

import numpy as np
import pytest

from kmseg.errors import UserError
from kmseg.legends.default_maps import default_maps, voc_colors
from kmseg.legends.recognition import match_with, named, published, recognize, snapped, titles
from kmseg.palette import Palette
from kmseg.pipeline.palette_source import PaletteSource

CONTAINED = {"lip", "bdd100k_drivable", "udd5", "udd6", "loveda", "uavid", "pascal_voc"}
"""Equal to another legend's colors, or made of three to eight basic colors that dozens of legends share."""

DEFAULTS = {"aeroscapes", "atr", "nyuv2_40", "suim", "isprs", "deepglobe_landcover"}
"""Made of a default color map's colors alone: whoever has them may mean other classes."""


def shifted(palette: Palette, levels: int) -> Palette:
    shift = np.random.default_rng(0).integers(-levels, levels + 1, palette.colors.shape)
    return Palette(palette.names, (palette.colors.astype(int) + shift).clip(0, 255))


@pytest.mark.parametrize("slug", published())
@pytest.mark.parametrize("levels", [0, 3])
def test_every_published_legend_is_recognized_as_itself_or_as_one_among_rivals(slug, levels):
    recognition = recognize(shifted(published()[slug], levels), exact=not levels)
    if recognition.best is None:
        assert slug in CONTAINED | DEFAULTS
        assert slug in {match.slug for match in recognition.suspects}
        assert slug in recognition.sentence()
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
    assert "names unknown" in recognition.sentence()


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


def default_colors(count: int, name: str) -> np.ndarray:
    if name == "voc":
        return voc_colors(count)
    return next(each.colors[:count] for each in default_maps() if name in each.title)


@pytest.mark.parametrize("name", ["voc", "tab10", "tab20", "RGB cube"])
def test_default_color_maps_give_no_names_and_say_so(name):
    for count in (4, 5, 7, 10, 12, 21):
        colors = default_colors(count, name)
        recognition = recognize(Palette([str(n) for n in range(len(colors))], colors), exact=True)
        assert recognition.names == (None,) * len(colors)
        assert "default colors of" in recognition.sentence()
        assert "names unknown" in recognition.sentence()


def test_classes_of_a_default_color_map_keep_its_order_and_numbers():
    shown = Palette(["a", "b", "c", "d"], voc_colors(6)[[3, 0, 5, 1]])
    naming = PaletteSource().name_classes(shown, exact=True)
    assert naming.palette.names == ("class_00", "class_01", "class_03", "class_05")
    assert naming.palette.colors.tolist() == voc_colors(6)[[0, 1, 3, 5]].tolist()
    assert naming.order == (1, 3, 0, 2)


def test_the_void_border_of_pascal_voc_tells_its_classes():
    with_void = Palette([str(n) for n in range(8)], np.concatenate([voc_colors(7), [(224, 224, 192)]]))
    names = recognize(with_void, exact=True).names
    assert names[0] == "background"
    assert names[1] == "aeroplane"
    without = Palette(with_void.names[:7], with_void.colors[:7])
    assert recognize(without, exact=True).names == (None,) * 7
    assert PaletteSource(names="pascal_voc").name_classes(without, exact=True).palette.names[1] == "aeroplane"


@pytest.mark.parametrize("slug", ["cityscapes", "camvid11", "mapillary_vistas_v1", "rugd"])
@pytest.mark.parametrize("levels", [0, 3])
def test_files_with_red_and_blue_exchanged_are_told_and_named(slug, levels):
    legend = published()[slug]
    exchanged = shifted(Palette(legend.names, legend.colors[:, ::-1]), levels)
    recognition = recognize(exchanged, exact=not levels)
    assert recognition.exchanged
    assert "BGR" in recognition.sentence()
    named_right = [n for n, true in zip(recognition.names, legend.names, strict=True) if n == true]
    assert len(named_right) >= 0.6 * len(legend)
    assert not recognize(legend, exact=True).exchanged


def test_exchanged_colors_are_painted_in_rgb_when_asked():
    legend = published()["camvid11"]
    exchanged = Palette([str(n) for n in range(len(legend))], legend.colors[:, ::-1])
    snap = PaletteSource(snap=True).name_classes(exchanged, exact=True).palette
    assert np.array_equal(snap.colors, exchanged.colors)
    assert np.array_equal(snap.painted, legend.colors)


@pytest.mark.parametrize("slug", ["cityscapes", "ade20k", "cmp_facades", "pascal_voc", "scannet_nyu40", "suim"])
def test_a_part_of_a_legend_is_named_rightly_or_not_at_all(slug):
    legend = published()[slug]
    random = np.random.default_rng(0)
    for exchanged in (False, True):
        rows = np.sort(random.permutation(len(legend))[: int(0.6 * len(legend)) + 1])
        colors = legend.colors[rows][:, :: -1 if exchanged else 1]
        found = shifted(Palette([legend.names[row] for row in rows], colors), 3)
        for name, true in zip(recognize(found, exact=False).names, found.names, strict=True):
            assert name in (None, true)

from dataclasses import replace

import numpy as np
import pytest

from kmseg.errors import UserError
from kmseg.legends.formats import read_palette
from kmseg.palette import Palette, recolored, write_palette


def written(tmp_path, text):
    path = tmp_path / "legend.csv"
    path.write_text(text)
    return path


def test_a_palette_survives_its_file(tmp_path, palette):
    again = read_palette(write_palette(tmp_path / "p.csv", palette, {"share": [0.1, 0.2, 0.3, 0.4]}))
    assert again.names == palette.names
    assert np.array_equal(again.colors, palette.colors)


def test_the_values_of_classes_in_masks_survive_the_file(tmp_path, palette):
    numbered = replace(palette, ids=[0, 3, 1, 7], certainty=[1.0] * 4)
    again = read_palette(write_palette(tmp_path / "p.csv", numbered))
    assert list(again.ids) == numbered.ids
    assert again.names == palette.names
    assert again.to_ids(np.array([[0, 1, 3, 255]], np.uint8)).tolist() == [[0, 3, 7, 255]]


def test_rows_of_one_name_become_one_class_and_stay_so_in_the_file(tmp_path):
    path = written(tmp_path, "name,r,g,b\nroad,1,2,3\ncar,4,5,6\nroad,7,8,9\n")
    for palette in (read_palette(path), read_palette(write_palette(tmp_path / "p.csv", read_palette(path)))):
        assert palette.names == ("road", "car")
        colors, owner = palette.sources
        assert colors.tolist() == [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
        assert owner.tolist() == [0, 1, 0]


def test_painting_gives_each_class_its_color_and_black_to_the_rest(palette):
    assert palette.paint(np.array([[0, 3, 255]], np.uint8)).tolist() == [[[70, 130, 180], [220, 220, 0], [0, 0, 0]]]


EDITED = """name,r,g,b,also,painted,ignore
road,1,2,3,#070809,#ff0000,
car,4,5,6,,,0
sky,9,9,9,#0a0a0a,,1
sign,8,8,8,,,
"""


def test_colors_to_paint_in_and_colors_of_no_class_survive_the_file(tmp_path):
    once = read_palette(written(tmp_path, EDITED))
    for palette in (once, read_palette(write_palette(tmp_path / "p.csv", once, {"share": [0.5, 0.3, 0.2]}))):
        assert palette.names == ("road", "car", "sign")
        assert palette.painted.tolist() == [[255, 0, 0], [4, 5, 6], [8, 8, 8]]
        assert palette.ignored == (("sky", (9, 9, 9)), ("sky", (10, 10, 10)))
        colors, owner = palette.sources
        assert dict(zip(map(tuple, colors.tolist()), owner.tolist(), strict=True))[10, 10, 10] == 255
        assert palette.paint(np.array([[0, 2, 255]])).tolist() == [[[255, 0, 0], [8, 8, 8], [0, 0, 0]]]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name,r,g,b,ignore\na,1,2,3,maybe\n", "line 2: ignore is 'maybe'; expected 1"),
        ("name,r,g,b,painted\na,1,2,3,red\n", "line 2: painted is 'red'; expected hex"),
        ("name,r,g,b,ignore\na,1,2,3,1\n", "every class of the legend is ignored"),
    ],
)
def test_an_edited_legend_that_cannot_be_meant_is_refused(tmp_path, text, says):
    with pytest.raises(UserError, match=says):
        read_palette(written(tmp_path, text))


def test_a_palette_of_more_than_255_classes_has_16_bit_masks():
    assert Palette([str(k) for k in range(255)], np.zeros((255, 3))).index_dtype is np.uint8
    assert Palette([str(k) for k in range(256)], np.zeros((256, 3))).ignore == 65535


def test_recoloring_goes_by_name_and_names_what_is_lacking(palette):
    target = Palette(["sign", "car", "road", "sky"], np.arange(12).reshape(4, 3))
    assert recolored(palette, target).painted[0].tolist() == [9, 10, 11]
    with pytest.raises(UserError, match="no color for road, sign"):
        recolored(palette, Palette(["sky", "car"], np.zeros((2, 3))))


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"also": [(4, (1, 2, 3))]}, "names class 4; expected 0 to 3"),
        ({"also": [(0, (1, 2, 300))]}, r"the color \(1, 2, 300\)"),
        ({"ignored": [("dirt", (1, 2))]}, r"the color \(1, 2\)"),
    ],
)
def test_further_colors_that_cannot_be_are_refused(palette, more, says):
    with pytest.raises(UserError, match=says):
        replace(palette, **more)


def test_a_class_is_found_by_name_or_row_and_an_unknown_one_named(palette):
    assert palette.find_class("car") == palette.find_class(2) == 2
    assert [palette.find_classes(selected) for selected in ("car", ["sky", 3], None)] == [[2], [0, 3], [0, 1, 2, 3]]
    with pytest.raises(UserError, match="no class 'cars'; it has: sky, road, car, sign"):
        palette.find_class("cars")

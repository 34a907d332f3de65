"""A legend file that was edited or damaged is read as it was meant, or refused; never with other colors."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from kmseg.errors import UserError
from kmseg.legends.formats import FORMATS, parse_legend, read_legend
from kmseg.palette import Palette

PALETTE = Palette(
    ["void", "road", "side walk", "car2", "tree"],
    [(0, 0, 0), (128, 64, 128), (244, 35, 232), (0, 0, 142), (107, 142, 35)],
)

Change = Callable[[list[str], int], list[str]]


def drop_number(lines: list[str], at: int) -> list[str]:
    return [*lines[:at], re.sub(r"(?<![\w#.])\d+\b[\s,;]*", "", lines[at], count=1), *lines[at + 1 :]]


CHANGES: dict[str, Change] = {
    "rows in another order": lambda lines, at: lines[at:] + lines[:at],
    "a row twice": lambda lines, at: [*lines[:at], lines[at], *lines[at:]],
    "an empty line": lambda lines, at: [*lines[:at], "", *lines[at:]],
    "blanks around": lambda lines, at: [*lines[:at], f"  {lines[at]}  ", *lines[at + 1 :]],
    "a number less": drop_number,
    "half a line": lambda lines, at: [*lines[:at], lines[at][: len(lines[at]) // 2], *lines[at + 1 :]],
    "lines joined": lambda lines, at: [*lines[:at], "".join(lines[at : at + 2]), *lines[at + 2 :]],
    "the end is missing": lambda lines, at: lines[:at],
    "windows line ends": lambda lines, at: [f"{line}\r" for line in lines],
}


def colors_of(text: str) -> dict[str, tuple[int, ...]]:
    palette = parse_legend(text, "the legend").palette
    assert not palette.also
    return dict(zip(palette.names, map(tuple, palette.colors.tolist()), strict=True))


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", FORMATS)
def test_a_changed_file_is_read_equal_or_refused(name, change):
    text = FORMATS[name].to_text(PALETTE)
    true = colors_of(text)
    lines = text.splitlines()
    for at in range(len(lines)):
        changed = "\n".join(CHANGES[change](lines, at)) + "\n"
        try:
            found = colors_of(changed)
        except UserError:
            continue
        for class_name, color in found.items():
            # A line cut within a name leaves a shorter name, which no file can tell.
            meant = [true[other] for other in true if other.startswith(class_name) or other == class_name]
            assert color in meant, (class_name, changed)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_reads_back_to_the_same_classes(name):
    legend = parse_legend(FORMATS[name].to_text(PALETTE), "the legend")
    names = PALETTE.names if FORMATS[name].spaces else [each.replace(" ", "_") for each in PALETTE.names]
    assert legend.palette.names == tuple(names)
    if FORMATS[name].colored:
        assert legend.palette.colors.tolist() == PALETTE.colors.tolist()


RIGHT = {
    "columns in another order": "b,name,g,r\n128,road,64,128\n142,car,0,0\n",
    "red, green, blue": "class,red,green,blue\nroad,128,64,128\ncar,0,0,142\n",
    "id and label": "id,label,R,G,B\n0,road,128,64,128\n1,car,0,0,142\n",
    "ids out of order": "id,name,r,g,b\n1,car,0,0,142\n0,road,128,64,128\n",
    "hex in a column": "class_name,label_key,has_instance,hex\nroad,0,0,#804080\ncar,1,1,#00008E\n",
    "a color in a cell": 'class_name,class_color\nroad,"128,64,128"\ncar,"0,0,142"\n',
    "no header": "road,128,64,128\ncar,0,0,142\n",
    "id, name, color": "0 road 128 64 128\n1 car 0 0 142\n",
    "id, color, name": "0 128 64 128 road\n1 0 0 142 car\n",
    "aligned by blanks": "  0   128    64   128   road\n  1     0     0   142   car\n",
    "name and colon": "road: 128, 64, 128\ncar: 0, 0, 142\n",
    "alpha in hex": '[{"png_index": 0, "class_name": "road", "color": "#804080ff"}, '
    '{"png_index": 1, "class_name": "car", "color": "#00008eff"}]',
    "FreeSurfer": "#No. Label Name: R G B A\n0 road 128 64 128 0\n1 car 0 0 142 0\n",
    "SemanticKITTI": "labels:\n  0: road\n  1: car\ncolor_map: # bgr\n  0: [128, 64, 128]\n  1: [142, 0, 0]\n",
    "RELLIS-3D": "- 0: road\n  1: car\n- 0: [128, 64, 128]\n  1: [0, 0, 142]\n",
    "Mapillary": '{"labels": [{"color": [128, 64, 128], "readable": "road", "name": "a--road"}, '
    '{"color": [0, 0, 142], "readable": "car", "name": "a--car"}]}',
}

WRONG = {
    "a key twice": ('{"road": [1, 2, 3], "road": [4, 5, 6]}', "the key 'road' twice"),
    "a column twice": ("name,r,g,b,r\nroad,1,2,3,4\n", "the column 'r' twice"),
    "an id twice": ("id,name,r,g,b\n1,road,1,2,3\n1,car,4,5,6\n", "the id 1 twice"),
    "id or alpha": ("1 2 3 255 road\n4 5 6 255 car\n", "may begin with an id or end with alpha"),
    "another order": ("# b g r name\n1 2 3 road\n", "expected red, green, blue"),
    "alpha first": ('{"road": "#ff804080", "car": "#ff00008e"}', "seems to be alpha, red, green, blue"),
    "order unsaid": ("labels:\n  0: road\ncolor_map:\n  0: [1, 2, 3]\n", "does not say whether color_map is"),
    "rows of two shapes": ("128 64 128 road\n1 0 0 142 car\n", "line 2"),
    "boxes of a detector": ("0 0.5 0.5 0.2 0.2\n", "has no name"),
    "a list": ("[1, 2]", "none of the 22 known formats"),
}


@pytest.mark.parametrize("case", RIGHT)
def test_legends_as_tools_write_them_are_read(case, tmp_path):
    path = tmp_path / "legend.any"
    path.write_text(RIGHT[case])
    palette = read_legend(path).palette
    assert list(zip(palette.names, palette.colors.tolist(), strict=True)) == [
        ("road", [128, 64, 128]),
        ("car", [0, 0, 142]),
    ]


@pytest.mark.parametrize("case", WRONG)
def test_what_may_mean_two_things_is_refused_in_a_short_sentence(case):
    text, says = WRONG[case]
    with pytest.raises(UserError, match=re.escape(says)) as refused:
        parse_legend(text, "the legend x")
    assert len(str(refused.value)) <= 300

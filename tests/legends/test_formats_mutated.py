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

RIGHT |= {
    "headers in another language": "Klasse;Rot;Grün;Blau\nroad;128;64;128\ncar;0;0;142\n",
    "a spreadsheet's separator line": "sep=;\nname;r;g;b\nroad;128;64;128\ncar;0;0;142\n",
    "comments among rows": "name,r,g,b\n# first\nroad,128,64,128\n#\ncar,0,0,142\n",
    "brackets without quotes": "name,color\nroad,[128, 64, 128]\ncar,[0, 0, 142]\n",
    "names in single quotes": "name,r,g,b\n'road',128,64,128\n'car',0,0,142\n",
    "hex without its mark": "road,804080\ncar,00008e\n",
    "hex in code": "name,color\nroad,0x804080\ncar,0x00008E\n",
    "comments behind rows": "128 64 128 road # drivable\n0 0 142 car\n",
    "an equals sign": "road = 128 64 128\ncar = 0 0 142\n",
    "short hex, which is no comment": "#add the classes\n#804080 road\n#00008e car\n",
    "an arrow": "road -> #804080\ncar -> #00008e\n",
    "numbers, names and tuples": "0: road (128, 64, 128)\n1: car (0, 0, 142)\n",
    "objects with channels": '[{"Name": "road", "R": 128, "G": 64, "B": 128}, '
    '{"Name": "car", "R": 0, "G": 0, "B": 142}]',
    "channels in an object": '[{"label_name": "road", "pixel_value": {"b": 128, "g": 64, "r": 128, "a": 255}}, '
    '{"label_name": "car", "pixel_value": {"b": 142, "g": 0, "r": 0, "a": 255}}]',
    "objects by name": '{"car": {"color": [0, 0, 142], "id": 1}, "road": {"color": "#804080", "id": 0}}',
    "objects by id": '{"1": {"name": "car", "color": [0, 0, 142]}, "0": {"name": "road", "color": [128, 64, 128]}}',
    "a list within": '{"version": 1, "label_classes": [{"class_name": "road", "color": "#804080"}, '
    '{"class_name": "car", "color": "#00008e"}]}',
    "names by colors": '{"128,64,128": "road", "0,0,142": "car"}',
    "names by tuples": "{(128, 64, 128): 'road', (0, 0, 142): 'car'}",
    "a dict of a program": "import x\nCOLORS = {'road': (128, 64, 128), 'car': (0, 0, 142)}\n",
    "names and colors": '{"names": ["road", "car"], "colors": [[128, 64, 128], [0, 0, 142]]}',
    "YAML of objects": "classes:\n  - name: road\n    color: [128, 64, 128]\n  - name: car\n    color: '#00008e'\n",
    "TOML": '[[classes]]\nname = "road"\ncolor = [128, 64, 128]\n[[classes]]\nname = "car"\ncolor = [0, 0, 142]\n',
    "a table of TOML": "[colors]\nroad = [128, 64, 128]\ncar = [0, 0, 142]\n",
    "CVAT's XML": "<annotations><meta><task><labels><label><name>road</name><color>#804080</color></label>"
    "<label><name>car</name><color>#00008e</color></label></labels></task></meta></annotations>",
    "Cityscapes' labels.py": "labels = [\n    Label('road', 7, 0, 'flat', 1, False, False, (128, 64, 128)),\n"
    "    Label('car', 26, 13, 'vehicle', 7, True, False, (0, 0, 142)),\n]\n",
}

WRONG = {
    "a comment says BGR": ("# BGR\nname,r,g,b\nroad,1,2,3\n", "says '# BGR'; expected red, green, blue"),
    "a setting says BGR": ('{"order": "BGR", "names": ["a"], "colors": [[1, 2, 3]]}', "says 'order': 'BGR'"),
    "alpha first in all": ("name,hex\na,#ff8040ff\nb,#ff0000ff\n", "may be alpha, red, green, blue"),
    "hex of another color": ("name,r,g,b,hex\na,1,2,3,010204\n", "r,g,b another color"),
    "two dicts": ("A = {'a': (1, 2, 3)}\nB = {'b': (4, 5, 6)}\n", "can be read as"),
    "zero bytes": ("name,r,g,b\na\0b,1,2,3\n", "zero bytes"),
    "a key twice": ('{"road": [1, 2, 3], "road": [4, 5, 6]}', "the key 'road' twice"),
    "a column twice": ("name,r,g,b,r\nroad,1,2,3,4\n", "the column 'r' twice"),
    "an id twice": ("id,name,r,g,b\n1,road,1,2,3\n1,car,4,5,6\n", "the id 1 twice"),
    "id or alpha": ("1 2 3 255 road\n4 5 6 255 car\n", "may begin with an id or end with alpha"),
    "another order": ("# b g r name\n1 2 3 road\n", "expected red, green, blue"),
    "alpha first": ('{"road": "#ff804080", "car": "#ff00008e"}', "may be alpha, red, green, blue"),
    "order unsaid": ("labels:\n  0: road\ncolor_map:\n  0: [1, 2, 3]\n", "does not say whether color_map is"),
    "rows of two shapes": ("128 64 128 road\n1 0 0 142 car\n", "line 2"),
    "boxes of a detector": ("0 0.5 0.5 0.2 0.2\n", "has no name"),
    "a list": ("[1, 2]", "none of the 25 known formats"),
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


def test_utf_16_is_read_and_other_encodings_are_refused(tmp_path):
    path = tmp_path / "legend.csv"
    for encoding in ("utf-16", "utf-8-sig"):
        path.write_text("name,r,g,b\nStraße,1,2,3\n", encoding=encoding)
        assert read_legend(path).palette.names == ("Straße",)
    path.write_text("name,r,g,b\nStraße,1,2,3\n", encoding="latin-1")
    with pytest.raises(UserError, match="save it as UTF-8"):
        read_legend(path)


def test_classes_that_may_be_one_or_a_comment_are_doubted():
    legend = parse_legend("name,r,g,b\nRoad,1,2,3\nroad,4,5,6\n#car,7,8,9\n", "the legend")
    assert legend.palette.names == ("Road", "road", "#car")
    assert "the class '#car'; if its line is a comment, delete it" in legend.warnings[0]
    assert "the classes 'Road' and 'road'; if they are one" in legend.warnings[1]

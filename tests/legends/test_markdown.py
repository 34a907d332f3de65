"""The README of a data set as its legend: tables and lists of names and colors."""

from __future__ import annotations

import pytest

from kmseg.errors import UserError
from kmseg.legends.formats import parse_legend

PAGES = {
    "levels in brackets, beside other tables and headings": (
        "# Vessels, not in HSV or BGR\n\n"
        "| Label | RGB color |\n|---|:-:|\n| **Artery** | (255, 0, 0) |\n| Vein | `(0, 0, 255)` |\n\n"
        "| Field | Type |\n|---|---|\n| id | text |\n",
        [("Artery", (255, 0, 0)), ("Vein", (0, 0, 255))],
    ),
    "one column a channel": (
        "| Class | R | G | B |\n|---|---:|---:|---:|\n| Tree | 0 | 100 | 0 |\n| Built-up 2 | 139 | 69 | 19 |\n",
        [("Tree", (0, 100, 0)), ("Built-up 2", (139, 69, 19))],
    ),
    "numbers called class, no outer bars, two forms of one color": (
        "Class | Meaning | RGB | Hex\n---|---|---|---\n1 | Car \\| van | [0, 0, 142] | #00008E (blue)\n"
        "0 | [Road](docs/road.md) | [128, 64, 128] | #804080\n",
        [("Road", (128, 64, 128)), ("Car | van", (0, 0, 142))],
    ),
    "the color first, swatches, a name in another language": (
        "| Farbe | Bedeutung |\n|---|---|\n| ![](swatch-12.png) #3c1098 | Gebäude |\n| <i></i> #8429F6 | Straße |\n",
        [("Gebäude", (60, 16, 152)), ("Straße", (132, 41, 246))],
    ),
    "a table in HTML": (
        "<table border=1>\n<tr><th>Index</th><th>Color</th><th>RGB</th><th>Group</th></tr>\n"
        "<tr><td>0</td><td><img src='0.png' width='40'></td><td>(20, 70, 245)</td><td>Layer_1</td></tr>\n"
        "<tr><td>1</td><td><img src='1.png' width='40'></td><td>(40, 90, 235)</td><td>Layer_2</td></tr>\n</table>\n",
        [("Layer_1", (20, 70, 245)), ("Layer_2", (40, 90, 235))],
    ),
    "a list": (
        "Classes\n\n* data of 2 cities\n    - Land (unpaved): #8429F6\n"
        "    - **Water** - RGB(0, 0, 255), blue\n    - `#9B9B9B` - nothing (or unknown)\n",
        [("Land (unpaved)", (132, 41, 246)), ("Water", (0, 0, 255)), ("nothing", (155, 155, 155))],
    ),
}


@pytest.mark.parametrize("page", PAGES)
def test_a_table_or_list_of_names_and_colors_is_read_from_a_page(page):
    text, classes = PAGES[page]
    legend = parse_legend(text, "README.md").palette
    assert list(zip(legend.names, map(tuple, legend.colors.tolist()), strict=True)) == classes


REFUSED = {
    "names of colors alone": "| Color | RGB |\n|---|---|\n| Black | (0, 0, 0) |\n| White | (255, 255, 255) |\n",
    "two colors a row": "| Button | RGB |\n|---|---|\n| pay | #667eea to #764ba2 |\n",
    "blue first": "| Class | BGR |\n|---|---|\n| road | (128, 64, 128) |\n",
    "forms that differ": "| Class | RGB | Hex |\n|---|---|---|\n| road | (1, 2, 3) | #010204 |\n",
    "fractions": "| Class | R | G | B |\n|---|---|---|---|\n| road | 0.5 | 0.25 | 0.5 |\n",
    "no colors": "- an image is (256, 512, 3)\n- a kernel is (3, 3)\n",
    "two tables": "| Class | Hex |\n|---|---|\n| road | #010203 |\n\n| Part | Hex |\n|---|---|\n| wheel | #010204 |\n",
}


@pytest.mark.parametrize("page", REFUSED)
def test_a_page_that_has_no_legend_or_several_is_refused(page):
    with pytest.raises(UserError):
        parse_legend(REFUSED[page], "README.md")


def test_the_readme_of_a_data_set_names_its_classes(kmseg, labels, legend):
    rows = [line.split(",") for line in legend.read_text().splitlines()[1:]]
    table = "".join(f"| {name} | ({r}, {g}, {b}) |\n" for name, r, g, b, *_ in rows)
    (labels / "README.md").write_text(f"# Data\n\n| Class | RGB |\n|---|---|\n{table}")
    ran = kmseg(f"dataset.root={labels}", "writers=[]")
    assert ran.code == 0, ran.err
    assert [name for name, *_ in rows] == list(ran.palette())

"""Legends within Python code: what pairs without doubt is read, all else is not."""

import pytest

from kmseg.errors import UserError
from kmseg.legends.formats import read_code_legends, read_legend

TRIPLES = "[[0, 0, 0], [128, 64, 128], [70, 70, 70]]"

READ = {
    "two lists": f'CLASSES = ["void", "road", "wall"]\nPALETTE = {TRIPLES}\n',
    "arrays of a class": "class Data:\n    class_names = ('void', 'road', 'wall')\n"
    "    def __init__(self):\n        self.class_colors = np.array([(0, 0, 0), (128, 64, 128), (70, 70, 70)])\n",
    "a mapping": "colors = {'void': (0, 0, 0), 'road': (128, 64, 128), 'wall': (70, 70, 70)}\n",
    "colors to names": "m = {(0, 0, 0): 'void', (128, 64, 128): 'road', (70, 70, 70): 'wall'}\n",
    "ids to both": f"id2label = {{0: 'void', 1: 'road', 2: 'wall'}}\ncolor_map = {TRIPLES}\n",
    "names to ids": f"LABELS = {{'road': 1, 'void': 0, 'wall': 2}}\nCOLORS = {TRIPLES}\n",
    "rows": "L = [('void', 0, (0, 0, 0)), ('road', 1, (128, 64, 128)), ('wall', 2, (70, 70, 70))]\n",
    "calls": "L = [C('void', 0, (0, 0, 0)), C('road', 1, (128, 64, 128)), C('wall', 2, (70, 70, 70))]\n",
    "variables": "void = [0, 0, 0]\nroad = [128, 64, 128]\nwall = 70, 70, 70\ncolors = np.array((void, road, wall))\n",
}


def _legends(tmp_path, code):
    path = tmp_path / "data.py"
    path.write_text(code)
    return read_code_legends(path)


@pytest.mark.parametrize("code", READ.values(), ids=READ)
def test_names_and_colors_that_belong_together_are_read(tmp_path, code):
    ((_, legend),) = _legends(tmp_path, f"import os\n\n{code}\nprint(1)\n")
    assert legend.palette.names == ("void", "road", "wall")
    assert legend.palette.colors.tolist() == [[0, 0, 0], [128, 64, 128], [70, 70, 70]]


@pytest.mark.parametrize(
    "code",
    [
        f'CLASSES = ["road", "wall"]\nPALETTE = {TRIPLES}\n',
        f'CLASSES = ["void", "road", "wall"]\nWORDS = CLASSES\nclass_names = ["a", "b", "c"]\nPALETTE = {TRIPLES}\n',
        f'fruits = ["void", "road", "wall"]\nPALETTE = {TRIPLES}\n',
        f'CLASSES = ["void", "road", "wall"]\nPALETTE_BGR = {TRIPLES}\n',
        f'CLASSES = ["void", "road", "wall"]\nPALETTE = {TRIPLES}  # in BGR\n',
        "colors = {'black': (0, 0, 0), 'light gray': (128, 64, 128), 'wall': (70, 70, 70)}\n",
        f"def f():\n    CLASSES = ['void', 'road', 'wall']\ndef g():\n    PALETTE = {TRIPLES}\n",
        f"CLASSES = ['void', 'road', 'wall']\nPALETTE = make({TRIPLES})\n",
        f"CLASSES = ['void', 'road', 'wall']\nPALETTE = {TRIPLES}\nPALETTE = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]\n",
    ],
)
def test_what_leaves_a_doubt_is_not_read(tmp_path, code):
    assert _legends(tmp_path, code) == []


def test_a_line_says_which_of_several_legends_is_meant(tmp_path):
    path = tmp_path / "data.py"
    path.write_text("A = {'road': (1, 2, 3), 'wall': (4, 5, 6)}\n\nB = {'sea': (1, 2, 3), 'land': (4, 5, 6)}\n")
    assert read_legend(f"{path}:3").palette.names == ("sea", "land")
    with pytest.raises(UserError, match="line 1, 3"):
        read_legend(f"{path}:2")

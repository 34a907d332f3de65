"""What the README promises is there: its Python runs, and it names every option."""

from __future__ import annotations

import re

import numpy as np

from kmseg.plugins import conf_folder
from tests.conftest import COLORS, REPO, draw_label

README = (REPO / "README.md").read_text()


def test_the_python_of_the_readme_runs():
    _, code = re.findall(r"```python\n(.*?)```", README, re.S)  # the other loads a model: see test_model.py
    names = {"labels": [draw_label(number) for number in range(6)]}
    exec(code, names)
    assert {tuple(color) for color in names["palette"].colors.tolist()} == set(COLORS.values())
    assert np.array_equal(names["palette"].paint(names["masks"][0]), draw_label(0))


def test_every_option_is_in_the_readme():
    for path in conf_folder().glob("*/*.yaml"):
        assert re.search(rf"\b{path.stem}\b", README), f"{path.parent.name}={path.stem}"

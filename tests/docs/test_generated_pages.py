"""The options page of the site is made from the code, and says what every setting means."""

from __future__ import annotations

import re
import sys

import pytest

from kmseg.plugins import conf_folder
from tests.conftest import REPO

pytest.importorskip("numpydoc", reason="the site needs pip install -e '.[docs]'")
sys.path.insert(0, str(REPO / "docs"))
import generated_pages

PAGE = generated_pages.options_page()


def test_every_option_is_on_the_options_page():
    for path in conf_folder().glob("*/*.yaml"):
        assert f"{path.parent.name}={path.stem}`" in PAGE


def test_every_setting_has_a_meaning():
    rows = re.findall(r"^\| `(.+?)` \| (.*?) \| (.*?) ?\|$", PAGE, re.M)
    assert len(rows) > 80
    assert not [name for name, _, meaning in rows if not meaning]

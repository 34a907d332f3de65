"""The figures in the pages are those that the benchmarks wrote."""

from __future__ import annotations

import sys

import pytest

from tests.conftest import REPO

sys.path.insert(0, str(REPO / "docs"))
import figures


@pytest.mark.parametrize("page", figures.PAGES, ids=lambda page: page.name)
def test_a_page_quotes_what_was_measured(page):
    text = page.read_text(encoding="utf-8")
    assert figures.MARKED.search(text)
    assert figures.filled(text) == text, "run python docs/figures.py"

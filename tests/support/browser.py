"""A headless Chromium for tests of HTML pages, which records their network requests."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
"""Switches off what a browser does of its own accord; in a container it runs as root, without a sandbox."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the system's Chromium; skip the test where there is none."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


def broken_pictures(page: Page) -> list[str]:
    """List the URLs of pictures that did not load."""
    return page.evaluate("[...document.images].filter(i => !i.complete || !i.naturalWidth).map(i => i.src)")


def is_local(address: str) -> bool:
    """Tell whether an address is answered by this machine."""
    return address.startswith(("file:", "data:", "blob:", "http://127.0.0.1:", "http://localhost:"))

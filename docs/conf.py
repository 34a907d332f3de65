"""Configuration of the documentation site: `sphinx-build -W --keep-going docs docs/_build`."""

from __future__ import annotations

import os
import sys
import tempfile
import warnings
from pathlib import Path

from sphinx.application import Sphinx

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE)]
# Examples leave the reader's runs and sample data alone.
os.environ.setdefault("KMSEG_HOME", str(Path(tempfile.gettempdir(), "kmseg-docs")))
warnings.filterwarnings("ignore", category=DeprecationWarning)

import generated_pages  # noqa: E402  # found through sys.path, set above

import kmseg  # noqa: E402  # reads KMSEG_HOME, set above

REPOSITORY = "https://github.com/kmseg/kmseg"

project = "kmseg"
author = "the kmseg developers"
copyright = f"2026, {author}"
release = version = kmseg.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "paper.ipynb", "_templates", "gallery"]
suppress_warnings = ["config.cache"]

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
nitpicky = False

autodoc_typehints = "none"
autosummary_generate = True
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

sphinx_gallery_conf = {
    "examples_dirs": "gallery",
    "gallery_dirs": "auto_gallery",
    "filename_pattern": "/plot_",
    "within_subsection_order": "FileNameSortKey",
    "abort_on_example_error": True,
    "download_all_examples": False,
    "show_signature": False,
    "show_memory": False,
    "remove_config_comments": True,
    "min_reported_time": 10,
}

html_theme = "pydata_sphinx_theme"
html_title = "kmseg"
html_logo = "_static/logo.svg"
html_favicon = "_static/logo.svg"
html_static_path = ["_static"]
html_css_files = ["kmseg.css"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "logo": {"text": "kmseg", "alt_text": "kmseg"},
    "github_url": REPOSITORY,
    "header_links_before_dropdown": 7,
    "navbar_persistent": ["search-button"],
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "show_prev_next": True,
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "monokai",
}
html_sidebars = {"get-started": []}


def setup(app: Sphinx) -> None:
    """Write the pages that are made from the code before Sphinx looks for pages."""
    app.connect("builder-inited", lambda _: generated_pages.write(HERE / "reference"))

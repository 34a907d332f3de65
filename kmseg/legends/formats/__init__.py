"""Reads the legend files that people have, recognized by what is in them and not by their names."""

from __future__ import annotations

import ast
import json
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kmseg.errors import UserError
from kmseg.files import read_text
from kmseg.legends.formats.csv_table import parse_lines
from kmseg.legends.formats.fields import LINE_FORMS, VALUE_FORMS, ParsedLegend, refuse_fractions
from kmseg.legends.formats.json_map import parse_value
from kmseg.legends.formats.mmsegmentation import MAX_CODE, PYTHON, is_python, parse_python
from kmseg.palette import Palette, Row, from_rows

FORMS = f"{LINE_FORMS}; {VALUE_FORMS}; {PYTHON}"


@dataclass(frozen=True)
class Legend:
    """A palette as a file gives it, and a sentence for each thing in the file that may not be meant so."""

    palette: Palette
    doubts: tuple[str, ...] = ()


def read_palette(path: Path | str) -> Palette:
    """Read a legend file of any of the forms that people have; rows of one name become one class.

    What may not be meant as it is read, such as ids that begin at 1, is a warning.

    Raises
    ------
    UserError
        Naming the file, the line or key, the value found and the one expected.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "label_colors.txt"
    >>> _ = path.write_text("128 64 128 road")
    >>> read_palette(path).names
    ('road',)
    """
    legend = read_legend(path)
    for doubt in legend.doubts:
        warnings.warn(doubt, stacklevel=2)
    return legend.palette


def read_legend(path: Path | str) -> Legend:
    """Read a legend file like `read_palette`, and return its doubts instead of warning of them."""
    return parse_legend(read_text(Path(path), "the legend"), f"the legend {path}")


def parse_legend(text: str, what: str) -> Legend:
    """Read the text of a legend file; `what` names it in errors."""
    told = _parse(text, what)
    if not told.rows:
        raise UserError(f"{what} has no rows; expected one class a row, as one of: {FORMS}")
    colors = [Row(*row).color for row in told.rows]
    if max(map(max, colors)) == 1 and any(len(set(color)) > 1 for color in colors):
        refuse_fractions(what)
    return Legend(from_rows(told.rows), told.doubts)


def _parse(text: str, what: str) -> ParsedLegend:
    if text.lstrip()[:1] in ("{", "["):
        return _parse_json(text, what)
    if is_python(text):
        return parse_python(text, what)
    return parse_lines(text, what)


def _parse_json(text: str, what: str) -> ParsedLegend:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:  # a ValueError also for a number of thousands of digits
        value = _python_value(text)
        if value is None:
            raise UserError(f"{what} begins like JSON but is not: {error}; expected one of: {FORMS}") from None
    return parse_value(value, what)


def _python_value(text: str) -> Any:
    """Return a dict or list as Python prints it; None if it is none."""
    try:
        return ast.literal_eval(text.strip()) if len(text) <= MAX_CODE else None
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return None

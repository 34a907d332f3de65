"""Rows of numbers and names without a header: which number is which, told by where the names stand.

Each row must have its numbers and its name in the same places. `128 64 128 road` is red, green, blue and a name; with
one number more before or after, an id or an alpha is part of the row, and where both are possible, the file is refused.
"""

from __future__ import annotations

import csv
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from kmseg.errors import UserError
from kmseg.legends.formats.fields import (
    ParsedLegend,
    is_hex,
    order_by_id,
    parse_hex,
    parse_levels,
    parse_name,
    reject_fractions,
    shown,
)
from kmseg.palette import RGB

EXPECTED = "expected one class a row, as in 128 64 128 road, 0 road 128 64 128 or road,128,64,128"


@dataclass(frozen=True)
class Fields:
    """One row: its fields, which of them are numbers, and its line in the file."""

    line: int
    values: tuple[str, ...]
    numeric: tuple[bool, ...]
    has_cells: bool

    @property
    def before(self) -> int:
        """Numbers before the name."""
        return next((k for k, is_number in enumerate(self.numeric) if not is_number), len(self.numeric))

    @property
    def after(self) -> int:
        """Numbers after the name."""
        return next((k for k, is_number in enumerate(reversed(self.numeric)) if not is_number), 0)

    @property
    def name(self) -> str:
        """What stands between the numbers."""
        return " ".join(self.values[self.before : len(self.values) - self.after]).rstrip(" :")

    @property
    def has_numbers_inside(self) -> bool:
        """Whether two numbers or, between separators, two cells stand within the name, as where two lines are one."""
        inside = self.numeric[self.before : len(self.numeric) - self.after]
        return (self.has_cells and len(inside) > 1) or any(one and other for one, other in pairwise(inside))

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers before and after the name."""
        return self.before, self.after


def parse_field(text: str, where: str) -> str:
    """Return the name in a field, without what parts it from the next one; three numbers in it are another row's."""
    if re.search(r"\d[\s,]+\d+[\s,]+\d", text):
        raise UserError(f"{where}: the name {shown(text)} has a row of numbers in it; expected one class a line")
    return parse_name(text.rstrip(" \t,;"), where)


def data_lines(text: str) -> list[tuple[int, str]]:
    """Return the lines with their numbers, without empty ones and comments; `#804080` begins no comment."""
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), start=1)]
    return _without_marks([(number, line) for number, line in lines if line and not is_comment(line)])


_BRACKETS = re.compile(r"[\[(]\s*(\d+)\s*[,;\s]\s*(\d+)\s*[,;\s]\s*(\d+)\s*[\])]")
_ARROW = re.compile(r"([^=→]*[^=→\s-])\s*(?:=>|->|=|→)\s*([^=→>-]+)")
_NUMBERED = re.compile(r"(\d+)\s*[:.)]\s+(?=[^\W\d])")


def _without_marks(lines: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Return lines without comments behind them, and without marks between the fields that all lines have.

    Brackets around the levels, `=` or an arrow between name and color, a colon after the number.
    """
    bare = [(number, line if '"' in line else re.sub(r"\s+(?:#|//)(?:\s.*)?$", "", line)) for number, line in lines]
    if bare and all(len(_BRACKETS.findall(line)) == 1 for _, line in bare):
        bare = [
            (number, _BRACKETS.sub(r"\1,\2,\3" if "," in _BRACKETS.sub("", line) else r"\1 \2 \3", line))
            for number, line in bare
        ]
    if bare and all(_NUMBERED.match(line) for _, line in bare):
        bare = [(number, _NUMBERED.sub(r"\1 ", line, count=1)) for number, line in bare]
    if bare and all(_ARROW.fullmatch(line) for _, line in bare):
        bare = [(number, _ARROW.sub(r"\1: \2", line)) for number, line in bare]
    return bare


def is_comment(line: str) -> bool:
    """Tell whether a line is a comment: `#`, `//`, but not a color in hex; `#add` is a word, and `#f00` none."""
    return line.startswith(("#", "//")) and not _STARTS_WITH_HEX.match(line)


_STARTS_WITH_HEX = re.compile(
    r"#(?:[0-9a-f]{6}(?:[0-9a-f]{2})?|([0-9a-f])\1\1|(?=[a-f]*[0-9])[0-9a-f]{3})(?!\w)", re.IGNORECASE
)


def split_rows(text: str, what: str) -> list[Fields]:
    """Split the rows at the separator that all of them have: `,`, `;`, tab, or blanks, with names in quotes kept."""
    lines = data_lines(text)
    separator = next((mark for mark in ",;\t" if lines and all(mark in line for _, line in lines)), None)
    if separator == "\t" and any(
        _all_numbers(cell) and " " in cell.strip() for _, line in lines for cell in line.split("\t")
    ):
        separator = None  # `128 64 128<tab>road`
    if separator == "," and all(re.match(r"[\d.]+(\s*,\s*[\d.]+){2}\s+[^\s,]", line) for _, line in lines):
        lines = [(number, line.replace(",", " ", 2)) for number, line in lines]  # `128, 64, 128 road`
        separator = None
    rows = []
    for number, line in lines:
        if separator is None:
            values, quoted = _split_at_blanks(line, f"{what}, line {number}")
        else:
            cells = split_cells(line, separator)
            values = tuple(cell.strip() for cell in cells)
            while values and not values[-1]:  # a separator at the end of the line
                values = values[:-1]
            quoted = (False,) * len(values)
        numeric = tuple(_is_number(value) and not q for value, q in zip(values, quoted, strict=True))
        rows.append(Fields(number, values, numeric, separator is not None))
    return rows


def split_cells(line: str, separator: str) -> list[str]:
    """Return the cells of a line of CSV."""
    try:
        return next(csv.reader([line], delimiter=separator, skipinitialspace=True))
    except csv.Error:  # a cell of more than 131,072 letters
        return line.split(separator)


def _split_at_blanks(line: str, where: str) -> tuple[tuple[str, ...], tuple[bool, ...]]:
    if '"' not in line:  # shlex works letter by letter
        plain = tuple(re.findall(r"[^ \t\r\n]+", line))
        return plain, (False,) * len(plain)
    try:
        words = shlex.shlex(line, posix=False, punctuation_chars=False)
        words.whitespace_split, words.commenters, words.quotes = True, "", '"'
        found = list(words)
    except ValueError:
        raise UserError(f"{where}: {shown(line)} has a quote that does not end; {EXPECTED}") from None
    quoted = tuple(len(word) > 1 and word[0] == word[-1] == '"' for word in found)
    return tuple(word[1:-1] if q else word for word, q in zip(found, quoted, strict=True)), quoted


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[+-]?\d+(\.\d*)?", text) is not None


def _all_numbers(text: str) -> bool:
    return all(_is_number(word) for word in text.split())


def check_channel_order(text: str, what: str) -> None:
    """Fail where a comment says that the colors are not red, green, blue."""
    for line in text.splitlines():
        if not is_comment(line.strip()):
            continue
        words = re.findall(r"[a-z]+", line.casefold())
        short = {"red": "r", "green": "g", "blue": "b"}
        channels = [short.get(word, word) for word in words if short.get(word, word) in ("r", "g", "b")]
        if "bgr" in words or (sorted(channels) == ["b", "g", "r"] and channels != ["r", "g", "b"]):
            raise UserError(f"{what} says {shown(line.strip())}; expected red, green, blue, so exchange its columns")


def measure_shape(rows: Sequence[Fields], what: str) -> tuple[int, int]:
    """Return how many numbers stand before and after the names of all rows; fail where rows differ."""
    if not rows:
        raise UserError(f"{what} has no rows; {EXPECTED}")
    shapes = [row.shape for row in rows]
    common = max(set(shapes), key=lambda shape: (shapes.count(shape), shape == shapes[0]))
    for row in rows:
        if row.shape != common or bool(row.name) != bool(rows[0].name) or row.has_numbers_inside:
            raise UserError(f"{what}, line {row.line}: {shown(' '.join(row.values))}; {_expected(common)}")
    return common


def _expected(shape: tuple[int, int]) -> str:
    before, after = shape
    parts = [f"{before} numbers"] * (before > 0) + ["a name"] + [f"{after} numbers"] * (after > 0)
    return f"expected {', '.join(parts)} as in the other rows"


def read_rows(rows: Sequence[Fields], what: str) -> ParsedLegend:
    """Read rows whose shape is known; raise where it is none of those that can be told apart."""
    shape = measure_shape(rows, what)
    for row in rows:
        if (not row.name and sum(shape) not in (3, 4)) or (
            row.name and not re.search(r"[^\W\d_]", row.name) and shape != (0, 0)
        ):
            raise UserError(f"{what}, line {row.line}: {shown(' '.join(row.values))} has no name; {EXPECTED}")
    levels = [[float(v) for v, is_number in zip(row.values, row.numeric, strict=True) if is_number] for row in rows]
    at, numbered = _places(shape, levels, rows, what)
    numbers = [[v for v, is_number in zip(row.values, row.numeric, strict=True) if is_number] for row in rows]
    reject_fractions([value for row in numbers for value in row[at : at + 3]], f"{what}, line {rows[0].line}")
    colors = [parse_levels(row[at : at + 3], f"{what}, line {f.line}") for row, f in zip(numbers, rows, strict=True)]
    ids = [_whole(row[0], f"{what}, line {f.line}") for row, f in zip(numbers, rows, strict=True)] if numbered else []
    names = [
        parse_field(f.name or (str(ids[k]) if ids else f"class_{k:02d}"), f"{what}, line {f.line}")
        for k, f in enumerate(rows)
    ]
    pairs: list[tuple[str, RGB]] = list(zip(names, colors, strict=True))
    return order_by_id(pairs, ids, what) if numbered else ParsedLegend(pairs)


def _places(
    shape: tuple[int, int], levels: Sequence[Sequence[float]], rows: Sequence[Fields], what: str
) -> tuple[int, bool]:
    """Return where red stands among the numbers, and whether an id stands before it."""
    known = {(3, 0): (0, False), (0, 3): (0, False), (1, 3): (1, True)}
    if shape in known:
        return known[shape]
    before, after = shape
    if sum(shape) not in (4, 5):
        raise UserError(f"{what}, line {rows[0].line}: {shown(' '.join(rows[0].values))}; {EXPECTED}")
    last = {row[-1] if after else row[before - 1] for row in levels}
    opaque = last <= {255.0} or (last <= {0.0} and sum(shape) == 5)
    first = [row[0] for row in levels]
    counts = len(set(first)) == len(first) and all(value == int(value) for value in first)
    if shape in ((5, 0), (1, 4)) and opaque:
        return 1, True
    if shape == (0, 4) and opaque and len({row.name for row in rows}) == len(rows):
        return 0, False
    if shape == (4, 0):
        with_id, with_alpha = counts and not last <= {255.0}, opaque and not counts
        if with_id != with_alpha:
            return (1, True) if with_id else (0, False)
        raise UserError(
            f"{what}, line {rows[0].line}: {shown(' '.join(rows[0].values))} may begin with an id or end with alpha; "
            "expected columns with a header, as in id,name,r,g,b"
        )
    raise UserError(f"{what}, line {rows[0].line}: {shown(' '.join(rows[0].values))}; {EXPECTED}")


def _whole(text: str, where: str) -> int:
    if float(text) != int(float(text)) or float(text) < 0:
        raise UserError(f"{where}: the id is {shown(text)}; expected a whole number from 0 on")
    return int(float(text))


def read_hex_rows(rows: Sequence[Fields], what: str) -> ParsedLegend:
    """Read rows of a name and a color in hex, in either order, with an id before them or without."""
    found: list[tuple[str, RGB]] = []
    ids = []
    for row in rows:
        where = f"{what}, line {row.line}"
        values = list(row.values)
        if len(values) > 2 and row.numeric[0]:
            ids.append(_whole(values.pop(0), where))
        places = [k for k, value in enumerate(values) if _is_color_cell(value, k == len(values) - 1)]
        if len(places) != 1 or places[0] not in (0, len(values) - 1) or len(values) < 2:
            raise UserError(
                f"{where}: {shown(' '.join(row.values))}; expected a name and one color, as in road #804080"
            )
        color = parse_hex(values.pop(places[0]), where)
        found.append((parse_field(" ".join(values).rstrip(" :"), where), color))
    if ids and len(ids) != len(found):
        raise UserError(f"{what} has ids in some rows only; expected one in each, or none")
    return order_by_id(found, ids, what) if ids else ParsedLegend(found)


def holds_hex(rows: Sequence[Fields]) -> bool:
    """Tell whether every row has a color in hex: with its `#`, or at its end with a letter in some of the rows."""
    with_mark = all(any(_is_marked_hex(value) for value in row.values) for row in rows)
    at_end = all(len(row.values) > 1 and is_hex(row.values[-1]) and sum(row.numeric) < 3 for row in rows)
    return bool(rows) and (with_mark or (at_end and any(not row.values[-1].isdigit() for row in rows)))


def _is_marked_hex(text: str) -> bool:
    return text.startswith(("#", "0x", "0X")) and is_hex(text)


def _is_color_cell(text: str, last: bool) -> bool:
    return _is_marked_hex(text) or (last and is_hex(text))

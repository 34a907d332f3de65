"""A table or list of a Markdown page, as in the README of a data set: one row a class, with its name and its color."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kmseg.errors import UserError
from kmseg.legends.formats.csv_table import CHANNELS, COLORS, IDS, NAMES
from kmseg.legends.formats.fields import (
    Classes,
    ParsedLegend,
    is_id,
    order_by_id,
    parse_hex,
    parse_levels,
    parse_name,
    shown,
)
from kmseg.palette import RGB
from kmseg.pixels.packing import to_hex

FILE, EXAMPLE = "legend.md", "a table with the columns name and RGB, one class a row"

RULE = re.compile(r"\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*")
"""The line below the header of a table, as in `|---|:--:|`."""

COLOR = re.compile(
    r"(?<![\w#])(?P<hex>#[0-9a-fA-F]{6})(?![0-9a-fA-F])"
    r"|(?<![\d.])(?P<levels>\d{1,3}(?:\s*[,;]\s*|\s+)\d{1,3}(?:\s*[,;]\s*|\s+)\d{1,3})(?![\d.])"
)
"""A color in a cell: hex or three levels."""

ITEM = re.compile(r"\s*(?:[-*+]|\d+[.)])\s+(?P<text>.+)")
"""An entry of a list."""

ITEM_COLOR = re.compile(
    r"[`*]*(?:#[0-9a-fA-F]{6}\b|(?:rgb)?\s*[\[(]\s*\d{1,3}(?:\s*,\s*\d{1,3}){2}\s*[\])])[`*]*", re.IGNORECASE
)
"""A color in an entry of a list: hex, or three levels in brackets."""

OTHER_ORDERS = ("bgr", "hsv", "hsl", "lab")
"""Words of a header that say that the column holds no red, green and blue."""


@dataclass(frozen=True)
class Table:
    """A table: its header and its rows, without the marks of Markdown; the line of its header."""

    line: int
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def column(self, place: int) -> list[str]:
        """Return the cells of a column."""
        return [row[place] for row in self.rows]


def detect(text: str) -> bool:
    """Tell whether the page has a table or a list of names and colors."""
    return bool(_legends(text))


def read(text: str, what: str) -> ParsedLegend:
    """Read the table or list of classes; several are refused unless they say the same."""
    found = [_parse(table, what) for table in _legends(text)]
    if not found:
        raise UserError(f"{what} has no table or list of names and colors; expected {EXAMPLE}")
    if any(other.rows != found[0].rows for other in found[1:]):
        raise UserError(f"{what} has {len(found)} lists of names and colors that differ; copy one into a CSV file")
    return found[0]


def write(classes: Classes) -> str:
    """Write a table of index, name, RGB and hex."""
    lines = ["| id | name | RGB | hex |", "|---:|---|---|---|"]
    for number, (name, color) in enumerate(classes):
        escaped = re.sub(r"([\\|])", r"\\\1", name)
        lines.append(f"| {number} | {escaped} | {', '.join(map(str, color))} | `{to_hex(color)}` |")
    return "\n".join(lines) + "\n"


def _legends(text: str) -> list[Table]:
    """Return the tables and lists that have a name and a color in each row."""
    tables = [*_tables(text), *_html_tables(text)]
    return [*(table for table in tables if _names_of(table) is not None and _may_be_colored(table)), *_lists(text)]


def _html_tables(text: str) -> list[Table]:
    """Return the tables that are written in HTML, as Markdown permits."""
    found = []
    for table in re.finditer(r"<table\b.*?</table>", text, re.DOTALL | re.IGNORECASE):
        rows = [
            [_unmarked(cell) for cell in re.findall(r"<t[hd]\b[^>]*>(.*?)</t[hd]>", row, re.DOTALL | re.IGNORECASE)]
            for row in re.findall(r"<tr\b.*?</tr>", table[0], re.DOTALL | re.IGNORECASE)
        ]
        if len(rows) > 1 and len({len(row) for row in rows}) == 1:
            head = tuple(cell.casefold() for cell in rows[0])
            found.append(Table(text.count("\n", 0, table.start()) + 1, head, tuple(map(tuple, rows[1:]))))
    return found


def _lists(text: str) -> list[Table]:
    """Return the runs of entries that have one color each, as tables."""
    found: list[Table] = []
    rows: list[tuple[str, str]] = []
    for at, line in enumerate([*text.splitlines(), ""], start=1):
        row = _named_color(line)
        if row is not None:
            rows.append(row)
            continue
        if len(rows) > 1:
            found.append(Table(at - len(rows), ("name", "rgb"), tuple(rows)))
        rows = []
    return found


def _named_color(line: str) -> tuple[str, str] | None:
    """Return name and color of an entry such as `- road: (128, 64, 128)` or `* #804080 - road`."""
    item = ITEM.fullmatch(line)
    colors = list(ITEM_COLOR.finditer(item["text"])) if item else []
    if item is None or len(colors) != 1:
        return None
    before, after = item["text"][: colors[0].start()], item["text"][colors[0].end() :]
    if not re.search(r"[^\W\d_]", re.sub(r"rgb|hex|colou?r", "", before, flags=re.IGNORECASE)):
        before, after = re.sub(r"\(.*", "", after), ""
    name = re.sub(r"(?:\b(?:rgb|hex|colou?r))?[\s:=(\[,→>–—-]*$", "", before, flags=re.IGNORECASE)
    name = _unmarked(re.sub(r"^[\s:=)\],→>–—-]+", "", name))
    color = colors[0][0].strip("`*")
    if re.search(r"\d", after) or not re.search(r"[^\W\d_]", name) or _color(color) is None:
        return None
    return name, color


def _tables(text: str) -> list[Table]:
    lines = text.splitlines()
    found = []
    for at in range(1, len(lines)):
        if "|" not in lines[at] or not RULE.fullmatch(lines[at]):
            continue
        head = _cells(lines[at - 1])
        if len(_cells(lines[at])) != len(head):
            continue
        rows = []
        for line in lines[at + 1 :]:
            if "|" not in line:
                break
            row = _cells(line)
            rows.append(tuple((row + [""] * len(head))[: len(head)]))
        if rows:
            found.append(Table(at, tuple(cell.casefold() for cell in head), tuple(rows)))
    return found


def _cells(line: str) -> list[str]:
    """Return the cells of a line as they are read on the page."""
    inner = re.sub(r"^\s*\|", "", line)
    inner = re.sub(r"(?<!\\)\|\s*$", "", inner)
    return [_unmarked(cell) for cell in re.split(r"(?<!\\)\|", inner)]


def _unmarked(cell: str) -> str:
    """Return a cell without pictures, links, tags, emphasis and escapes."""
    cell = re.sub(r"!\[[^\]]*\]\([^)]*\)|<[^>]+>", " ", cell)
    cell = re.sub(r"\[([^\]]*)\]\([a-z#./][^)]*\)", r"\1", cell)
    cell = re.sub(r"(\*\*|__|\*|`|~~)(?=\S)(.*?)(?<=\S)\1", r"\2", cell.strip())
    return re.sub(r"\\([\\|*_`#])", r"\1", cell).strip()


def _color(cell: str) -> RGB | None:
    """Return the color of a cell that has one, in whatever forms, and no other number."""
    found = {
        parse_hex(match["hex"], "") if match["hex"] else _levels(match["levels"]) for match in COLOR.finditer(cell)
    }
    return found.pop() if len(found) == 1 and not re.search(r"[\d#]", COLOR.sub("", cell)) else None


def _levels(text: str) -> RGB | None:
    levels = re.split(r"[\s,;]+", text.strip())
    return parse_levels(levels, "") if all(int(level) <= 255 for level in levels) else None


def _color_columns(table: Table) -> list[int]:
    """Return the columns whose cells are colors, of those whose header does not say another order."""
    return [
        place
        for place, head in enumerate(table.head)
        if not any(word in head for word in OTHER_ORDERS) and all(map(_color, table.column(place)))
    ]


def _channel_columns(table: Table) -> list[int]:
    places = [next((k for k, head in enumerate(table.head) if head in CHANNELS[channel]), None) for channel in "rgb"]
    return [place for place in places if place is not None] if None not in places else []


def _may_be_colored(table: Table) -> bool:
    return bool(_color_columns(table) or _channel_columns(table)) or any("bgr" in head for head in table.head)


def _ids_of(table: Table) -> int | None:
    """Return the column of class numbers."""
    numbers = [
        place
        for place, head in enumerate(table.head)
        if place not in _channel_columns(table)
        and head.replace(" ", "_") in (*IDS, *NAMES, "#", "no", "no.", "number", "class_index", "train_id")
        and all(map(is_id, table.column(place)))
    ]
    return numbers[0] if numbers else None


def _names_of(table: Table) -> int | None:
    """Return the column of names: the one so called, else the first of distinct words; colors' names are none."""
    taken = {*_color_columns(table), *_channel_columns(table)}
    words = [
        place
        for place, head in enumerate(table.head)
        if place not in taken
        and head.replace(" ", "_") not in (*COLORS, "color_name", "colour_name")
        and all(re.search(r"[^\W\d_]", cell) for cell in table.column(place))
    ]
    called = [place for name in NAMES for place in words if table.head[place].replace(" ", "_") == name]
    distinct = [place for place in words if len(set(table.column(place))) == len(table.rows)]
    return next(iter([*called, *distinct]), None)


def _parse(table: Table, what: str) -> ParsedLegend:
    where = f"{what}, table in line {table.line}"
    channels, columns, named = _channel_columns(table), _color_columns(table), _names_of(table)
    if named is None or not (channels or columns):
        raise UserError(f"{where}: no column of red, green and blue; expected {EXAMPLE}")
    colors = [{c for place in columns if (c := _color(row[place])) is not None} for row in table.rows]
    if channels:
        for row, said in zip(table.rows, colors, strict=True):
            said.add(parse_levels([row[place] for place in channels], where))
    rows = []
    for row, said in zip(table.rows, colors, strict=True):
        if len(said) != 1:
            raise UserError(f"{where}: {shown(row[named])} has {len(said)} colors; expected one")
        rows.append((parse_name(row[named], where), next(iter(said))))
    numbered = _ids_of(table)
    if numbered is None:
        return ParsedLegend(rows)
    return order_by_id(rows, [int(cell) for cell in table.column(numbered)], where)

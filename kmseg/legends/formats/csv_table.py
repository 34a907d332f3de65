"""CSV with a header, as in `name,r,g,b`: columns are known by their names, in any order."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence

from kmseg.errors import UserError
from kmseg.legends.formats.fields import (
    Classes,
    ParsedLegend,
    is_hex,
    is_id,
    order_by_id,
    parse_color_text,
    parse_hex,
    parse_id,
    parse_levels,
    parse_name,
    reject_fractions,
    reject_other_alpha,
    shown,
)
from kmseg.legends.formats.plain_table import is_comment, split_cells
from kmseg.palette import RGB, Row

FILE, EXAMPLE = "class_dict.csv", "a header name,r,g,b and one class a row"

NAMES = (
    *("name", "class_name", "classname", "label_name", "class", "label", "category", "classes", "labels"),
    *("klasse", "bezeichnung", "classe", "nom", "nombre", "clase", "etiqueta", "nome", "naam", "nazwa"),
    *("класс", "название", "имя", "类别", "名称", "类名", "クラス", "名前", "클래스", "이름"),
)
"""Columns that name a class; of several, the first here."""

CHANNELS = {
    "r": ("r", "red", "rot", "rouge", "rojo", "rosso", "vermelho", "rood", "czerwony", "красный", "红", "红色", "赤"),
    "g": ("g", "green", "grün", "gruen", "vert", "verde", "groen", "zielony", "зелёный", "зеленый", "绿", "绿色", "緑"),
    "b": ("b", "blue", "blau", "bleu", "azul", "blu", "blauw", "niebieski", "синий", "蓝", "蓝色", "青"),
}
"""Columns of the channels, as spreadsheets of several languages name them."""

COLORS = (
    *("color", "colour", "rgb", "hex", "class_color", "color_hex", "hex_color", "colors", "html", "hexcode"),
    *("color_code", "hex_code", "rgb_code", "rgb_value", "color_rgb"),
)
"""Columns that hold a color in one cell."""

IDS = (
    *("id", "index", "mask", "unnamed:_0", "class_id", "label_id", "idx", "label_key", "labelvalue", "value"),
    *("pixel_value", "png_index"),
)
"""Columns in which a CSV numbers its classes."""

OWN = ("also", "painted", "certainty", "share")
"""Columns of kmseg's own `palette.csv`, whose column `id` is the value of each class in the masks."""


def detect(text: str) -> bool:
    """Tell whether the first line that is no comment is a header with columns of colors."""
    found = _header(text)
    return found is not None and any(_plain(cell) in (*COLORS, *CHANNELS["r"], "bgr") for cell in _split(found[1]))


def read(text: str, what: str) -> ParsedLegend:
    """Read the table by the names of its columns."""
    found = _header(text)
    if found is None:
        raise UserError(f"{what} has no header; expected {EXAMPLE}")
    at, head = found
    separator = _separator(head)
    lines = ["" if _is_comment_row(line, head) else line for line in text.split("\n")[at:]]
    if any(_plain(cell) in COLORS for cell in _split(head)):
        lines = [_levels_without_brackets(line) for line in lines]
    if not separator:
        lines = [",".join(line.split()) for line in lines]
    try:
        reader = csv.reader(io.StringIO("\n".join(lines)), delimiter=separator or ",", skipinitialspace=True)
        cells = [_plain(cell) for cell in next(reader)]
        rows = [(reader.line_num + at, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise UserError(f"{what} is no CSV that can be read ({error}); expected {EXAMPLE}") from None
    while cells and not cells[-1]:
        cells.pop()
    twice = next((cell for cell in cells if cell and cells.count(cell) > 1), None)
    if twice:
        raise UserError(f"{what} has the column {shown(twice)} twice; expected each column once, as in {EXAMPLE}")
    columns = {cell: place for place, cell in enumerate(cells)}
    records = []
    for line, row in rows:
        kept = [cell.strip() for cell in row]
        while len(kept) > len(cells) and not kept[-1]:
            kept.pop()
        if len(kept) > len(cells):
            raise UserError(f"{what}, line {line}: {len(kept)} cells; expected {len(cells)} as in the header")
        kept += [""] * (len(cells) - len(kept))
        records.append((line, {cell: kept[place] for cell, place in columns.items()}))
    return _read_records(records, cells, what)


def _read_records(records: Sequence[tuple[int, Mapping[str, str]]], cells: Sequence[str], what: str) -> ParsedLegend:
    name = next((column for column in NAMES if column in cells), None)
    channels = [next((c for c in CHANNELS[channel] if c in cells), None) for channel in "rgb"]
    color = next((column for column in COLORS if column in cells), None)
    if name is None or (None in channels and color is None):
        found = ", ".join(cell for cell in cells if cell)[:120] or "nothing"
        missing = (
            "name" if name is None else next(c for c, column in zip("rgb", channels, strict=True) if column is None)
        )
        raise UserError(f"{what} has no column {missing!r}: it has {found}; expected {EXAMPLE}")
    if None not in channels:
        levels = [[record[column] for column in channels if column] for _, record in records]
        reject_fractions([level for row in levels for level in row], what)
        colors = [parse_levels(row, f"{what}, line {line}") for (line, _), row in zip(records, levels, strict=True)]
        for (line, record), parsed in zip(records, colors, strict=True):
            text = record[color] if color else ""
            if color and is_hex(text) and ("hex" in color or not text.isdigit()) and parse_hex(text, what) != parsed:
                raise UserError(f"{what}, line {line}: {color} is {text} and r,g,b another color; expected one of both")
    else:
        assert color is not None
        reject_other_alpha([record[color] for _, record in records], what)
        colors = [parse_color_text(record[color], f"{what}, line {line}: {color}") for line, record in records]
    names = _without_quotes([record[name] for _, record in records])
    own = "id" in cells and any(column in cells for column in OWN)
    rows: list[Row] = []
    for label_text, (line, record), first in zip(names, records, colors, strict=True):
        where = f"{what}, line {line}"
        label = parse_name(label_text, where)
        painted, ignored = record.get("painted", ""), _ignored(record.get("ignore", ""), where)
        repainted = parse_hex(painted, f"{where}: painted is") if painted else None
        also = [parse_hex(word, f"{where}: also has") for word in record.get("also", "").split()]
        number = parse_id(record["id"], where) if own and not ignored else None
        rows += [Row(label, value, repainted, ignored, number) for value in (first, *also)]
    if own:
        return ParsedLegend(rows)
    column = next((column for column in IDS if column in cells and column != name), None)
    ids = [record[column] for _, record in records] if column else []
    if ids and all(row.ignored or row.color == _gray(number) for row, number in zip(rows, ids, strict=False)):
        return ParsedLegend([row if row.ignored else row._replace(id=row.color[0]) for row in rows])  # of index masks
    if len(ids) != len(rows) or not all(is_id(number) for number in ids):
        return ParsedLegend(rows)
    return order_by_id(rows, [int(number) for number in ids], what)


def _without_quotes(names: Sequence[str]) -> Sequence[str]:
    """Return names without the single quotes that stand around all of them."""
    quoted = all(re.fullmatch(r"'[^']*'", name) for name in names)
    return [name[1:-1] for name in names] if quoted else names


def _gray(number: str) -> RGB | None:
    """Return the color of an id in index masks; None where it is none."""
    return (int(number),) * 3 if re.fullmatch(r"\d{1,3}", number) else None


def write(classes: Classes) -> str:
    """Write `name,r,g,b`."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([("name", "r", "g", "b"), *((n, *color) for n, color in classes)])
    return text.getvalue()


def _ignored(text: str, where: str) -> bool:
    if text not in ("", "0", "1"):
        raise UserError(
            f"{where}: ignore is {shown(text)}; expected 1 where the color belongs to no class, else nothing"
        )
    return text == "1"


def _header(text: str) -> tuple[int, str] | None:
    """Return the first line that is neither empty nor a comment, with its place, if no cell is a number or hex.

    `sep=;`, by which spreadsheets tell their separator, is a comment.
    """
    lines = enumerate(text.split("\n"))
    found = next(((at, line) for at, line in lines if line.strip() and not _is_no_row(line.strip())), None)
    if found is None or any(re.fullmatch(r"#?[\d.]+|#[0-9a-fA-F]{6,8}", cell.strip()) for cell in _split(found[1])):
        return None
    return found


def _is_comment_row(line: str, head: str) -> bool:
    """Tell whether a line is a comment: `# ...`, or `#...` with fewer cells than the header; `#1` may be a class."""
    if not is_comment(line.strip()):
        return False
    return line.strip().startswith(("# ", "//")) or len(_split(line)) < len(_split(head))


def _is_no_row(line: str) -> bool:
    return is_comment(line) or re.fullmatch(r"\"?sep=.\"?", line, re.IGNORECASE) is not None


def _levels_without_brackets(line: str) -> str:
    """Return a line in which `[128, 64, 128]`, whose commas would part it, is `128 64 128`."""
    if '"' in line:
        return line
    return re.sub(r"(?:rgb)?[\[(]\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*[\])]", r"\1 \2 \3", line, flags=re.IGNORECASE)


def _separator(line: str) -> str | None:
    best = max(",;\t|", key=line.count)  # as spreadsheets of many languages write
    return best if best in line else None


def _split(line: str) -> list[str]:
    separator = _separator(line)
    return split_cells(line, separator) if separator else line.split()


def _plain(cell: str) -> str:
    return cell.strip().strip('"').lstrip("\ufeff").casefold().replace(" ", "_")

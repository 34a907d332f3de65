"""Reads the legend files that people have, recognised by what is in them and not by their names."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from kmseg.errors import UserError
from kmseg.files import read_text
from kmseg.palette import RGB, Palette, Row, from_rows

Rows = Sequence[Row | tuple[str, RGB]]

FORMATS = (
    "CSV with the columns name,r,g,b; CVAT or VOC labelmap.txt (road:128,64,128::); CamVid label_colors.txt "
    "(128 64 128 road); JSON of names to [r,g,b] or hex, of hex to names, Datumaro's dataset_meta.json, or "
    "mmsegmentation's classes and palette"
)


def read_palette(path: Path | str) -> Palette:
    """Read a legend file of any of the formats that people have; rows of one name become one class.

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
    path = Path(path)
    text = read_text(path, "the legend")
    what = f"the legend {path}"
    rows = _of_json(text, what) if text.lstrip()[:1] in ("{", "[") else _of_lines(text, what)
    if not rows:
        raise UserError(f"{what} has no rows; expected one class a row")
    return from_rows(rows)


def _of_lines(text: str, what: str) -> Rows:
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), start=1)]
    told = [(number, line) for number, line in lines if line and not line.startswith(("#", "//"))]
    first = told[0][1] if told else ""
    if re.fullmatch(r"[^:]*:\s*\d[^:]*:[^:]*:[^:]*", first):
        return [_labelmap_row(line, f"{what}, line {number}") for number, line in told]
    if re.match(r"\d+[\s,]+\d+[\s,]+\d+\s+\D", first):
        return [_camvid_row(line, f"{what}, line {number}") for number, line in told]
    return _of_csv(text, what)


def _labelmap_row(line: str, where: str) -> tuple[str, RGB]:
    name, color = [*line.split(":"), ""][:2]
    return _named(name, where), _rgb(color.split(","), where)


def _camvid_row(line: str, where: str) -> tuple[str, RGB]:
    words = re.split(r"[\s,]+", line, maxsplit=3)
    if len(words) < 4:
        raise UserError(f"{where}: {line!r}; expected red, green, blue and a name, as in 128 64 128 road")
    return _named(words[3], where), _rgb(words[:3], where)


def _of_csv(text: str, what: str) -> Rows:
    try:
        return _csv_rows(text, what)
    except csv.Error as error:
        raise UserError(f"{what} is no CSV that can be read: {error}; expected one of: {FORMATS}") from None


def _csv_rows(text: str, what: str) -> Rows:
    reader = csv.DictReader(io.StringIO(text))
    header = {(name or "").strip().lower(): name for name in reader.fieldnames or []}
    missing = [column for column in ("name", "r", "g", "b") if column not in header]
    if missing:
        found = ", ".join(header)[:200] or "nothing"
        raise UserError(f"{what} has no column {missing[0]!r}: it has {found}; expected one of: {FORMATS}")
    table = [(reader.line_num, row) for row in reader]
    levels = [row[header[c]] or "" for _, row in table for c in "rgb"]
    _question_fractions(levels, what)
    rows: list[Row] = []
    for number, row in table:
        where = f"{what}, line {number}"
        name = _named(row[header["name"]] or "", where)
        painted, ignored = row.get("painted") or "", _ignored(row.get("ignore") or "", where)
        repainted = _hex(painted, f"{where}: painted is") if painted.strip() else None
        rows.append(Row(name, _rgb([row[header[c]] or "" for c in "rgb"], where), repainted, ignored))
        also = [_hex(word, f"{where}: also has") for word in (row.get("also") or "").split()]
        rows += [Row(name, color, repainted, ignored) for color in also]
    return rows


def _ignored(text: str, where: str) -> bool:
    if text.strip() not in ("", "0", "1"):
        raise UserError(f"{where}: ignore is {text!r}; expected 1 where the color belongs to no class, else nothing")
    return text.strip() == "1"


def _of_json(text: str, what: str) -> Rows:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:  # a ValueError also for a number of thousands of digits
        raise UserError(f"{what} begins like JSON but is not: {error}; expected one of: {FORMATS}") from None
    if isinstance(value, dict) and {"classes", "palette"} <= value.keys():
        return _paired(value["classes"], value["palette"], what)
    if isinstance(value, dict) and "segmentation_colors" in value:
        labels = value.get("labels") or _values(value.get("label_map"))
        return _paired(labels, value["segmentation_colors"], what)
    if isinstance(value, list) and all(isinstance(entry, dict) and "name" in entry for entry in value):
        return [
            (_named(entry["name"], what), _color(entry.get("color"), f"{what}, {entry['name']!r}")) for entry in value
        ]
    if not isinstance(value, dict):
        raise UserError(f"{what} is JSON of another form; expected one of: {FORMATS}")
    if value and all(isinstance(key, str) and _is_hex(key) for key in value):
        return [(_named(name, what), _hex(color, what)) for color, name in value.items()]
    if value and all(str(key).isdigit() and isinstance(name, str) and not _is_hex(name) for key, name in value.items()):
        raise UserError(f"{what} has numbers and names but no colors; give it the color of each class: {FORMATS}")
    return [(_named(name, what), _color(color, f"{what}, {name!r}")) for name, color in value.items()]


def _values(label_map: Any) -> list[Any]:
    return list(label_map.values()) if isinstance(label_map, dict) else []


def _paired(names: Any, colors: Any, what: str) -> Rows:
    if not isinstance(names, Sequence) or not isinstance(colors, Sequence) or len(names) != len(colors):
        raise UserError(f"{what} has not as many names as colors; expected one color for each name")
    return [(_named(name, what), _color(color, f"{what}, {name!r}")) for name, color in zip(names, colors, strict=True)]


def _color(value: Any, where: str) -> RGB:
    if isinstance(value, str):
        return _hex(value, where)
    if not isinstance(value, list) or len(value) not in (3, 4):
        raise UserError(f"{where}: {value!r}; expected [r, g, b] or hex such as #804080")
    _question_fractions([str(level) for level in value[:3]], where)
    return _rgb([str(level) for level in value[:3]], where)


def _question_fractions(levels: Iterable[str], where: str) -> None:
    """Fail on colours that go from 0 to 1: rounding them would make every class black."""
    try:
        numbers = [float(level) for level in levels]
    except ValueError:
        return  # the row that is no number is named where it is read
    if numbers and max(numbers) <= 1 and any(number not in (0.0, 1.0) for number in numbers):
        raise UserError(f"{where}: colors go from 0 to 1; multiply them by 255, as kmseg expects 0 to 255")


def _named(name: Any, where: str) -> str:
    text = str(name).strip()
    if not text:
        raise UserError(f"{where}: the name is empty; give the class a name")
    return text


def _rgb(levels: Sequence[str], where: str) -> RGB:
    if len(levels) != 3:
        raise UserError(f"{where}: {','.join(levels)!r}; expected red, green and blue")
    red, green, blue = (_level(text.strip(), channel, where) for text, channel in zip(levels, "rgb", strict=True))
    return red, green, blue


def _level(text: str, channel: str, where: str) -> int:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not (0 <= value <= 255 and value == int(value)):
        raise UserError(f"{where}: {channel} is {text!r}; expected a whole number from 0 to 255")
    return int(value)


def _is_hex(text: str) -> bool:
    return re.fullmatch(r"#?[0-9a-fA-F]{6}", text.strip()) is not None


def _hex(text: str, where: str) -> RGB:
    if not _is_hex(text):
        raise UserError(f"{where} {text!r}; expected hex such as #804080")
    red, green, blue = bytes.fromhex(text.strip().removeprefix("#"))
    return red, green, blue

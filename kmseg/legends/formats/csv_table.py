"""Legends with one class a line: CSV, CVAT's and VOC's labelmap.txt, CamVid's label_colors.txt."""

from __future__ import annotations

import csv
import io
import re

from kmseg.errors import UserError
from kmseg.legends.formats.camvid import read_camvid_row
from kmseg.legends.formats.cvat import read_labelmap_row
from kmseg.legends.formats.fields import (
    LINE_FORMS,
    Classes,
    ParsedLegend,
    hex_color,
    numbered,
    parse_name,
    parse_rgb,
    question_fractions,
)
from kmseg.palette import RGB, Row

IDS = ("id", "index", "class_id", "label_id")
"""Columns in which a CSV numbers its classes."""


def parse_lines(text: str, what: str) -> ParsedLegend:
    """Read whichever of the forms the first line is of."""
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), start=1)]
    told = [(number, line) for number, line in lines if line and not line.startswith(("#", "//"))]
    first = told[0][1] if told else ""
    if re.fullmatch(r"[^:]*:\s*[\d.][^:]*:[^:]*:[^:]*", first):
        return ParsedLegend([read_labelmap_row(line, f"{what}, line {number}") for number, line in told])
    if re.match(r"[\d.]+[\s,]+[\d.]+[\s,]+[\d.]+\s+\D", first):
        return ParsedLegend([read_camvid_row(line, f"{what}, line {number}") for number, line in told])
    try:
        return _parse_csv(text, what)
    except csv.Error as error:
        raise UserError(f"{what} is no CSV that can be read: {error}; expected one of: {LINE_FORMS}") from None


def _parse_csv(text: str, what: str) -> ParsedLegend:
    head = text.lstrip().partition("\n")[0]
    separator = max(",;\t", key=head.count)  # as spreadsheets of many languages write
    reader = csv.DictReader(io.StringIO(text), delimiter=separator)
    header = {(name or "").strip().lower(): name for name in reader.fieldnames or []}
    missing = [column for column in ("name", "r", "g", "b") if column not in header]
    if missing:
        found = ", ".join(header)[:200] or "nothing"
        raise UserError(f"{what} has no column {missing[0]!r}: it has {found}; expected one of: {LINE_FORMS}, or JSON")
    table = [(reader.line_num, row) for row in reader]
    question_fractions([row[header[c]] or "" for _, row in table for c in "rgb"], what)
    rows: list[Row] = []
    for number, row in table:
        where = f"{what}, line {number}"
        name = parse_name(row[header["name"]] or "", where)
        painted, ignored = row.get("painted") or "", _ignored(row.get("ignore") or "", where)
        repainted = hex_color(painted, f"{where}: painted is") if painted.strip() else None
        first = parse_rgb([row[header[c]] or "" for c in "rgb"], where)
        also = [hex_color(word, f"{where}: also has") for word in (row.get("also") or "").split()]
        rows += [Row(name, color, repainted, ignored) for color in (first, *also)]
    column = next((header[column] for column in IDS if column in header), None)
    ids = [(row[column] or "").strip() for _, row in table] if column else []
    if ids and all(row.ignored or row.color == _gray(number) for row, number in zip(rows, ids, strict=False)):
        return ParsedLegend([row if row.ignored else row._replace(id=row.color[0]) for row in rows])  # of index masks
    if len(ids) != len(rows) or not all(re.fullmatch(r"\d{1,9}", number) for number in ids):
        return ParsedLegend(rows)
    return numbered(rows, [int(number) for number in ids], what)


def _gray(number: str) -> RGB | None:
    """Return the color of an id in index masks; None where it is none."""
    return (int(number),) * 3 if re.fullmatch(r"\d{1,3}", number) else None


def _ignored(text: str, where: str) -> bool:
    if text.strip() not in ("", "0", "1"):
        raise UserError(f"{where}: ignore is {text!r}; expected 1 where the color belongs to no class, else nothing")
    return text.strip() == "1"


def write_class_dict(classes: Classes) -> str:
    """Return the text of a class_dict.csv: columns name, r, g, b."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([("name", "r", "g", "b"), *((n, *color) for n, color in classes)])
    return text.getvalue()

"""What every form of a legend file is made of: names, levels from 0 to 255 and hex, checked where they are read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from kmseg.errors import UserError
from kmseg.palette import RGB, Row

Classes = Sequence[tuple[str, RGB]]

LINE_FORMS = (
    "CSV with the columns name,r,g,b; CVAT or VOC labelmap.txt (road:128,64,128::); CamVid label_colors.txt "
    "(128 64 128 road)"
)

VALUE_FORMS = (
    "JSON of names to [r,g,b] or hex, of hex to names, Datumaro's dataset_meta.json, Hugging Face's id2label.json, or "
    "mmsegmentation's classes and palette"
)


@dataclass(frozen=True)
class ParsedLegend:
    """What a legend file says: its rows, and one sentence for each thing that may not be meant so."""

    rows: Sequence[Row | tuple[str, RGB]]
    doubts: tuple[str, ...] = ()


def numbered(rows: Sequence[Row | tuple[str, RGB]], ids: Sequence[int], what: str) -> ParsedLegend:
    """Return rows in the order of their ids, if these go from 0 on as a mask's do; else as they are, with a doubt."""
    if sorted(ids) == list(range(len(rows))):
        return ParsedLegend([row for _, row in sorted(zip(ids, rows, strict=True), key=lambda pair: pair[0])])
    names = [Row(*row).name for row in rows]
    if len(set(names)) < len(names):  # merged classes: the rows' numbers are none of a mask's
        return ParsedLegend(rows)
    wrong = next(place for place, number in enumerate(ids) if place != number)
    return ParsedLegend(
        rows,
        (
            f"{what} numbers its classes {min(ids)} to {max(ids)} and a mask counts them from 0, so {names[wrong]} is "
            f"{ids[wrong]} there and {wrong} here; if the numbers matter, give the legend a row for each, from 0",
        ),
    )


def question_fractions(levels: Iterable[str], where: str) -> None:
    """Fail on colors that go from 0 to 1: rounding them would make every class black."""
    try:
        numbers = [float(level) for level in levels]
    except ValueError:
        return  # the row that is no number is named where it is read
    if numbers and max(numbers) <= 1 and any(number not in (0.0, 1.0) for number in numbers):
        refuse_fractions(where)


def refuse_fractions(where: str) -> None:
    """Fail, saying that colors go from 0 to 1."""
    raise UserError(f"{where}: colors go from 0 to 1; multiply them by 255, as kmseg expects 0 to 255")


def parse_name(name: Any, where: str) -> str:
    """Return the name of a class without blanks around it."""
    text = str(name).strip()
    if not text:
        raise UserError(f"{where}: the name is empty; give the class a name")
    return text


def parse_color(value: Any, where: str) -> RGB:
    """Return the color that a list of levels or hex means."""
    if isinstance(value, str):
        return hex_color(value, where)
    if not isinstance(value, list | tuple) or len(value) not in (3, 4):
        raise UserError(f"{where}: {value!r}; expected [r, g, b] or hex such as #804080")
    levels = [str(level) for level in value[:3]]
    question_fractions(levels, where)
    return parse_rgb(levels, where)


def parse_rgb(levels: Sequence[str], where: str) -> RGB:
    """Return the color of three levels that are written out."""
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


def is_hex(text: str) -> bool:
    """Tell whether a text is a color in hex, with `#` or without."""
    return re.fullmatch(r"#?[0-9a-fA-F]{6}", text.strip()) is not None


def hex_color(text: str, where: str) -> RGB:
    """Return the color that is written in hex."""
    if not is_hex(text):
        raise UserError(f"{where} {text!r}; expected hex such as #804080")
    red, green, blue = bytes.fromhex(text.strip().removeprefix("#"))
    return red, green, blue


def pair_names(names: Any, colors: Any, what: str) -> ParsedLegend:
    """Pair two lists of one length, names and colors."""
    lists = all(isinstance(values, Sequence) and not isinstance(values, str) for values in (names, colors))
    if not lists or len(names) != len(colors):
        raise UserError(f"{what} has not as many names as colors; expected one color for each name")
    both = zip(names, colors, strict=True)
    return ParsedLegend([(parse_name(name, what), parse_color(color, f"{what}, {name!r}")) for name, color in both])


def is_id(key: Any) -> bool:
    """Tell whether a key is a class id, written as digits."""
    return str(key).isascii() and str(key).isdigit() and len(str(key)) < 10


def to_json(value: Any) -> str:
    """Return a value as indented JSON."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"

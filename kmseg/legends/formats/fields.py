"""What every legend format is made of: names, levels from 0 to 255, hex and ids, checked where they are read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kmseg.errors import UserError
from kmseg.palette import RGB, Row

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

Classes = Sequence[tuple[str, RGB]]
"""Class names with their colors, in the order of their indices: what a format writes."""

SHOWN = 40
"""Letters of a file's content that an error shows at most."""


@dataclass(frozen=True)
class ParsedLegend:
    """What a legend file says: its rows, and one sentence for each thing that is probably a mistake."""

    rows: Sequence[Row | tuple[str, RGB]]
    warnings: tuple[str, ...] = ()


def shown(value: Any) -> str:
    """Return a value as an error shows it: cut, in quotes, in one line."""
    text = repr(value)
    return text if len(text) <= SHOWN + 2 else text[: SHOWN + 1] + "..." + (text[0] if isinstance(value, str) else "")


def order_by_id(rows: Sequence[Row | tuple[str, RGB]], ids: Sequence[int], what: str) -> ParsedLegend:
    """Return rows in the order of their ids; ids that do not go from 0 on, as a mask's do, are a warning.

    A row that stands twice counts once. Rows of one name are one class, whose numbers are none of a mask's: such rows
    stay in their order.

    Raises
    ------
    UserError
        Where two rows that differ have one id.
    """
    by_id: dict[int, Row | tuple[str, RGB]] = {}
    for number, row in zip(ids, rows, strict=True):
        if by_id.setdefault(number, row) != row:
            raise UserError(f"{what} has the id {number} twice; expected an id of its own for each class")
    rows, ids = list(by_id.values()), list(by_id)
    names = [Row(*row).name for row in rows]
    if len(set(names)) < len(names):
        return ParsedLegend(rows)
    order = sorted(range(len(ids)), key=lambda place: ids[place])
    ordered = [rows[place] for place in order]
    wrong = next((place for place, at in enumerate(order) if place != ids[at]), None)
    if wrong is None:
        return ParsedLegend(ordered)
    at = order[wrong]
    return ParsedLegend(
        ordered,
        (
            f"{what} numbers its classes {min(ids)} to {max(ids)} and a mask counts them from 0, so {names[at]} is "
            f"{ids[at]} there and {wrong} here; if the numbers matter, give the legend a row for each, from 0",
        ),
    )


def reject_fractions(levels: Iterable[Any], where: str) -> None:
    """Fail on colors that go from 0 to 1: rounding them would make every class black."""
    try:
        numbers = [float(level) for level in levels]
    except (TypeError, ValueError):
        return  # the row that is no number is named where it is read
    if numbers and max(numbers) <= 1 and any(number not in (0.0, 1.0) for number in numbers):
        raise fractions_error(where)


def fractions_error(where: str) -> UserError:
    """Return the error that says that colors go from 0 to 1."""
    return UserError(f"{where}: colors go from 0 to 1; multiply them by 255, as kmseg expects 0 to 255")


def parse_name(name: Any, where: str) -> str:
    """Return the name of a class, without blanks around it and with single ones within."""
    if not isinstance(name, str | int | float) or isinstance(name, bool):
        raise UserError(f"{where}: the name is {shown(name)}; expected text")
    text = re.sub(r"[ \t]+", " ", re.sub("[\u200b\ufeff]", "", str(name))).strip()
    if not text:
        raise UserError(f"{where}: the name is empty; give the class a name")
    return text


def parse_color(value: Any, where: str) -> RGB:
    """Return the color that a list of levels, hex or a text of three levels means."""
    if isinstance(value, str):
        return parse_color_text(value, where)
    if isinstance(value, Mapping):
        value = channels_of(value) or value
    if not isinstance(value, list | tuple) or len(value) not in (3, 4):
        raise UserError(f"{where}: {shown(value)}; expected [r, g, b] or hex such as #804080")
    if any(isinstance(level, bool) for level in value) or (len(value) == 4 and value[3] not in (255, 1)):
        raise UserError(f"{where}: {shown(value)}; expected [r, g, b], or [r, g, b, 255]")
    reject_fractions(value[:3], where)
    return parse_levels([str(level) for level in value[:3]], where)


CHANNELS = (("r", "red"), ("g", "green"), ("b", "blue"))
"""Keys of red, green and blue."""


def channels_of(entry: Mapping[Any, Any]) -> list[Any]:
    """Return red, green and blue of an object that has a key for each; nothing where one lacks or stands twice."""
    found = [[value for key, value in entry.items() if str(key).casefold() in names] for names in CHANNELS]
    return [values[0] for values in found] if all(len(values) == 1 for values in found) else []


def parse_color_text(text: str, where: str) -> RGB:
    """Return the color of a cell: hex, or three levels as in `128,64,128`, `(128 64 128)` or `rgb(128, 64, 128)`."""
    inside = re.fullmatch(r"\s*(?:rgba?)?\s*[\[(]?([\d.,;\s]+)[\])]?\s*", text, re.IGNORECASE)
    levels = re.split(r"[\s,;]+", inside[1].strip()) if inside else []
    if len(levels) == 3 or (len(levels) == 4 and levels[3] in ("255", "1")):
        reject_fractions(levels[:3], where)
        return parse_levels(levels[:3], where)
    return parse_hex(text, where)


def parse_levels(levels: Sequence[str], where: str) -> RGB:
    """Return the color of three levels that are written out."""
    if len(levels) != 3:
        raise UserError(f"{where}: {shown(','.join(levels))}; expected red, green and blue")
    red, green, blue = (_level(text.strip(), channel, where) for text, channel in zip(levels, "rgb", strict=True))
    return red, green, blue


def _level(text: str, channel: str, where: str) -> int:
    try:
        value = float(text) if re.fullmatch(r"[+-]?\d+(\.\d*)?([eE][+-]?\d+)?", text) else -1.0
    except ValueError:
        value = -1.0
    if not (0 <= value <= 255 and value == int(value)):
        raise UserError(f"{where}: {channel} is {shown(text)}; expected a whole number from 0 to 255")
    return int(value)


def is_hex(text: str) -> bool:
    """Tell whether a text is a color in hex: `804080`, `#804080`, `0x804080`, `#848`, or `#804080ff` with alpha."""
    return re.fullmatch(r"(#|0[xX])?[0-9a-fA-F]{6}|#[0-9a-fA-F]{8}|#[0-9a-fA-F]{3}", text.strip()) is not None


def parse_hex(text: str, where: str) -> RGB:
    """Return the color that is written in hex; of `#RRGGBBAA` the alpha is dropped."""
    if not is_hex(text):
        raise UserError(f"{where} {shown(text)}; expected hex such as #804080")
    digits = re.sub(r"^(#|0[xX])", "", text.strip())
    red, green, blue = bytes.fromhex(digits if len(digits) > 3 else "".join(digit * 2 for digit in digits))[:3]
    return red, green, blue


def reject_other_alpha(colors: Sequence[Any], where: str) -> None:
    """Fail where the first byte of `#RRGGBBAA` is constant, as alpha is, and full or beside a last byte that varies."""
    long = [str(color).strip() for color in colors if isinstance(color, str) and len(color.strip()) == 9]
    last = {color[7:].lower() for color in long}
    first = {color[1:3].lower() for color in long}
    if first == {"ff"} or (len(long) > 1 and len(last) > 1 and len(first) == 1):
        raise UserError(
            f"{where}: {long[0]} may be alpha, red, green, blue; expected #RRGGBB, or #RRGGBBAA with one alpha"
        )


def refuse_other_order(value: Mapping[Any, Any], what: str) -> None:
    """Fail where a setting beside the classes says that colors are not red, green, blue."""
    for key, entry in value.items():
        if isinstance(entry, str) and entry.strip().casefold() in ("bgr", "hsv", "hsl", "hls", "lab", "yuv"):
            raise UserError(f"{what} says {shown(key)}: {shown(entry)}; expected red, green, blue from 0 to 255")


def is_id(key: Any) -> bool:
    """Tell whether a value is a class number."""
    return str(key).isascii() and str(key).isdigit() and len(str(key)) < 10


def parse_id(value: Any, where: str) -> int:
    """Return a class number."""
    text = str(value).strip()
    if isinstance(value, bool) or not is_id(text):
        raise UserError(f"{where}: the id is {shown(value)}; expected a whole number from 0 on")
    return int(text)


def load_xml(text: str, what: str, example: str) -> Element:
    """Read XML without entities, which could grow without bound; `what` and `example` are for the errors."""
    from xml.etree import ElementTree

    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise UserError(f"{what} declares entities; expected plain XML with {example}")
    try:
        return ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise UserError(f"{what} is no XML that can be read ({error}); expected {example}") from None


def load_json(text: str) -> Any:
    """Read JSON in which no key stands twice in one object.

    Raises `ValueError` where it is none, `UserError` for a key that stands twice.
    """
    return json.loads(text, object_pairs_hook=_distinct_keys)


def _distinct_keys(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise DuplicateKey(key)
        found[key] = value
    return found


class DuplicateKey(Exception):
    """A key stands twice in one object of a file, so that one of its values would be lost."""


def to_json(value: Any) -> str:
    """Return a value as JSON for people to read."""
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def colored_objects(value: Any) -> list[Mapping[str, Any]]:
    """Return the entries of a list, if each is an object; else none."""
    return list(value) if isinstance(value, list | tuple) and all(isinstance(e, Mapping) for e in value) else []


def parse_objects(
    entries: Sequence[Mapping[str, Any]], what: str, name: str, color: str, number: str | None = None
) -> ParsedLegend:
    """Read a list of objects, each a class, by the keys of their names, colors and ids."""
    for place, entry in enumerate(entries):
        missing = [key for key in (name, color) if key not in entry]
        if missing:
            raise UserError(f"{what}, entry {place + 1}: no {missing[0]!r}; expected {name!r} and {color!r} in each")
    reject_other_alpha([entry[color] for entry in entries], what)
    names = [parse_name(entry[name], what) for entry in entries]
    colors = [parse_color(entry[color], f"{what}, {shown(n)}") for entry, n in zip(entries, names, strict=True)]
    rows = list(zip(names, colors, strict=True))
    ids = [entry.get(number) for entry in entries] if number else []
    if ids and all(is_id(value) and not isinstance(value, bool) for value in ids):
        return order_by_id(rows, [int(str(value)) for value in ids], what)
    return ParsedLegend(rows)

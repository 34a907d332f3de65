"""Legend files, one file a format, each with `detect`, `read` and `write`; what a file is, is told by its content.

Every format that claims a file reads it. If several read it and disagree, the file is refused: a legend that is read
wrongly is worse than one that is not read.
"""

from __future__ import annotations

import re
import warnings as python_warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kmseg.errors import UserError
from kmseg.files import read_text
from kmseg.legends.formats import (
    camvid,
    cityscapes,
    coco_panoptic,
    containers,
    csv_table,
    cvat,
    cvat_xml,
    datumaro,
    fiftyone,
    freesurfer,
    gimp,
    headerless,
    huggingface,
    itksnap,
    json_map,
    label_studio,
    labelbox,
    mapillary,
    markdown,
    mmsegmentation,
    pixel_annotation_tool,
    python_code,
    qgis,
    roboflow,
    supervisely,
    yaml_map,
)
from kmseg.legends.formats.fields import Classes, ParsedLegend, fractions_error, shown
from kmseg.legends.formats.plain_table import check_channel_order
from kmseg.palette import Palette, Row, from_rows
from kmseg.pixels.packing import to_hex


@dataclass(frozen=True)
class LegendFormat:
    """One kind of legend file.

    Attributes
    ----------
    file : str
        Its usual name, which a run gives to the file that it writes.
    example : str
        What stands in it, for errors.
    detect : callable
        Tells whether a content may be of this format: the text, or the value of a JSON file.
    read : callable
        Reads a content; the second argument names the file in errors.
    write : callable
        Returns the text for classes with their colors.
    is_value : bool
        Whether `detect` and `read` take the value of a JSON file and not its text.
    colored : bool
        Whether the file holds the colors.
    spaces : bool
        Whether names may have blanks; a blank becomes `_` where not.
    """

    file: str
    example: str
    detect: Callable[[Any], bool]
    read: Callable[[Any, str], ParsedLegend]
    write: Callable[[Classes], str]
    is_value: bool = False
    colored: bool = True
    spaces: bool = True

    def to_text(self, palette: Palette) -> str:
        """Return the text of the file; the colors are those in which the palette is painted.

        Raises
        ------
        UserError
            If the format cannot hold a class: its text, read again, is not the palette.
        """
        names = palette.names if self.spaces else [re.sub(r"\s+", "_", name) for name in palette.names]
        classes = [(name, (r, g, b)) for name, (r, g, b) in zip(names, palette.painted.tolist(), strict=True)]
        text = self.write(classes)
        expected = classes if self.colored else [(name, (k % 256,) * 3) for k, (name, _) in enumerate(classes)]
        try:
            back = parse_legend(text, self.file).palette
            read = list(zip(back.names, map(tuple, back.colors.tolist()), strict=True))
        except UserError:
            read = []
        if not self.colored and len(classes) > 256:
            return text
        pairs = zip(expected, [*read, *[None] * len(expected)], strict=False)
        lost = next((place for place, (wanted, found) in enumerate(pairs) if wanted != found), None)
        if lost is None and len(read) == len(expected):
            return text
        name, color = classes[lost or 0]
        raise UserError(
            f"{self.file} cannot hold the class {shown(name)} ({to_hex(color)}) so that it reads back as it was; "
            "give it another name or color, or leave this format out"
        )


def _from_module(module: Any, **more: Any) -> LegendFormat:
    return LegendFormat(module.FILE, module.EXAMPLE, module.detect, module.read, module.write, **more)


FORMATS = {
    "class_dict": _from_module(csv_table),
    "cvat": _from_module(cvat),
    "camvid": _from_module(camvid, spaces=False),
    "datumaro": _from_module(datumaro, is_value=True),
    "fiftyone": _from_module(fiftyone, is_value=True),
    "huggingface": _from_module(huggingface, is_value=True, colored=False),
    "mmsegmentation": _from_module(mmsegmentation),
    "json": _from_module(json_map, is_value=True),
    "itksnap": _from_module(itksnap),
    "freesurfer": _from_module(freesurfer, spaces=False),
    "gimp": _from_module(gimp),
    "qgis": _from_module(qgis),
    "roboflow": _from_module(roboflow, colored=False),
    "label_studio": _from_module(label_studio),
    "mmsegmentation_json": LegendFormat(
        "metainfo.json",
        '{"classes": ["road"], "palette": [[128, 64, 128]]}',
        mmsegmentation.detect_value,
        mmsegmentation.read_value,
        lambda classes: _metainfo_json(classes),
        is_value=True,
    ),
    "cityscapes": _from_module(cityscapes),
    "cvat_xml": _from_module(cvat_xml),
    "mapillary": _from_module(mapillary, is_value=True),
    "pixel_annotation_tool": _from_module(pixel_annotation_tool, is_value=True),
    "supervisely": _from_module(supervisely, is_value=True),
    "labelbox": _from_module(labelbox, is_value=True),
    "coco_panoptic": _from_module(coco_panoptic, is_value=True),
    "yaml": _from_module(yaml_map),
    "esri": _from_module(headerless),
    "markdown": _from_module(markdown),
}
"""The formats by name; `writers.legend.formats` takes these names."""

MARKDOWN_SUFFIXES = (".md", ".markdown")
"""Suffixes of pages, which are tried as no other format: their text is prose."""

CODE, CODE_SUFFIX = "python", ".py"
"""The name of legends within code, and its suffix."""

USUAL = ("class_dict", "cvat", "camvid", "datumaro", "fiftyone", "huggingface", "mmsegmentation", "json")
"""The formats that are written where none is asked for; the others are for tools that have one of their own."""


def _metainfo_json(classes: Classes) -> str:
    from kmseg.legends.formats.fields import to_json

    return to_json({"classes": [name for name, _ in classes], "palette": [list(color) for _, color in classes]})


@dataclass(frozen=True)
class Legend:
    """A palette as a file gives it, and a sentence for each thing in the file that is probably a mistake.

    `with_opencv` tells whether it stands in a program that uses OpenCV, where colors are mostly blue, green, red.
    """

    palette: Palette
    warnings: tuple[str, ...] = ()
    format: str = ""
    with_opencv: bool = False


def read_palette(path: Path | str) -> Palette:
    """Read a legend file of any known format; rows of one name become one class.

    What is probably a mistake, such as ids that begin at 1, is a warning.

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
    for warning in legend.warnings:
        python_warnings.warn(warning, stacklevel=2)
    return legend.palette


def read_legend(path: Path | str) -> Legend:
    """Read a legend file like `read_palette`, and return its warnings instead of warning."""
    place = python_code.LINE.fullmatch(str(path))
    if place and not Path(path).exists():
        text, what = read_text(Path(place["file"]), "the legend"), f"the legend {place['file']}"
        return _legend(python_code.read_at(text, int(place["line"]), what), CODE, what)
    text, what = read_text(Path(path), "the legend"), f"the legend {path}"
    suffix = Path(path).suffix.lower()
    if suffix in MARKDOWN_SUFFIXES:
        return _legend(markdown.read(text, what), "markdown", what)
    try:
        return parse_legend(text, what)
    except UserError:
        found = python_code.read_only(text, what) if suffix == CODE_SUFFIX else None
        if found is None:
            raise
        return _legend(found, CODE, what)


def read_code_legends(path: Path | str) -> list[tuple[int, Legend]]:
    """Return the legends within a file of Python, each with the line in which it begins."""
    text, what = read_text(Path(path), "the legend"), f"the legend {path}"
    found = []
    for each in python_code.find_code_legends(text, what):
        with suppress(UserError):
            legend = _legend(each.parsed, CODE, what)
            found.append((each.line, replace(legend, with_opencv="cv2" in text)))
    return found


def parse_legend(text: str, what: str) -> Legend:
    """Read the text of a legend file; `what` names it in errors."""
    if "\0" in text:
        raise UserError(f"{what} has zero bytes, as no text has; save it again as UTF-8 text")
    # YAML's format reads the order that a comment says; a line of a page that begins with # is a heading.
    if "color_map" not in text and not markdown.detect(text):
        check_channel_order(text, what)
    claims = _claims(text, what)
    if not claims:
        first = next((line.strip() for line in text.splitlines() if line.strip()), "")
        begins = f"begins with {shown(first)}" if first else "is empty and has no rows"
        raise UserError(
            f"{what} {begins}, which is none of the {len(FORMATS)} known formats; expected {csv_table.EXAMPLE}, or "
            "a file such as label_colors.txt, labelmap.txt or dataset_meta.json"
        )
    read: list[tuple[str, Legend]] = []
    errors: list[UserError] = []
    for name, content in claims:
        try:
            read.append((name, _legend(FORMATS[name].read(content, what), name, what)))
        except UserError as error:
            errors.append(error)
    if not read:
        raise errors[0]
    (name, legend), *others = read
    for rival, other in others:
        if not _equal(legend.palette, other.palette):
            raise UserError(
                f"{what} can be read as {name} ({legend.palette.names[0]} {_first(legend)}) and as {rival} "
                f"({other.palette.names[0]} {_first(other)}); expected one meaning, as in {csv_table.EXAMPLE}"
            )
    return legend


def _claims(text: str, what: str) -> list[tuple[str, Any]]:
    """Return the formats that may be meant, each with the content that it reads."""
    values = containers.values_of(text, what)
    claims = [
        (name, value) for value in values for name, form in FORMATS.items() if form.is_value and form.detect(value)
    ]
    if text.lstrip()[:1] in ("{", "["):
        return claims
    return [(name, text) for name, form in FORMATS.items() if not form.is_value and form.detect(text)] + claims


def _legend(parsed: ParsedLegend, name: str, what: str) -> Legend:
    if not parsed.rows:
        raise UserError(f"{what} has no rows; expected one class a row, as in {FORMATS[name].example}")
    colors = [Row(*row).color for row in parsed.rows]
    if max(map(max, colors)) == 1 and any(len(set(color)) > 1 for color in colors):
        raise fractions_error(what)
    palette = from_rows(parsed.rows)
    return Legend(palette, (*parsed.warnings, *_doubtful_names(palette.names, what)), name)


def _doubtful_names(names: Sequence[str], what: str) -> list[str]:
    """Say which names of classes differ only in capitals, blanks or dashes, or begin like a comment."""
    first: dict[str, str] = {}
    said = [f"{what} has the class {shown(n)}; if its line is a comment, delete it" for n in names if n[0] == "#"][:1]
    for name in names:
        other = first.setdefault(re.sub(r"[\s_-]+", "", name.casefold()) or name, name)
        if other != name:
            said.append(f"{what} has the classes {shown(other)} and {shown(name)}; if they are one, give both one name")
    return said


def _equal(one: Palette, other: Palette) -> bool:
    return (
        one.names == other.names
        and one.colors.tolist() == other.colors.tolist()
        and list(one.also) == list(other.also)
        and list(one.ignored) == list(other.ignored)
    )


def _first(legend: Legend) -> str:
    return " ".join(map(str, legend.palette.colors[0].tolist()))

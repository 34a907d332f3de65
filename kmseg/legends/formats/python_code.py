"""Legends within the Python code of a repository: names and colors that are written out; nothing is run.

A legend is one value with both (a mapping, a list of rows, a call a row), or two values, of names and of colors, whose
variables say so and that have the same ids. Colors that a comment or a name calls BGR, and names that are mostly words
for colors, are none.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from kmseg.errors import UserError
from kmseg.legends.formats import json_map, mmsegmentation
from kmseg.legends.formats.fields import ParsedLegend, is_id, parse_color, parse_name
from kmseg.palette import RGB, Row

LINE = re.compile(r"(?P<file>.+\.py):(?P<line>\d+)", re.IGNORECASE)
"""A path with a line, as in `data/classes.py:12`: the legend that begins there."""

COLOR_TEXT = re.compile(r"[\[(]\s*\d{1,3}\s*,\s*\d{1,3}\s*,\s*\d{1,3}\s*[\])]|[\"']#[0-9a-fA-F]{6}[\"']")
"""A color in code; a text without two has no legend and is not parsed."""


def _word_set(text: str) -> frozenset[str]:
    return frozenset(text.split())


NAME_WORDS = _word_set(
    """
    class classes name names label labels category categories cls classname classnames id2label id2name label2id
    name2id class2id
    """
)
"""Words of a variable that holds names of classes."""

COLOR_WORDS = _word_set("palette palettes color colors colour colours colormap colourmap cmap rgb")
"""Words of a variable that holds colors."""

PLAIN_WORDS = _word_set("list map maps mapping dict table to of by id ids idx index all default seg num 2")
"""Words that say neither what is named nor for which data set."""

NAMES_OF_COLORS = _word_set(
    """
    red green blue yellow cyan magenta black white gray grey orange purple pink brown violet lime navy teal
    maroon olive aqua silver indigo turquoise beige salmon khaki light dark bright pale deep
    """
)
"""Words of names of colors; a mapping of these to colors says nothing of classes."""

WRAPPERS = _word_set("array asarray uint8 int32 tensor tuple list")
"""Calls that return the values that they are given."""


@dataclass(frozen=True)
class CodeLegend:
    """A legend of a text in Python.

    Attributes
    ----------
    line : int
        Where it begins, counted from 1.
    parsed : ParsedLegend
    """

    line: int
    parsed: ParsedLegend


@dataclass(frozen=True)
class _Assigned:
    """A value that is assigned: the blocks around it, its variable, its first and last line."""

    blocks: tuple[str, ...]
    name: str
    value: Any
    line: int
    end: int

    @property
    def words(self) -> frozenset[str]:
        return frozenset(
            re.findall(r"[a-z]+2[a-z]+|[a-z]+|\d+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", self.name).lower())
        )

    @property
    def topic(self) -> frozenset[str]:
        return self.words - NAME_WORDS - COLOR_WORDS - PLAIN_WORDS


def may_have_legend(text: str) -> bool:
    """Tell whether a text has two colors that are written out."""
    return len(text) <= mmsegmentation.MAX_CODE and len(COLOR_TEXT.findall(text)) > 1


def find_code_legends(text: str, what: str) -> list[CodeLegend]:
    """Return the legends of a text in Python in the order of their lines; none of a text that is no Python."""
    if not may_have_legend(text):
        return []
    try:
        tree = mmsegmentation.parse_python(text, what)
    except UserError:
        return []
    lines = text.splitlines()
    assigned = [each for each in _assignments(tree, (), {}) if not _says_bgr(each, lines)]
    found = [
        *_single(assigned, what),
        *_rows_of_calls(tree, what),
        *_pairs(assigned),
        *_named_by_variables(tree, assigned),
    ]
    kept: dict[int, CodeLegend] = {}
    for legend in found:
        names = [Row(*row).name for row in legend.parsed.rows]
        if len(names) > 1 and len({Row(*row).color for row in legend.parsed.rows}) > 1 and not _are_colors(names):
            kept.setdefault(legend.line, legend)
    return [kept[line] for line in sorted(kept)]


def read_at(text: str, line: int, what: str) -> ParsedLegend:
    """Return the legend that begins at a line."""
    found = find_code_legends(text, what)
    for legend in found:
        if legend.line == line:
            return legend.parsed
    lines = ", ".join(str(legend.line) for legend in found)
    begin = f"legends begin in line {lines}" if found else "no legend is written out in it"
    raise UserError(f"{what} has no legend that begins in line {line}; {begin}")


def read_only(text: str, what: str) -> ParsedLegend | None:
    """Return the one legend of a text; None where it has none."""
    found = find_code_legends(text, what)
    if len(found) > 1:
        lines = ", ".join(str(legend.line) for legend in found)
        raise UserError(
            f"{what} has {len(found)} legends, in line {lines}; say which one, as in FILE.py:{found[0].line}"
        )
    return found[0].parsed if found else None


def _assignments(node: ast.AST, blocks: tuple[str, ...], known: Mapping[str, Any]) -> Iterator[_Assigned]:
    """Yield the values that a block and those within it assign once, if they are written out."""
    own: dict[str, _Assigned] = {}
    known, twice = dict(known), set()
    inner: list[ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef] = []
    for part in _statements(node):
        if isinstance(part, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            inner.append(part)
        if not isinstance(part, ast.Assign | ast.AnnAssign) or part.value is None:
            continue
        for target in part.targets if isinstance(part, ast.Assign) else [part.target]:
            name = (
                target.id if isinstance(target, ast.Name) else target.attr if isinstance(target, ast.Attribute) else ""
            )
            if not name:
                continue
            value = None
            with suppress(ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
                value = _evaluate(part.value, known)
            if name in own or name in twice:
                twice.add(name)
                own.pop(name, None)
                known.pop(name, None)
            elif value is not None:
                own[name] = _Assigned(blocks, name, value, part.lineno, part.end_lineno or part.lineno)
                known[name] = value
    yield from own.values()
    for part in inner:
        yield from _assignments(part, (*blocks, f"{part.name}:{part.lineno}"), known)


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the statements of a block, those under `if`, `with` and `try` too, in their order."""
    for part in ast.iter_child_nodes(node):
        yield part
        if isinstance(part, ast.If | ast.With | ast.Try | ast.For):
            yield from _statements(part)


def _evaluate(node: ast.expr, known: Mapping[str, Any]) -> Any:
    """Return the value of an expression that is written out, perhaps as an array; raise `ValueError` for any other."""
    if isinstance(node, ast.Call):
        callee = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if callee in WRAPPERS and node.args:
            return _evaluate(node.args[0], known)
        if callee == "dict" and not node.args and all(word.arg for word in node.keywords):
            return {word.arg: _evaluate(word.value, known) for word in node.keywords}
        if callee == "OrderedDict" and len(node.args) == 1:
            return dict(_evaluate(node.args[0], known))
        raise ValueError
    if isinstance(node, ast.Name):
        if node.id not in known:
            raise ValueError
        return known[node.id]
    if isinstance(node, ast.List | ast.Tuple):
        return [_evaluate(part, known) for part in node.elts]
    if isinstance(node, ast.Dict):
        keys = [ast.literal_eval(key) if key is not None else None for key in node.keys]
        if None in keys or len(set(keys)) < len(keys):
            raise ValueError
        return dict(zip(keys, (_evaluate(part, known) for part in node.values), strict=True))
    return ast.literal_eval(node)


def _says_bgr(assigned: _Assigned, lines: Sequence[str]) -> bool:
    """Tell whether the variable, or a line of the assignment or just above it, says BGR."""
    near = "\n".join(lines[max(assigned.line - 2, 0) : assigned.end])
    return re.search(r"bgr", near, re.IGNORECASE) is not None


def _are_colors(names: Sequence[str]) -> bool:
    """Tell whether names are mostly words for colors."""
    words = [re.findall(r"[a-z]+", name.lower()) for name in names]
    return 2 * sum(bool(each) and NAMES_OF_COLORS.issuperset(each) for each in words) >= len(names)


def _is_color(value: Any) -> bool:
    if isinstance(value, str):
        return re.fullmatch(r"#[0-9a-fA-F]{6}", value) is not None
    return (
        isinstance(value, list | tuple)
        and len(value) == 3
        and all(type(level) is int and 0 <= level <= 255 for level in value)
    )


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and not _is_color(value) and re.search(r"[^\W\d_]", value) is not None


def _single(assigned: Sequence[_Assigned], what: str) -> Iterator[CodeLegend]:
    """Yield the values that hold names and colors."""
    for each in assigned:
        rows: Sequence[Row | tuple[str, RGB]] | None = _rows_of(each.value)
        if rows is None and _has_objects(each.value):
            with suppress(UserError):
                rows = json_map.read(each.value, what).rows
        if rows is None and mmsegmentation.detect_value(each.value):
            with suppress(UserError):
                rows = mmsegmentation.read_value(each.value, what).rows
        if rows:
            yield CodeLegend(each.line, ParsedLegend(rows))


def _has_objects(value: Any) -> bool:
    entries = list(value.values()) if isinstance(value, Mapping) else value
    objects = isinstance(entries, list) and bool(entries) and all(isinstance(entry, Mapping) for entry in entries)
    return objects and json_map.detect(value)


def _rows_of(value: Any) -> list[tuple[str, RGB]] | None:
    """Return the rows of a mapping of names and colors, or of a list of rows that each have one of both."""
    if isinstance(value, Mapping):
        pairs = list(value.items())
        if all(_is_name(key) and _is_color(entry) for key, entry in pairs):
            return [_row(key, entry) for key, entry in pairs]
        if all(_is_color(key) and _is_name(entry) for key, entry in pairs):
            return [_row(entry, key) for key, entry in pairs]
        value = [entry for key, entry in sorted(pairs, key=lambda one: str(one[0]).zfill(9))] if _ids(value) else None
    if not isinstance(value, list) or not value or not all(isinstance(entry, list | tuple) for entry in value):
        return None
    return _rows_with_both(value)


def _rows_with_both(entries: Sequence[Sequence[Any]]) -> list[tuple[str, RGB]] | None:
    """Return name and color of rows of one length in which only one place holds names, and one colors."""
    if len({len(entry) for entry in entries}) != 1:
        return None
    columns = list(zip(*entries, strict=True))
    names = [column for column in columns if all(map(_is_name, column))]
    colors = [column for column in columns if all(map(_is_color, column))]
    if len(colors) != 1 or not names:
        return None
    return [_row(name, color) for name, color in zip(names[0], colors[0], strict=True)]


def _row(name: str, color: Any) -> tuple[str, RGB]:
    return parse_name(name, "name"), parse_color(color, name)


def _rows_of_calls(tree: ast.AST, what: str) -> Iterator[CodeLegend]:
    """Yield the lists of calls such as `Label("road", 7, (128, 64, 128))`, each a row."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.List | ast.Tuple) or len(node.elts) < 2:
            continue
        calls = [part for part in node.elts if isinstance(part, ast.Call)]
        callees = [part.func.id for part in calls if isinstance(part.func, ast.Name)]
        if len(callees) != len(node.elts) or len(set(callees)) != 1:
            continue
        with suppress(ValueError, TypeError, SyntaxError, UserError, RecursionError):
            words = [{word.arg: ast.literal_eval(word.value) for word in part.keywords} for part in calls]
            if words[0] and not calls[0].args:
                yield CodeLegend(node.lineno, json_map.read(words, what))
            elif not any(words):
                rows = _rows_with_both([[ast.literal_eval(value) for value in part.args] for part in calls])
                if rows:
                    yield CodeLegend(node.lineno, ParsedLegend(rows))


def _ids(value: Any) -> tuple[int, ...]:
    """Return the ids of a list, or of a mapping whose keys are ids; none of any other value."""
    if isinstance(value, Mapping):
        return tuple(sorted(int(key) for key in value)) if value and all(map(is_id, value)) else ()
    return tuple(range(len(value))) if isinstance(value, list | tuple) else ()


def _by_id(value: Any) -> dict[int, Any]:
    """Return the entries of a list or mapping by id; a mapping of names to ids is turned round."""
    if isinstance(value, Mapping) and value and all(type(entry) is int for entry in value.values()):
        if not all(map(_is_name, value)) or len(set(value.values())) < len(value):
            return {}
        return {number: name for name, number in value.items()}
    if isinstance(value, Mapping):
        return {int(key): entry for key, entry in value.items()} if _ids(value) else {}
    return dict(enumerate(value)) if isinstance(value, list | tuple) else {}


def _pairs(assigned: Sequence[_Assigned]) -> Iterator[CodeLegend]:
    """Yield the names and colors of two variables that belong together without doubt."""
    names = [each for each in assigned if each.words & NAME_WORDS and not each.words & COLOR_WORDS]
    colors = [each for each in assigned if each.words & COLOR_WORDS]
    named = [(each, entries) for each in names if _all(entries := _by_id(each.value), _is_name)]
    colored = [(each, entries) for each in colors if _all(entries := _by_id(each.value), _is_color)]
    for color, values in colored:
        able = [(each, entries) for each, entries in named if entries.keys() == values.keys() and _share(each, color)]
        same = [pair for pair in able if pair[0].topic == color.topic]
        able = same or [pair for pair in able if not pair[0].topic or not color.topic]
        if not able or any(entries != able[0][1] for _, entries in able):
            continue
        rivals = [
            one for one, other in colored if other != values and other.keys() == values.keys() and _share(one, color)
        ]
        if any(one.topic == able[0][0].topic for one in rivals) and color.topic != able[0][0].topic:
            continue
        if any(one.topic == color.topic and one.blocks == color.blocks for one in rivals):
            continue
        texts = able[0][1]
        if len(set(texts.values())) == len(texts):
            yield CodeLegend(color.line, ParsedLegend([_row(texts[key], values[key]) for key in sorted(values)]))


def _all(entries: Mapping[int, Any], test: Any) -> bool:
    return len(entries) > 1 and all(map(test, entries.values()))


def _share(one: _Assigned, other: _Assigned) -> bool:
    """Tell whether two variables are of one block, or one is in a block around the other."""
    shorter, longer = sorted((one.blocks, other.blocks), key=len)
    return longer[: len(shorter)] == shorter


def _named_by_variables(tree: ast.AST, assigned: Sequence[_Assigned]) -> Iterator[CodeLegend]:
    """Yield the lists of variables that each hold a color, as in `label_colors = np.array([Sky, Building])`."""
    colors = {each.name: each for each in assigned if _is_color(each.value)}
    for each in assigned:
        if not each.words & COLOR_WORDS or not _all(_by_id(each.value), _is_color):
            continue
        lists = [
            [part.id for part in node.elts if isinstance(part, ast.Name)]
            for node in ast.walk(tree)
            if isinstance(node, ast.List | ast.Tuple) and each.line <= node.lineno <= each.end
        ]
        names = next((names for names in lists if len(names) == len(each.value)), [])
        if names and len(set(names)) == len(names) and all(name in colors for name in names):
            yield CodeLegend(each.line, ParsedLegend([_row(name, colors[name].value) for name in names]))

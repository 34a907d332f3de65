"""Checks of option values in `__post_init__`, so that a wrong value fails before a file is opened."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any

from kmseg.errors import UserError


def check_integer(name: str, value: Any, at_least: int, at_most: int | None = None, words: Sequence[str] = ()) -> None:
    """Raise `UserError` unless `value` is an integer within the range, or one of `words`."""
    if isinstance(value, str) and value in words:
        return
    good = isinstance(value, Integral) and not isinstance(value, bool)  # NumPy's integers are Integral too
    if good and value >= at_least and (at_most is None or value <= at_most):
        return
    span = f"at least {at_least}" if at_most is None else f"{at_least} to {at_most}"
    raise UserError(f"{name} is {value!r}; expected {_or([f'an integer, {span}', *words])}")


def check_number(name: str, value: Any, at_least: float, at_most: float | None = None) -> None:
    """Raise `UserError` unless `value` is a number within the range."""
    good = isinstance(value, Real) and not isinstance(value, bool)
    if good and value >= at_least and (at_most is None or value <= at_most):
        return
    span = f"at least {at_least:g}" if at_most is None else f"{at_least:g} to {at_most:g}"
    raise UserError(f"{name} is {value!r}; expected a number, {span}")


def check_choice(name: str, value: Any, options: Sequence[str]) -> None:
    """Raise `UserError` unless `value` is one of `options`."""
    if value not in options:
        raise UserError(f"{name} is {value!r}; expected {_or(list(options))}")


def check_bool(name: str, value: Any) -> None:
    """Raise `UserError` unless `value` is true or false."""
    if not isinstance(value, bool):
        raise UserError(f"{name} is {value!r}; expected true or false")


def check_text(name: str, value: Any, optional: bool = False) -> None:
    """Raise `UserError` unless `value` is a string; `optional` also allows None."""
    if not isinstance(value, str) and not (optional and value is None):
        raise UserError(f"{name} is {value!r}; expected text: put quotes around a number, as in '{name}=\"{value}\"'")


def _or(words: list[str]) -> str:
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " or " + words[-1]

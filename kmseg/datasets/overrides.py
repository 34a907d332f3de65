"""Settings as words of the command line that can be pasted: quoted for Hydra, and then for the shell."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from kmseg.errors import with_slashes

_PLAIN = re.compile(r"[A-Za-z0-9_/.\-]+")
"""What Hydra takes as text without quotes; `~`, `:`, `,`, `=`, brackets and blanks mean something to it."""


def hydra_value(value: str | int | Sequence[str]) -> str:
    """Return a value as Hydra's grammar of overrides reads it back.

    Examples
    --------
    >>> hydra_value("a/b"), hydra_value("a b(1)=#"), hydra_value(["*_L.png", "b"]), hydra_value(2), hydra_value("2")
    ('a/b', "'a b(1)=#'", "['*_L.png',b]", '2', "'2'")
    """
    if isinstance(value, int):
        return str(value).lower()
    if not isinstance(value, str):
        return f"[{','.join(hydra_value(entry) for entry in value)}]"
    if _PLAIN.fullmatch(value) and not _means_other(value):
        return value
    # Within quotes a backslash is itself, but for those before the quote or at the end.
    escaped = re.sub(r"(\\*)'", lambda found: found[1] * 2 + r"\'", value)
    tail = len(escaped) - len(escaped.rstrip("\\"))
    text = "'" + escaped + "\\" * tail + "'"
    return text.replace("${", "\\${")


def _means_other(value: str) -> bool:
    """Tell whether Hydra would read a plain word as a number, true, false or null."""
    return re.fullmatch(r"(?i)null|true|false|nan|inf|[+-]?[\d._]+(e[+-]?\d+)?", value) is not None


def quote_override(key: str, value: str | int | Sequence[str]) -> str:
    """Return `key=value` for a POSIX shell.

    Examples
    --------
    >>> print(quote_override("dataset.root", "my data"))
    "dataset.root='my data'"
    """
    word = with_slashes(f"{key}={hydra_value(value)}")
    if shlex.quote(word) == word:
        return word
    # Double quotes read better around Hydra's single ones, where nothing in them means something to a shell.
    if "'" in word and not re.search(r'[$`"\\!]', word):
        return f'"{word}"'
    return shlex.quote(word)

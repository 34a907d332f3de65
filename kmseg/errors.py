"""The errors that are written for people: what was found, what was expected, how to fix it; and the exit codes."""

from __future__ import annotations

import re

DRIFTED = 3
"""Exit code of a complete run with a doubt: its images have colors that the palette given or kept lacks."""

WRONG_COMMAND = 2
"""The exit code of a command line that cannot be read, or that lacks what only the user can know."""

DOUBTFUL = 3
"""The exit code of a run that is complete, but whose input does not seem to be label images; the last line says why."""

STOPPED = 130
"""Exit code of a run that was interrupted by Ctrl-C or SIGTERM."""


class UserError(ValueError):
    """An error that the user can fix; the command line prints its message without a traceback."""

    def __init__(self, sentence: object) -> None:
        super().__init__(with_slashes(str(sentence)))


class Undecided(UserError):
    """A question that only the user can answer; ends with exit code 2, as a wrong command line does."""


class SharedFolder(UserError):
    """The output would be written among the input; what was made there for the run is removed again."""


class UnreadableImage(UserError):
    """An image file cannot be used; the run reports it and continues without it."""

    def __init__(self, sentence: str) -> None:
        super().__init__(printable(sentence))


def with_slashes(text: str) -> str:
    """Return a text in which addresses of buckets and hosts have both their slashes, of which pathlib drops one.

    >>> with_slashes("s3:/bucket/a.png: the file is empty")
    's3://bucket/a.png: the file is empty'
    """
    return re.sub(r"\b(s3|gs|az|https?):/(?!/)", r"\1://", text)


def printable(line: str) -> str:
    r"""Escape line breaks, control codes and undecodable bytes, since names of files and classes are untrusted.

    >>> printable("a\nb \x1b[2J")
    'a\\nb \\x1b[2J'
    """
    return line if line.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)

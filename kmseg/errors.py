"""The errors that are written for people: what was found, what was expected, how to mend it; and the exit codes."""

DRIFTED = 3
"""The exit code of an incremental run that is complete and has met colors that its palette lacks."""

STOPPED = 130
"""The exit code of a run that was told to end, by Ctrl-C or SIGTERM."""


class UserError(ValueError):
    """A sentence for the person at the command line; shown without a traceback."""


class UnreadableImage(UserError):
    """One image file cannot be used; the run names it, counts it and goes on without it."""

    def __init__(self, sentence: str) -> None:
        super().__init__(printable(sentence))


def printable(line: str) -> str:
    r"""Write out what a terminal would obey or cannot show: line breaks, escape codes, bytes that are no text.

    Who named a file or a class is not who reads its name.

    >>> printable("a\nb \x1b[2J")
    'a\\nb \\x1b[2J'
    """
    return line if line.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)

"""The errors that are written for people: what was found, what was expected, how to mend it."""


class UserError(ValueError):
    """A sentence for the person at the command line; shown without a traceback."""


class UnreadableImage(UserError):
    """One image file cannot be used; the run names it, counts it and goes on without it."""

"""Loops over pixels that NumPy cannot say in few passes, compiled by numba at their first use and kept on disk.

Modules that hold such loops are imported by the function that needs them, since numba takes a third of a second.
"""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar, cast

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """Compile a function for the argument types that it is called with; keep the code where numba can write."""
    from numba import njit

    _say_so_once()
    try:
        return cast(F, njit(cache=True, nogil=True, error_model="numpy")(function))
    except RuntimeError:  # no folder to keep it in: compiled anew in each process
        return cast(F, njit(nogil=True, error_model="numpy")(function))


@cache
def _say_so_once() -> None:
    """See to it that a person who waits for the compiler learns why, on the error stream."""
    from numba.core import event

    class Announcement(event.Listener):  # type: ignore[misc]  # numba tells no types
        said = multiprocessing.current_process().name != "MainProcess"

        def on_start(self, event: Any) -> None:
            if not self.said:
                print("compiling the loops over pixels for this processor, once: up to half a minute", file=sys.stderr)
            self.said = True

        def on_end(self, event: Any) -> None:
            pass

    event.register("numba:compile", Announcement())

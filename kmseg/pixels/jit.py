"""Compile loops over pixels with numba at their first use; the code is cached on disk.

Modules with such loops are imported inside the functions that need them, since importing numba takes 0.3 s.
"""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar, cast

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """Compile a function for the argument types of its calls; cache the code on disk if possible."""
    from numba import njit

    _announce_once()
    try:
        return cast(F, njit(cache=True, nogil=True, error_model="numpy")(function))
    except RuntimeError:  # no writable folder: compiled in each process
        return cast(F, njit(nogil=True, error_model="numpy")(function))


def compiled_sums(function: F) -> F:
    """Compile as `compiled` does, and let sums of floats be formed in any order: eight terms at a time."""
    from numba import njit

    _announce_once()
    any_order = {"reassoc", "nsz", "contract"}
    try:
        return cast(F, njit(cache=True, nogil=True, error_model="numpy", fastmath=any_order)(function))
    except RuntimeError:  # no folder for the compiled code: compiled anew in each process
        return cast(F, njit(nogil=True, error_model="numpy", fastmath=any_order)(function))


_WHEN_COMPILING: list[Callable[[], None]] = []


def when_compiling(call: Callable[[], None]) -> None:
    """Have a function called once when the first loop is compiled, not loaded: in the first run of an installation."""
    if call not in _WHEN_COMPILING:
        _WHEN_COMPILING.append(call)


@cache
def _announce_once() -> None:
    """Print one line to stderr when the compiler starts, since it takes some ten seconds."""
    from numba.core import event

    class Announcement(event.Listener):  # type: ignore[misc]  # numba has no type hints
        announced = multiprocessing.current_process().name != "MainProcess"

        def on_start(self, event: Any) -> None:
            if self.announced:
                return
            self.announced = True
            print("compiling pixel loops (first run only, about 15 s)", file=sys.stderr)
            for call in _WHEN_COMPILING:
                call()

        def on_end(self, event: Any) -> None:
            pass

    event.register("numba:compile", Announcement())

"""Loops over pixels that NumPy cannot say in few passes, compiled by numba at their first use and kept on disk.

Modules that hold such loops are imported by the function that needs them, since numba takes a third of a second.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """Compile a function for the argument types that it is called with; keep the code where numba can write."""
    from numba import njit

    try:
        return cast(F, njit(cache=True, nogil=True, error_model="numpy")(function))
    except RuntimeError:  # no folder to keep it in: compiled anew in each process
        return cast(F, njit(nogil=True, error_model="numpy")(function))

"""Compile loops over pixels with numba at their first use; the code is cached on disk.

Modules with such loops are imported inside the functions that need them, since importing numba takes 0.3 s.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import cache, cached_property, update_wrapper
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar, cast

F = TypeVar("F", bound=Callable[..., object])

PACKAGE = Path(__file__).parents[1]


def compiled(function: F) -> F:
    """Compile a function for the argument types of its calls; cache the code on disk if possible.

    A function whose name begins with an underscore can be called from other compiled functions only: it is part of
    their code, and is spared what Python would call it by, a third of the time that small functions take to compile.
    """
    return _compile(function, fastmath=False)


def compiled_sums(function: F) -> F:
    """Compile as `compiled` does, and let sums of floats be formed in any order: eight terms at a time."""
    return _compile(function, fastmath={"reassoc", "nsz", "contract"})


def _compile(function: F, fastmath: bool | set[str]) -> F:
    _import_array_loops()
    _announce_once()
    options = {"nogil": True, "error_model": "numpy", "fastmath": fastmath, "no_cfunc_wrapper": True}
    make = _part if function.__name__.startswith("_") else Compiled
    return cast(F, make(function, options))


def _part(function: Callable[..., object], options: dict[str, Any]) -> Any:
    """Return numba's dispatcher of a function that only other compiled functions call."""
    from numba import njit

    return njit(no_cpython_wrapper=True, **options)(function)


def _entry(function: Callable[..., object], options: dict[str, Any]) -> Any:
    """Return numba's dispatcher of a function that Python calls: its code is cached on disk if possible."""
    from numba import njit

    try:
        entry = njit(cache=True, **options)(function)
    except RuntimeError:  # no folder for the compiled code: compiled anew in each process
        entry = njit(**options)(function)
    index = getattr(getattr(entry, "_cache", None), "_cache_file", None)
    if index is not None and hasattr(index, "_source_stamp"):
        index._source_stamp = source_stamp(PACKAGE)
    with suppress(ImportError):  # a later numba that has moved what is needed
        from kmseg.pixels.fast_compile import compile_faster

        compile_faster(entry)
    return entry


class Compiled:
    """A function that Python calls; compiled functions that call it have it as a part of their code."""

    def __init__(self, function: Callable[..., object], options: dict[str, Any]) -> None:
        update_wrapper(self, function)
        self._options, self.entry = options, _entry(function, options)

    def __call__(self, *arguments: Any) -> Any:
        """Call it from Python."""
        try:
            return self.entry(*arguments)
        except SystemError as error:
            if isinstance(error.__cause__, KeyboardInterrupt):  # Ctrl-C where numba, within C, calls Python
                raise error.__cause__ from None
            raise

    @property
    def _numba_type_(self) -> Any:
        """What numba takes this for in other compiled functions."""
        return self._part._numba_type_

    @cached_property
    def _part(self) -> Any:
        return _part(self.entry.py_func, self._options)


@cache
def _import_array_loops() -> None:
    """Import numba's array functions without SciPy's linear algebra, which takes 0.3 s and which no loop here uses.

    numba imports `scipy.linalg.cython_blas` here only to know that it is there, and again where it is used.
    """
    blas = "scipy.linalg.cython_blas"
    absent = blas not in sys.modules and find_spec("scipy") is not None
    if absent:
        sys.modules[blas] = ModuleType(blas)
    try:
        with suppress(Exception):  # numba imports it anyway, with all that it asks for
            import numba.np.arraymath  # noqa: F401  # imported for later importers alone
    finally:
        if absent:
            del sys.modules[blas]


@cache
def source_stamp(package: Path) -> str:
    """Return what tells whether code in the cache is that of the files: a digest of the size and time of all of them.

    numba looks at the file of a function alone, but a loop contains the functions of other files that it calls.
    """
    files = sorted([*package.rglob("*kernels.py"), *(package / "pixels").glob("*.py")])
    stats = [(file.relative_to(package).as_posix(), file.stat()) for file in files]
    return hashlib.sha256(repr([(name, at.st_size, at.st_mtime_ns) for name, at in stats]).encode()).hexdigest()


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
            print("compiling pixel loops (first run only, up to a minute)", file=sys.stderr)
            for call in _WHEN_COMPILING:
                call()

        def on_end(self, event: Any) -> None:
            pass

    event.register("numba:compile", Announcement())

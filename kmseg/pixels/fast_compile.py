"""Halve the time that numba takes to compile kmseg's loops, without changing what they compute.

numba optimizes every function and makes machine code of it, although a function that only other compiled functions call
is optimized and made into machine code again with each of them, as part of their code. And it works out the type of
each call, such as `a + b` of two bytes, anew. While a loop of kmseg is compiled, the functions that it calls are left
as they are until their code stands in the loop, and the types of calls are remembered. All this is undone afterwards:
what others compile in the same process is compiled as ever. numba compiles one function at a time, behind a lock.
"""

from __future__ import annotations

from contextlib import ExitStack
from functools import cache
from typing import Any
from weakref import WeakSet

from numba.core import event
from numba.core.codegen import JITCodeLibrary
from numba.core.dispatcher import _FunctionCompiler  # type: ignore[attr-defined]  # private
from numba.core.registry import cpu_target
from numba.core.targetconfig import ConfigStack, TargetConfig
from numba.core.types.functions import BaseFunction

OWN: WeakSet[Any] = WeakSet()
"""numba's dispatchers of the functions that Python calls; what they call is compiled as a part of them."""

REPLACED = {
    JITCodeLibrary: ("_optimize_final_module", "_finalize_final_module", "_finalize_dynamic_globals"),
    _FunctionCompiler: ("_customize_flags",),
    BaseFunction: ("get_call_type",),
    TargetConfig: ("values",),
}
"""Parts of numba that are none of its interface: with a release that lacks one, compiling takes as long as without."""

WRAPPERS = {"no_cpython_wrapper", "no_cfunc_wrapper"}
"""Options of numba to leave out what Python or C calls a function by; they change no type."""


class PartLibrary(JITCodeLibrary):  # type: ignore[misc]  # numba has no type hints
    """The code of a function that is only ever linked into that of others."""

    def _optimize_final_module(self) -> None:
        """Leave it to the function that calls this one."""

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._finalized = True

    def get_pointer_to_function(self, name: str) -> int:
        """Return 0: there is no machine code."""
        return 0


class _Defaults(dict[Any, Any]):
    """The defaults of the options of each kind of numba's settings."""

    def __missing__(self, config: Any) -> dict[str, Any]:
        self[config] = {name: option.default for name, option in config.options.items()}
        return self[config]


class Faster(event.Listener):  # type: ignore[misc]  # as above
    """What numba calls when it begins and ends to compile a function, functions within functions included."""

    def __init__(self) -> None:
        self._depth = 0
        self._undo = ExitStack()

    def on_start(self, event: Any) -> None:
        """Begin with the first function, if it is one of kmseg's."""
        if self._depth or event.data["dispatcher"] in OWN:
            self._depth += 1
            if self._depth == 1:
                self._begin()

    def on_end(self, event: Any) -> None:
        """End with the first function."""
        if self._depth:
            self._depth -= 1
            if self._depth == 0:
                self._undo.close()

    def _begin(self) -> None:
        codegen = cpu_target.target_context.codegen()
        set_env, call_type = codegen.set_env, BaseFunction.get_call_type
        customize = _FunctionCompiler._customize_flags
        known: dict[Any, Any] = {}
        defaults = _Defaults()

        def library(codegen: Any, name: str) -> Any:
            return (PartLibrary if self._depth > 1 else JITCodeLibrary)(codegen, name)

        def set_environment(name: str, environment: Any) -> None:
            if codegen._engine.is_symbol_defined(name):
                set_env(name, environment)

        def without_wrappers(compiler: Any, flags: Any) -> Any:
            flags = customize(compiler, flags)
            for wrapper in WRAPPERS if self._depth > 1 else ():
                setattr(flags, wrapper, True)
            return flags

        def remembered_call_type(function: Any, context: Any, args: Any, kws: Any) -> Any:
            flags = ConfigStack.top_or_none()
            options = {} if flags is None else {n: str(v) for n, v in flags._values.items() if n not in WRAPPERS}
            key = (function, args, tuple(kws.items()), frozenset(options.items()))
            if key not in known:
                known[key] = call_type(function, context, args, kws)
            return known[key]

        def values(config: Any) -> dict[str, Any]:
            return {**defaults[type(config)], **config._values}

        self._replace(codegen, "_library_class", library)
        self._replace(codegen, "set_env", set_environment)
        self._replace(_FunctionCompiler, "_customize_flags", without_wrappers)
        self._replace(BaseFunction, "get_call_type", remembered_call_type)
        self._replace(TargetConfig, "values", values)

    def _replace(self, owner: Any, name: str, value: Any) -> None:
        if name in vars(owner):
            self._undo.callback(setattr, owner, name, vars(owner)[name])
        else:
            self._undo.callback(delattr, owner, name)
        setattr(owner, name, value)


def compile_faster(dispatcher: Any) -> None:
    """Have numba compile a function, and what it calls, faster; if it is a release that is known."""
    OWN.add(dispatcher)
    _register_once()


@cache
def _register_once() -> None:
    if all(hasattr(owner, name) for owner, names in REPLACED.items() for name in names):
        event.register("numba:compile", Faster())

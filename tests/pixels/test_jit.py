import ast
import subprocess
import sys

import numpy as np
import pytest
from numba import njit
from numba.core.errors import TypingError

from kmseg.pixels import jit


def test_the_first_compilation_is_announced_and_calls_once_what_waits_for_it(monkeypatch, capsys):
    calls = []

    def call():
        calls.append(1)

    assert njit(lambda x: x - 1)(1) == 0  # announced by a listener of an earlier test, if there is one
    capsys.readouterr()
    monkeypatch.setattr(jit, "_WHEN_COMPILING", [])
    jit.when_compiling(call)
    jit.when_compiling(call)
    jit._announce_once.__wrapped__()
    for step in (1, 2):
        assert njit(lambda x: x + 1)(step) == step + 1
    assert calls == [1]
    assert capsys.readouterr().err.count("first run only") == 1


def test_compiled_code_on_disk_is_valid_only_with_the_files_of_all_loops(tmp_path):
    (tmp_path / "pixels").mkdir()
    (tmp_path / "pixels" / "packing.py").write_text("A = 1")
    (tmp_path / "other_kernels.py").write_text("B = 1")
    before = jit.source_stamp.__wrapped__(tmp_path)
    (tmp_path / "other_kernels.py").write_text("B = 12")
    assert jit.source_stamp.__wrapped__(tmp_path) != before

    from kmseg.audit import kernels

    loops = [loop.entry for loop in vars(kernels).values() if isinstance(loop, jit.Compiled)]
    assert kernels.classify_pixels.entry in loops
    assert {loop._cache._cache_file._source_stamp for loop in loops} == {jit.source_stamp(jit.PACKAGE)}


def test_compiled_functions_with_an_underscore_are_called_by_compiled_functions_only():
    # Called from Python, they would end the process: they are compiled without what Python calls a function by.
    found = []
    for path in sorted(jit.PACKAGE.rglob("*.py")):
        functions = [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)]
        loops = {f.name: f for f in functions if any("compiled" in ast.unparse(d) for d in f.decorator_list)}
        own = {name for name in loops if name.startswith("_")}
        callers = [f for f in functions if f.name not in loops]
        names = {node.id for f in callers for node in ast.walk(f) if isinstance(node, ast.Name)}
        found += [f"{path.name}: {name}" for name in own & names]
    assert not found


def test_loops_are_loaded_without_scipys_linear_algebra_which_others_can_still_use():
    code = """
import sys
import numpy as np
import numpy as np
import pytest
from numba import njit
from numba.core.errors import TypingError
from kmseg.pixels.jit import compiled

@compiled
def twice(x):
    return 2 * x

assert twice(2) == 4
assert "scipy.linalg" not in sys.modules
product = njit(lambda a, b: np.dot(a, b))
assert product(np.eye(2), np.ones((2, 2))).sum() == 4
assert "scipy.linalg" in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@jit.compiled
def longest(values, least):
    longer = np.empty(len(values), np.int64)
    for n in range(len(values)):
        longer[n] = max(values[n], least)
    return longer


@jit.compiled
def sum_of_longest(values):
    return longest(values, 2).sum()


def test_a_loop_works_from_python_and_within_others_and_leaves_numba_as_it_was():
    from numba.core.registry import cpu_target
    from numba.core.types.functions import BaseFunction

    codegen, call_type = cpu_target.target_context.codegen(), BaseFunction.get_call_type

    values = np.array([1, 2, 3])
    assert sum_of_longest(values) == 7
    assert longest(values, 2).tolist() == [2, 2, 3]
    assert njit(lambda values: max(np.empty(2).size, values[0]))(values) == 2
    assert not {"_library_class", "set_env"} & set(vars(codegen))
    assert BaseFunction.get_call_type is call_type
    with pytest.raises(TypingError):
        sum_of_longest("no array")
    assert BaseFunction.get_call_type is call_type


@pytest.mark.parametrize("cause", [KeyboardInterrupt, ValueError])
def test_ctrl_c_while_a_loop_is_called_is_ctrl_c(monkeypatch, cause):
    """Within C, numba calls Python; what is raised there comes out as the cause of a SystemError."""
    from kmseg.pixels.gather import count_pairs

    def interrupted(*_):
        raise SystemError("returned a result with an exception set") from cause()

    monkeypatch.setattr(count_pairs, "entry", interrupted)
    with pytest.raises(KeyboardInterrupt if cause is KeyboardInterrupt else SystemError):
        count_pairs(1)

from numba import njit

from kmseg.pixels import jit


def test_the_first_compilation_is_announced_and_calls_once_what_waits_for_it(monkeypatch, capsys):
    calls = []

    def call():
        calls.append(1)

    monkeypatch.setattr(jit, "_WHEN_COMPILING", [])
    jit.when_compiling(call)
    jit.when_compiling(call)
    jit._announce_once.__wrapped__()
    for step in (1, 2):
        assert njit(lambda x: x + 1)(step) == step + 1
    assert calls == [1]
    assert capsys.readouterr().err.count("first run only") == 1

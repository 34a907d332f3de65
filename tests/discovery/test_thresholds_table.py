"""benchmarks/thresholds.py: what it varies, and what a cell of its table says."""

from types import SimpleNamespace

from benchmarks.thresholds import Result, changed, compare, read_numbers
from kmseg.discovery import thresholds


def result(found, *colors, spurious=0):
    counts = SimpleNamespace(found=found, demanded=2, spurious=spurious, twins=0)
    return Result(counts, colors)


def test_every_number_of_the_module_is_varied_for_a_while():
    numbers = dict(read_numbers())
    assert numbers["LARGE"] == thresholds.LARGE
    with changed(thresholds, "LARGE", 7):
        assert dict(read_numbers())["LARGE"] == 7
    assert dict(read_numbers()) == numbers


def test_a_cell_tells_the_differences_to_no_change_and_names_folders():
    red, blue = (255, 0, 0), (0, 0, 255)
    cases = [SimpleNamespace(drawn=False, truth=SimpleNamespace(name="suim"))]
    both = [result(2, red, blue)]
    assert compare(cases, both, both) == "no change"
    assert compare(cases, [result(1, red)], both) == "-1 right, -1 found, suim wrong (1 sets)"

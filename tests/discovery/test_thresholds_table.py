"""benchmarks/thresholds.py: which numbers it finds, and how it changes one."""

from pathlib import Path

import kmseg
from benchmarks.thresholds import Change, copy_package, describe, read_numbers

SOURCE = '''"""Numbers."""
NAMES = ("a", "b")
GAP = 4  # levels
SHARE, LEAST = 0.02, 1
WIDE: float = 30.0
NOTHING = 0
lower = 3
ON = True
'''


def test_every_named_number_is_varied_and_nothing_else(tmp_path):
    path = tmp_path / "numbers.py"
    path.write_text(SOURCE)
    found = {number.name: number for number in read_numbers(path)}
    assert {name: number.value for name, number in found.items()} == {"GAP": 4, "SHARE": 0.02, "LEAST": 1, "WIDE": 30.0}
    assert [found[name].scaled(0.5) for name in ("GAP", "SHARE", "LEAST", "WIDE")] == ["2", "0.01", "1", "15.0"]


def test_a_number_is_changed_in_a_copy_of_the_package(tmp_path):
    package = Path(kmseg.__file__).parent
    file = "discovery/thresholds.py"
    number = next(number for number in read_numbers(package / file) if number.name == "BLUR")
    folder = copy_package(tmp_path, file, number, 2.0)
    before, after = ((root / file).read_text().splitlines() for root in (package, folder / "kmseg"))
    assert [line for line in after if line not in before] == [f"BLUR = {2 * number.value}"]
    assert (folder / "kmseg" / "api.py").read_bytes() == (package / "api.py").read_bytes()


def test_a_cell_tells_the_differences_to_no_change():
    base = Change(right=5, found=20, spurious=1, changed=0)
    assert describe(base, base) == "no change"
    assert describe(Change(4, 19, 1, 2), base) == "-1 right, -1 found (2 sets)"
    assert describe(Change(5, 20, 1, 3), base) == "other shades (3 sets)"

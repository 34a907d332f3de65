from pathlib import Path
from types import SimpleNamespace

import pytest

from kmseg.datasets import Item
from kmseg.maskers.boundary import Boundary
from kmseg.maskers.nearest import Nearest
from kmseg.tasks.segment import suggest_jpeg


@pytest.mark.parametrize(
    ("masker", "suffixes", "said"),
    [
        (Boundary(), (".jpg", ".JPEG", ".png"), True),
        (Boundary(), (".jpg", ".png"), False),
        (Nearest(), (".jpg",), False),
    ],
)
def test_a_run_on_jpeg_labels_names_the_masker_for_them_with_its_time(masker, suffixes, said):
    items = [Item(str(number), Path(f"{number}{suffix}")) for number, suffix in enumerate(suffixes)]
    tally = SimpleNamespace(explained={"0": SimpleNamespace(reassigned=300_000, unmatched=100_000)})
    notes = suggest_jpeg(SimpleNamespace(masker=masker), items, tally)
    assert len(notes) == said
    assert not said or ("masker=jpeg" in notes[0] and "11 (labels" in notes[0] and "42 (resized" in notes[0])

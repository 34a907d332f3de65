import numpy as np
import pytest

from kmseg.datasets.panels import Panels
from kmseg.errors import UserError
from kmseg.images import write_png
from tests.support.kinds import draw_label, draw_photo


@pytest.fixture
def panels(tmp_path):
    """Three files of photo, label and prediction with white bars of 8 pixels."""
    for seed in range(3):
        gap = np.full((160, 8, 3), 255, np.uint8)
        parts = [draw_photo(seed), gap, draw_label(seed), gap, draw_label(seed + 1)]
        write_png(tmp_path / f"{seed}.png", np.hstack(parts))
    return tmp_path


def test_the_panels_are_found_and_the_first_label_is_read(panels):
    dataset = Panels(str(panels))
    first, second, third = dataset.items()
    assert np.array_equal(dataset.read_label(second).pixels, draw_label(1))
    assert np.array_equal(dataset.read_photo(third), draw_photo(2))
    assert first.key == "0"


def test_what_is_said_wins(panels):
    third = Panels(str(panels), label=3)
    assert np.array_equal(third.read_label(third.items()[0]).pixels, draw_label(1))
    said = Panels(str(panels), rows=1, columns=3, bar=8, label=2, photo=1)
    assert np.array_equal(said.read_label(said.items()[0]).pixels, draw_label(0))


def test_files_without_panels_and_panels_that_are_not_there_are_refused(panels, tmp_path_factory):
    alone = tmp_path_factory.mktemp("labels")
    write_png(alone / "a.png", draw_label(0))
    dataset = Panels(str(alone))
    with pytest.raises(UserError, match=r"no panels are found .* dataset.columns=3"):
        dataset.read_label(dataset.items()[0])
    four = Panels(str(panels), label=4)
    with pytest.raises(UserError, match="the files have 3 panels"):
        four.read_label(four.items()[0])
    with pytest.raises(UserError, match=r"dataset\.label"):
        Panels(str(panels), label=0)

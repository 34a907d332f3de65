"""A look at the input, in a second process too, and what is left of a doubt when the palette is known."""

import subprocess
import sys
from dataclasses import replace

import cv2
import numpy as np
import pytest

from kmseg import second_process
from kmseg.audit.input_kinds import LookAtImages
from kmseg.clusterers.kmeans import KMeans
from kmseg.color_spaces.rgb import Rgb
from kmseg.datasets.folder import Folder
from kmseg.datasets.overlay import Overlay
from kmseg.discovery.statistics import ColorStatistics
from kmseg.errors import UserError
from kmseg.images import read_label_image
from kmseg.palette import Palette
from kmseg.pipeline import look_apart
from kmseg.pipeline.look_apart import LookApart
from kmseg.pipeline.look_at_input import InputDoubt
from kmseg.pipeline.palette_source import PaletteSource, find_named_palette
from tests.support.kinds import COLORS, draw_indices


def test_a_doubt_about_small_images_is_left_only_where_the_palette_does_not_explain_them(tmp_path):
    for n in range(3):
        bgr = np.ascontiguousarray(COLORS[draw_indices(n, 3, (64, 64))][..., ::-1])
        cv2.imwrite(str(tmp_path / f"{n}.jpg"), bgr, [cv2.IMWRITE_JPEG_QUALITY, 75])
    dataset = Folder(root=str(tmp_path))
    items = dataset.items()
    statistics = ColorStatistics.of_all(read_label_image(item.label) for item in items)
    found = find_named_palette(statistics, PaletteSource(), KMeans(), Rgb())
    short = replace(found, palette=Palette(["a", "b"], COLORS[:2]))
    assert InputDoubt("photos", small=True).remaining(found, 3, dataset, items) == ""
    assert InputDoubt("photos", small=True).remaining(short, 3, dataset, items) == "photos"
    assert InputDoubt("photos").remaining(found, 3, dataset, items) == "photos"


@pytest.mark.parametrize("code", [None, "pass", "import sys; sys.stdin.buffer.read()"])
def test_a_look_in_a_second_process_sees_the_same_and_one_that_fails_is_taken_here(tmp_path, monkeypatch, code):
    cv2.imwrite(str(tmp_path / "1.png"), np.zeros((32, 32, 3), np.uint8))
    dataset = Folder(str(tmp_path))
    work, items = LookAtImages(dataset), dataset.items()
    second_process.start_early(look_apart.__name__)
    if code is not None:
        second_process.end(second_process.take(look_apart.__name__))
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        monkeypatch.setitem(
            second_process._STARTED, look_apart.__name__, subprocess.Popen([sys.executable, "-c", code], **pipes)
        )
    process = second_process._STARTED[look_apart.__name__]
    seen = LookApart(work, items).result()
    assert seen == (work(items) if code is None else None)
    assert process.poll() is not None


def test_an_error_of_a_look_in_a_second_process_is_told_once_by_the_first(tmp_path, capfd):
    for folder in ("overlays", "photos"):
        (tmp_path / folder).mkdir()
        cv2.imwrite(str(tmp_path / folder / "1.png"), np.random.default_rng(len(folder)).integers(0, 256, (32, 32, 3)))
    dataset = Overlay(str(tmp_path / "overlays"), str(tmp_path / "photos"))
    second_process.start_early(look_apart.__name__)
    with pytest.raises(UserError, match="no opacity"):
        LookApart(LookAtImages(dataset), dataset.items()).result()
    assert capfd.readouterr().err == ""

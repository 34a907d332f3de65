"""K-Means against HSV: the measures, the tuning, the verdict, and the whole task by its command."""

from __future__ import annotations

import csv
import dataclasses

import cv2
import numpy as np
import pytest

from kmseg.color_spaces.rgb import Rgb
from kmseg.comparison.evaluate import Method, MethodResult
from kmseg.comparison.summary import ComparisonResult
from kmseg.comparison.tune_hsv import ClassColors, tune
from kmseg.errors import UserError
from kmseg.histogram import Histogram
from kmseg.images import write_png
from kmseg.maskers.hsv_range import HsvRange
from kmseg.maskers.nearest import Nearest
from kmseg.metrics.boundary import TrueBoundaries, boundary_f1
from kmseg.palette import Palette
from tests.conftest import COLORS, draw_label, write_rgb


def square(at: int, side: int = 10) -> np.ndarray:
    mask = np.zeros((40, 40), np.int64)
    mask[at : at + side, at : at + side] = 1
    return mask


def test_a_boundary_within_the_tolerance_is_right_and_one_beyond_it_is_not():
    shifted = square(12)
    assert boundary_f1(TrueBoundaries(square(10), 2, 3).counts(square(10)))[1] == 1
    assert boundary_f1(TrueBoundaries(square(10), 2, 3).counts(shifted))[1] == 1
    assert 0 < boundary_f1(TrueBoundaries(square(10), 2, 1).counts(shifted))[1] < 0.5


def test_no_boundary_is_asked_for_where_the_truth_is_ignored():
    true = square(10)
    true[:, 15:] = -1
    counts = TrueBoundaries(true, 2, 1).counts(square(10))
    assert boundary_f1(counts)[1] == 1
    assert counts[1, 2] == 10 + 4 + 4  # the left side, and the half of the upper and the lower one that is evaluated


def test_a_class_that_is_nowhere_has_no_boundary_figure():
    assert np.isnan(boundary_f1(TrueBoundaries(square(10), 3, 1).counts(square(10)))[2])


def test_tuning_finds_the_tolerances_that_tell_two_hues_apart():
    """Two near hues need a narrow range, the third class spreads far: one tolerance cannot serve all."""
    legend = Palette(["near", "next", "wide"], [(200, 20, 20), (200, 60, 20), (20, 20, 200)])
    random = np.random.default_rng(0)
    spread = np.stack([random.integers(0, 90, 400), random.integers(0, 90, 400), random.integers(100, 256, 400)], 1)
    rare = np.array([(200, 110, 20)] * 40)  # a hue that is none of the two
    held = [legend.colors[[0] * 50], legend.colors[[1] * 50], spread, rare]
    colors = ClassColors(1, tuple(Histogram.of(h[None].astype(np.uint8)) for h in held))
    true = Palette([*legend.names, "other"], [*legend.colors, (0, 255, 0)])
    tuned = tune(legend, true, colors)
    score = {
        name: np.mean(
            [(masker.for_palette(legend, Rgb())(h[None].astype(np.uint8)) == k).mean() for k, h in enumerate(held[:3])]
        )
        for name, masker in (("untuned", HsvRange()), ("single", tuned.single), ("per class", tuned.per_class))
    }
    assert score["untuned"] < score["per class"]
    assert score["single"] <= score["per class"]
    assert tuned.per_class.by_class["wide"][1] > tuned.per_class.by_class["next"][0]
    assert tuned.scores.max() < 1  # no single tolerance is right everywhere


def test_a_class_of_hsv_ranges_has_its_own_tolerance():
    legend = Palette(["red", "blue"], [(200, 20, 20), (20, 20, 200)])
    dark = np.array([[(90, 9, 9), (9, 9, 90)]], np.uint8)
    assert HsvRange(value=20).for_palette(legend, Rgb())(dark).tolist() == [[255, 255]]
    assert HsvRange(value=20, by_class={"red": (10, 60, 150)}).for_palette(legend, Rgb())(dark).tolist() == [[0, 255]]
    with pytest.raises(UserError, match="by_class has green"):
        HsvRange(by_class={"green": (1, 1, 1)}).for_palette(legend, Rgb())
    with pytest.raises(UserError, match=r"by_class\.red"):
        HsvRange(by_class={"red": (1, 1)})


def result(key: str, right: int, of: int = 100) -> MethodResult:
    palette = Palette(["a", "b"], [(0, 0, 0), (255, 0, 0)])
    counts = np.array([[right, of - right, 0], [0, of, 0]])
    way = Method(key, key, palette, Nearest(), Rgb())
    return MethodResult(way, counts, np.ones((2, 4), np.int64), np.arange(2))


@pytest.mark.parametrize(
    ("kmeans", "hsv", "said"), [(99, 60, "ahead"), (60, 99, "behind"), (99, 99, "the same"), (99, 98.99, "as good as")]
)
def test_the_verdict_says_what_the_figures_say_whichever_way_they_fall(kmeans, hsv, said):
    results = [result("kmeans", kmeans), result("hsv_single", hsv)]
    verdict = ComparisonResult(results, *results, None, results[0].method.palette, 3, truth=True)
    assert said in verdict.sentence
    assert f"{results[0].figures['miou']:.3f}" in verdict.sentence
    assert f"{results[1].figures['miou']:.3f}" in verdict.sentence
    assert ("the same in every class" in verdict.sentence) == (kmeans == hsv)


def test_images_of_one_class_without_a_boundary_have_figures_that_are_numbers():
    alone = dataclasses.replace(result("kmeans", 99), boundaries=np.zeros((2, 4), np.int64))
    assert alone.figures["boundary_f1"] == 0


@pytest.fixture
def evaluated(tmp_path, legend):
    """Options for eight labels that JPEG has damaged, with their true masks."""
    for number in range(8):
        label = draw_label(number, 96)
        write_rgb(tmp_path / "jpeg" / f"{number}.jpg", label, cv2.IMWRITE_JPEG_QUALITY, 70)
        mask = (label[:, :, None] == np.array(list(COLORS.values()))).all(-1).argmax(-1)
        write_png(tmp_path / "true" / f"{number}.png", mask.astype(np.uint8))
    truth = (f"truth.legend={legend}", f"truth.masks={tmp_path / 'true'}")
    return ("task=compare", "dataset=folder", f"dataset.root={tmp_path / 'jpeg'}", *truth)


def table(ran) -> list[dict[str, str]]:
    with (ran.folder / "compare.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_kmeans_and_hsv_are_compared_by_one_command_on_any_executor(kmseg, evaluated):
    ran = kmseg(*evaluated)
    assert ran.code == 0, ran.err
    rows = table(ran)
    assert {row["class"] for row in rows} == set(COLORS)
    methods = ["paper", "kmeans", "nearest_given", "kmeans_given", "hsv_untuned", "hsv_single", "hsv_per_class"]
    assert [row["method"] for row in rows[:7]] == methods
    for method in methods:
        iou = np.mean([float(row["iou"]) for row in rows if row["method"] == method])
        assert ran.metrics[f"compare/{method}/miou"] == pytest.approx(iou, abs=1e-5)
    assert sum(int(row["pixels"]) for row in rows if row["method"] == "kmeans") == 4 * 96 * 96
    assert "On 4 images not used for tuning, with 4 classes" in " ".join(ran.out.split())
    assert {path.stem for path in (ran.folder / "classes").iterdir()} == set(COLORS)
    assert (ran.folder / "compare.png").exists()
    assert (ran.folder / "hsv_tolerances.csv").exists()
    assert table(kmseg(*evaluated, "executor=processes", "executor.workers=2")) == rows


def test_only_the_classes_asked_for_are_compared(kmseg, evaluated):
    ran = kmseg(*evaluated, "task.classes=[car,sign]")
    assert {row["class"] for row in table(ran)} == {"car", "sign"}
    refused = kmseg(*evaluated, "task.classes=boat")
    assert refused.code == 1
    assert "no class 'boat'" in refused.err


def test_without_true_masks_the_two_are_compared_with_each_other(kmseg, evaluated):
    ran = kmseg(*evaluated[:3])
    assert ran.code == 0, ran.err
    assert "no true masks" in ran.out
    assert {row["method"] for row in table(ran)} == {"paper", "kmeans", "hsv_untuned"}
    assert ran.metrics["compare/kmeans/miou"] == 1


def test_one_image_is_too_few(kmseg, tmp_path):
    write_rgb(tmp_path / "one" / "a.png", draw_label())
    ran = kmseg("task=compare", "dataset=folder", f"dataset.root={tmp_path / 'one'}")
    assert ran.code == 1
    assert "needs two" in ran.err

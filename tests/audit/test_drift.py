"""Colors of a class that the palette in use lacks raise an alarm; damage does not."""

from __future__ import annotations

import csv

import cv2
import numpy as np
import pytest

from tests.conftest import COLORS, draw_label, write_rgb

PERSON = (220, 20, 60)


def with_person(number: int, size: int = 64) -> np.ndarray:
    label = draw_label(number, size)
    label[40:52, 20:30] = PERSON
    return label


def unknown_colors(folder) -> list[dict[str, str]]:
    with (folder / "drift.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def drift(ran) -> dict[str, float]:
    return {name: value for name, value in ran.metrics.items() if name.startswith("drift/")}


@pytest.fixture
def nightly(kmseg, labels):
    return lambda *words: kmseg("dataset=folder", f"dataset.root={labels}", "incremental=true", *words)


def test_a_new_class_raises_the_alarm_every_night_until_the_legend_has_it(nightly, labels, tmp_path):
    assert nightly().code == 0
    write_rgb(labels / "8.png", with_person(8))
    write_rgb(labels / "9.png", with_person(9))
    night = nightly()
    assert night.code == 3, night.err
    assert f"the palette in {night.folder} lacks: 220 20 60" in " ".join(night.out.split())
    assert "lacks: 220 20 60" in (night.folder / "kmseg.log").read_text()
    (unknown,) = unknown_colors(night.folder)
    assert [int(unknown[level]) for level in "rgb"] == list(PERSON)
    assert (unknown["pixels"], unknown["images"], unknown["first_images"]) == ("240", "2", "8; 9")
    assert drift(night) == {"drift/colors": 1, "drift/unmatched": pytest.approx(240 / (8 * 64**2)), "drift/images": 2}
    assert (night.folder / "masks" / "9.png").exists()  # the run is complete all the same
    again = nightly()
    assert (again.code, drift(again)) == (3, drift(night))
    corrected = tmp_path / "corrected.csv"
    corrected.write_text((night.folder / "palette.csv").read_text() + "person,220,20,60\n")
    after = nightly(f"palette.file={corrected}")
    assert after.code == 0, after.err
    assert not (after.folder / "drift.csv").exists()


def test_a_color_that_the_legend_says_is_of_no_class_is_no_news(kmseg, labels, legend):
    write_rgb(labels / "8.png", with_person(8))
    words = ("dataset=folder", f"dataset.root={labels}", f"palette.file={legend}", "writers=[index_png]")
    assert unknown_colors(kmseg(*words).folder)
    rows = [f"{line}," for line in legend.read_text().splitlines()]
    legend.write_text("\n".join([rows[0] + "ignore", *rows[1:], "person,220,20,60,1"]) + "\n")
    ran = kmseg(*words)
    assert ran.code == 0, ran.out
    assert drift(ran) == {"drift/colors": 0, "drift/unmatched": 0, "drift/images": 0}


def test_a_thin_object_of_an_exact_new_color_is_seen_though_it_is_nowhere_flat(kmseg, labels, legend):
    label = draw_label(8)
    label[20:50, 30] = PERSON
    write_rgb(labels / "8.png", label)
    ran = kmseg("dataset=folder", f"dataset.root={labels}", f"palette.file={legend}", "masker=nearest")
    assert unknown_colors(ran.folder)[0]["pixels"] == "30"


def test_in_labels_of_ids_the_next_id_is_a_new_class(kmseg, tmp_path):
    legend, root = tmp_path / "ids.csv", tmp_path / "ids"
    legend.write_text("name,r,g,b\n" + "".join(f"class {i},{i},{i},{i}\n" for i in range(5)))
    for number in range(3):
        label = np.repeat(np.arange(64, dtype=np.uint8)[:, None, None] // 13, 64, axis=1).repeat(3, axis=2)
        write_rgb(root / f"{number}.png", label)
    words = ("dataset=folder", f"dataset.root={root}", f"palette.file={legend}", "writers=[index_png]")
    assert kmseg(*words).code == 0
    label[20:30, 20:30] = 5
    write_rgb(root / "8.png", label)
    ran = kmseg(*words)
    assert ran.code == 3, ran.out
    assert [(row["r"], row["pixels"]) for row in unknown_colors(ran.folder)] == [("5", "100")]


def test_pixels_of_no_class_are_seen_too(kmseg, labels, legend):
    write_rgb(labels / "8.png", with_person(8))
    ran = kmseg("dataset=folder", f"dataset.root={labels}", f"palette.file={legend}", "masker=hsv_range")
    assert (ran.folder / "drift.csv").exists(), (ran.code, ran.err)
    assert unknown_colors(ran.folder)[0]["first_images"] == "8"


@pytest.fixture
def jpegs(tmp_path):
    """Labels that were resized and compressed until some of their flat pixels have colors of no class."""
    root = tmp_path / "jpegs"
    for number in range(6):
        write_damaged(root / f"{number}.jpg", draw_label(number, 256))
    return root


def write_damaged(path, label: np.ndarray) -> None:
    small = cv2.resize(label, (190, 150), interpolation=cv2.INTER_CUBIC)
    write_rgb(path, small, cv2.IMWRITE_JPEG_QUALITY, 30)


def test_the_noise_of_jpeg_is_no_new_class_and_a_new_class_in_it_is(kmseg, jpegs, legend):
    words = ("dataset=folder", f"dataset.root={jpegs}", f"palette.file={legend}", "writers=[index_png]")
    calm = kmseg(*words)
    assert calm.code == 0, calm.out
    assert calm.metrics["palette/unmatched"] > 0  # there is noise
    label = draw_label(8, 256)
    label[150:220, 20:60] = PERSON
    write_damaged(jpegs / "8.jpg", label)
    ran = kmseg(*words)
    (unknown,) = unknown_colors(ran.folder)
    assert np.abs(np.array([int(unknown[level]) for level in "rgb"]) - PERSON).max() <= 6
    assert unknown["first_images"] == "8"


def test_what_the_palette_did_without_from_the_beginning_is_said_once_and_no_news_later(nightly, labels):
    first = nightly("clusterer.k=3")
    assert first.code == 0
    assert "that the palette found lacks" in " ".join(first.out.split())
    assert nightly("clusterer.k=3").code == 0
    write_rgb(labels / "8.png", with_person(8))
    night = nightly("clusterer.k=3")
    assert night.code == 3
    assert [row["first_images"] for row in unknown_colors(night.folder)] == ["8"]


def test_a_forbidden_color_is_no_news(nightly, labels):
    words = ("palette.forbid=[[220,20,60]]",)
    assert nightly(*words).code == 0
    write_rgb(labels / "8.png", with_person(8))
    assert nightly(*words).code == 0


def test_the_alarm_of_an_incremental_run_is_a_full_runs(nightly, kmseg, labels, legend):
    words = (f"palette.file={legend}", "writers=[index_png]")
    write_rgb(labels / "8.png", with_person(8))
    nightly(*words)
    write_rgb(labels / "10.png", with_person(10))
    night = nightly(*words)
    by_steps = (drift(night), (night.folder / "drift.csv").read_text())
    full = kmseg("dataset=folder", f"dataset.root={labels}", *words)
    assert by_steps == (drift(full), (full.folder / "drift.csv").read_text())
    assert len(COLORS) == len(full.palette())


def test_what_a_recorded_run_was_alarmed_by_is_in_its_record(nightly, labels, tmp_path, make_home):
    from mlflow import MlflowClient

    store = ("tracker=mlflow", f"tracker.folder={make_home(tmp_path / 'store')}")
    nightly(*store)
    write_rgb(labels / "8.png", with_person(8))
    assert nightly(*store).code == 3
    client = MlflowClient(f"sqlite:///{tmp_path}/store/mlflow.db")
    (run, _) = client.search_runs([client.get_experiment_by_name("kmseg").experiment_id])
    assert (run.info.status, run.data.metrics["drift/colors"]) == ("FINISHED", 1)
    assert "drift.csv" in [file.path for file in client.list_artifacts(run.info.run_id)]

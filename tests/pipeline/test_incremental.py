"""An incremental run processes only new and changed images and gives the result of a full run."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import numpy as np
import pytest

from kmseg.audit.pixel_match import MatchCounts
from kmseg.images import read_rgb
from kmseg.legends.default_maps import voc_colors
from kmseg.pipeline.manifest import Manifest, make_record
from kmseg.pipeline.tally import Tally
from kmseg.plugins import conf_folder
from tests.conftest import COLORS, draw_label, write_rgb
from tests.support.kinds import draw_label as draw_scene
from tests.support.kinds import draw_photo

RECORD = {"kmseg.log", "config.yaml", "manifest.sqlite", ".kmseg.lock", "metrics.json", "drift.csv"}
"""Files that contain run times or settings of the run."""

LEARNT = {"candidates.csv", "candidates.png", "centroids.csv", "recognition.csv"}
"""Files that only a run which finds its palette writes."""

NONE = np.zeros(1, np.int64)

WRITERS = sorted(path.stem for path in (conf_folder() / "writers").glob("*.yaml"))


def results(folder: Path) -> dict[str, bytes]:
    files = [path for path in folder.rglob("*") if path.is_file() and ".hydra" not in path.parts]
    return {path.relative_to(folder).as_posix(): content(path) for path in files if path.name not in RECORD | LEARNT}


def content(path: Path) -> bytes:
    """Read a file, a page but for the lines that tell its command and how much of the run was taken over."""
    lines = path.read_bytes().splitlines(keepends=True)
    return b"".join(
        line for line in lines if path.suffix != ".html" or (b"incremental" not in line and b"kmseg " not in line)
    )


def figures(ran) -> dict[str, float]:
    return {
        name: value for name, value in ran.metrics.items() if not name.startswith(("time/", "incremental/", "drift/"))
    }


def counts(ran) -> list[float]:
    return [ran.metrics[f"incremental/{name}"] for name in ("done", "unchanged", "gone")]


def change(labels: Path) -> None:
    """Add an image that comes first, change one, take one away."""
    write_rgb(labels / "000.png", draw_label(9))
    write_rgb(labels / "3.png", draw_label(7))
    (labels / "1.png").unlink()


@pytest.fixture
def nightly(kmseg, labels):
    """Run the command of every night; more words may follow."""
    return lambda *words, root=labels: kmseg("dataset=folder", f"dataset.root={root}", "incremental=true", *words)


def test_what_is_new_or_changed_is_done_and_the_result_is_a_full_runs(nightly, kmseg, labels, tmp_path):
    first = nightly()
    assert first.code == 0, first.err
    palette = shutil.copy(first.folder / "palette.csv", tmp_path / "saved.csv")
    assert counts(nightly()) == [4, 2, 0]  # the preview shows the first four
    change(labels)
    night = nightly("incremental=prune")
    assert night.code == 0, night.err
    assert counts(night) == [4, 2, 1]
    found, measured = results(night.folder), figures(night)
    shutil.rmtree(night.folder)
    full = kmseg("dataset=folder", f"dataset.root={labels}", f"palette.file={palette}")
    assert found == results(full.folder)
    assert measured == figures(full)


def test_every_writer_leaves_the_same_after_an_incremental_run(nightly, kmseg, labels, legend):
    words = (f"palette.file={legend}", f"writers=[{','.join(WRITERS)}]")
    nightly(*words)
    change(labels)
    night = nightly(*words, "incremental=prune")
    assert night.code == 0, night.err
    found = results(night.folder)
    shutil.rmtree(night.folder)
    full = results(kmseg("dataset=folder", f"dataset.root={labels}", *words).folder)
    assert found.keys() == full.keys()
    assert [name for name in full if found[name] != full[name]] == []


def test_the_run_that_finds_the_palette_says_if_these_are_no_label_images(nightly, tmp_path):
    for number in range(4):
        write_rgb(tmp_path / "in" / f"{number}.png", np.hstack([draw_photo(number), draw_scene(number)]))
    ran = nightly(root=tmp_path / "in")
    assert ran.code in (1, 3)
    assert "use dataset=pairs" in " ".join((ran.out + ran.err).split())


def test_figures_against_the_truth_are_a_full_runs(kmseg, tmp_path):
    words = ("dataset=sample", "dataset.scenes=6", "writers=[index_png]")
    first = kmseg(*words, "incremental=true")
    again = kmseg(*words, "incremental=true")
    assert counts(again) == [0, 6, 0]
    learnt = {"palette/inertia", "images/sampled"}
    assert figures(again) == {name: value for name, value in figures(first).items() if name not in learnt}
    assert "mask/miou" in figures(again)


def test_the_saved_palette_keeps_its_order_when_other_classes_become_the_larger(nightly, labels):
    before = nightly().palette()
    for number in range(20, 32):
        image = draw_label(number)
        image[:44] = COLORS["sign"]
        write_rgb(labels / f"{number}.png", image)
    after = nightly()
    assert after.code == 0, after.err
    assert list(after.palette().items()) == list(before.items())


def test_other_settings_of_the_palette_are_refused_and_other_settings_of_the_masks_repeat_all_images(nightly):
    nightly("writers=[index_png]")
    refused = nightly("clusterer.k=3")
    assert refused.code == 1
    assert "found with other settings" in refused.err
    assert counts(nightly("writers=[index_png]", "masker=nearest")) == [6, 0, 0]


def test_a_legend_that_a_writer_names_counts_by_its_content(nightly, legend, tmp_path):
    target = tmp_path / "target.csv"
    target.write_text(legend.read_text())
    words = (f"palette.file={legend}", "writers=[color_png]", f"writers.color_png.target={target}")
    nightly(*words)
    assert counts(nightly(*words)) == [0, 6, 0]
    target.write_text(legend.read_text().replace("0,0,142", "9,9,9"))
    assert counts(nightly(*words)) == [6, 0, 0]


@pytest.mark.parametrize(("column", "value"), [("painted", "#010203"), ("ignore", "1")])
def test_a_change_in_any_column_of_the_legend_repeats_all_images(nightly, legend, column, value):
    header, *rows = legend.read_text().splitlines()
    for last, done in (("", [6, 0, 0]), ("", [0, 6, 0]), (value, [6, 0, 0])):
        rows_now = [f"{header},{column}", *(f"{row}," for row in rows[:-1]), f"{rows[-1]},{last}"]
        legend.write_text("\n".join(rows_now) + "\n")
        assert counts(nightly(f"palette.file={legend}", "writers=[index_png,color_png]")) == done


def test_a_class_keeps_its_value_in_the_masks_where_the_values_have_gaps(nightly, tmp_path):
    numbers = np.array([0, 1, 3, 5], np.uint8)  # as in a default color map of which the images show some classes
    classes = np.repeat(np.repeat(numbers.reshape(2, 2), 32, axis=0), 32, axis=1)
    for image in range(3):
        write_rgb(tmp_path / "in" / f"{image}.png", voc_colors(6)[np.roll(classes, image, axis=1)])
    assert nightly("writers=[index_png]", root=tmp_path / "in").code == 0
    write_rgb(tmp_path / "in" / "3.png", voc_colors(6)[classes])
    ran = nightly("writers=[index_png]", root=tmp_path / "in")
    assert counts(ran) == [1, 3, 0]
    for image in ("0", "3"):
        assert np.array_equal(read_rgb(ran.folder / "masks" / f"{image}.png")[..., 0], classes)


def test_an_output_that_was_lost_is_written_again(nightly):
    first = nightly("writers=[index_png]")
    lost = first.folder / "masks" / "2.png"
    content = lost.read_bytes()
    lost.unlink()
    assert counts(nightly("writers=[index_png]")) == [1, 5, 0]
    assert lost.read_bytes() == content


def test_an_output_that_a_power_failure_left_empty_is_written_again(nightly):
    first = nightly("writers=[index_png]")
    emptied = first.folder / "masks" / "2.png"
    content = emptied.read_bytes()
    emptied.write_bytes(b"")
    assert counts(nightly("writers=[index_png]")) == [1, 5, 0]
    assert emptied.read_bytes() == content


def test_outputs_of_images_that_are_gone_stay_until_they_are_to_be_removed(nightly, labels):
    first = nightly("writers=[index_png]")
    shutil.rmtree(labels / "far")
    night = nightly("writers=[index_png]")
    assert counts(night) == [0, 5, 1]
    assert (first.folder / "masks" / "far" / "away" / "5.png").exists()
    assert night.metrics["images/read"] == 5
    nightly("writers=[index_png]", "incremental=prune")
    assert not (first.folder / "masks" / "far").exists()
    assert len(list((first.folder / "masks").iterdir())) == 5


def test_the_manifest_is_a_database_that_others_can_read(nightly):
    path = nightly("writers=[index_png]").folder / "manifest.sqlite"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        rows = database.execute(
            "SELECT image, files, json_extract(tally, '$.explained.exact') FROM images ORDER BY image"
        ).fetchall()
    assert [row[0] for row in rows] == ["0", "1", "2", "3", "4", "far/away/5"]
    assert json.loads(rows[5][1]).keys() == {"masks/far/away/5.png"}
    assert rows[0][2] == 64 * 64


def test_a_manifest_that_is_none_is_refused_and_a_run_from_scratch_replaces_it(nightly, kmseg, labels):
    words = ("dataset=folder", f"dataset.root={labels}", "writers=[index_png]")
    manifest = nightly("writers=[index_png]").folder / "manifest.sqlite"
    manifest.write_text("something else, of more than sixteen bytes\n" * 100)
    refused = nightly("writers=[index_png]")
    assert refused.code == 1
    assert "not a manifest" in refused.err
    assert kmseg(*words).code == 0
    assert counts(nightly("writers=[index_png]")) == [0, 6, 0]


def test_the_json_manifest_of_earlier_versions_is_converted_but_for_an_incomplete_last_line(nightly):
    folder = nightly("writers=[index_png]").folder
    with closing(sqlite3.connect(folder / "manifest.sqlite")) as database:
        run = dict(database.execute("SELECT name, value FROM run"))
        rows = database.execute("SELECT * FROM images").fetchall()
    (folder / "manifest.sqlite").unlink()
    lines = [json.dumps({"manifest": 2, "origin": run["origin"], "known": json.loads(run["known"])})]
    names = ("image", "content", "settings", "palette", "files", "seen", "complete")
    for row in rows:
        record = dict(zip(names, row, strict=True))
        record |= {"files": json.loads(record["files"]), "seen": json.loads(record["seen"]), "complete": True}
        lines.append(json.dumps({**record, "new_colors": record["seen"].pop("new_colors")}))
    (folder / "manifest.jsonl").write_text("\n".join(lines)[:-30])
    assert counts(nightly("writers=[index_png]")) == [1, 5, 0]
    assert not (folder / "manifest.jsonl").exists()
    assert counts(nightly("writers=[index_png]")) == [0, 6, 0]


def test_an_interrupted_recording_keeps_what_was_added(tmp_path):
    none = Tally(1, 1, (), NONE, NONE, {"a": MatchCounts(1, 1, 0, 0, 0, 0, 0)}, {}, NONE, NONE, 0, {})
    with suppress(KeyboardInterrupt), Manifest(tmp_path).recording() as add:
        add([make_record("a", ("content", "settings", "palette"), {}, none)])
        raise KeyboardInterrupt
    assert Manifest(tmp_path).images() == ["a"]


def test_a_bad_file_is_tried_again_every_night(nightly, labels):
    (labels / "bad.png").write_text("hello")
    assert nightly("writers=[index_png]").metrics["images/failed"] == 1
    assert nightly("writers=[index_png]").metrics["images/failed"] == 1
    write_rgb(labels / "bad.png", draw_label(8))
    corrected = nightly("writers=[index_png]")
    assert counts(corrected) == [1, 6, 0]
    assert corrected.metrics["images/failed"] == 0


def test_two_runs_in_one_folder_at_once_are_refused(nightly, tmp_path):
    from filelock import FileLock

    (tmp_path / "run").mkdir()
    with FileLock(tmp_path / "run" / ".kmseg.lock"):
        refused = nightly()
    assert refused.code == 1
    assert "another run uses" in refused.err


def test_a_changed_list_of_splits_moves_the_image_and_leaves_no_copy(kmseg, labels, legend, tmp_path):
    lists = tmp_path / "lists"
    lists.mkdir()
    (lists / "train.txt").write_text("0\n1\n2\n3\n4\n")
    (lists / "val.txt").write_text("far/away/5\n")
    words = ("dataset=folder", f"dataset.root={labels}", f"dataset.splits={lists}", "writers=[ultralytics]")
    words = (*words, f"palette.file={legend}", "incremental=true")
    assert kmseg(*words).code == 0
    (lists / "train.txt").write_text("0\n1\n2\n3\n")
    (lists / "val.txt").write_text("far/away/5\n4\n")
    ran = kmseg(*words)
    assert counts(ran) == [1, 5, 0]
    assert [p.parent.name for p in (ran.folder / "ultralytics").rglob("4.png")] == ["val"]

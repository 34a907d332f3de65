"""The public command, run as a user would run it."""

from __future__ import annotations

import re
import shutil

import cv2
import numpy as np
import pytest
from PIL import Image

from kmseg.images import read_rgb
from tests.conftest import COLORS, draw_label, write_rgb


def exactly(folder, key, colors):
    """Paint an index mask with the palette found."""
    return np.array(colors, np.uint8)[np.array(Image.open(folder / "masks" / f"{key}.png"))]


def test_label_images_in_palette_and_masks_out(kmseg, labels):
    ran = kmseg("dataset=folder", f"dataset.root={labels}", "clusterer.k=4")
    assert ran.code == 0, ran.err
    assert set(ran.palette().values()) == set(COLORS.values())
    assert np.array_equal(exactly(ran.folder, "far/away/5", list(ran.palette().values())), draw_label(5))
    assert {"palette.csv", "palette.png", "metrics.json", "preview.png", "masks"} <= {
        path.name for path in ran.folder.iterdir()
    }
    assert ran.metrics["palette/farther_than_10"] == 0
    assert str(ran.folder) in ran.out
    assert "4 of 4 classes have no name; name them on a page with +writers=report" in " ".join(ran.out.split())


def test_classes_without_names_are_pointed_to_the_page_on_which_they_get_them(kmseg, labels):
    ran = kmseg("dataset=folder", f"dataset.root={labels}", "clusterer.k=4", "+writers=report")
    assert ran.code == 0, ran.err
    assert "have no name" not in ran.out
    assert {"report.html", "preview.png", "masks"} <= {path.name for path in ran.folder.iterdir()}


def test_resume_without_a_run_to_resume_says_so(kmseg, labels):
    ran = kmseg("dataset=folder", f"dataset.root={labels}", "clusterer.k=4", "writers=[]", "resume=true")
    assert ran.code == 0, ran.err
    assert "resume=true found no masks of an earlier run in" in " ".join(ran.out.split())


def test_the_same_command_twice_gives_the_same_bytes(kmseg, labels):
    results = []
    for _ in range(2):
        ran = kmseg("dataset=folder", f"dataset.root={labels}", "clusterer.k=3", "sampling.images=4")
        results.append([p.read_bytes() for p in [*sorted(ran.folder.rglob("*.png")), ran.folder / "palette.csv"]])
        shutil.rmtree(ran.folder)
    assert results[0] == results[1]


def test_purpose_1_the_rgb_value_of_every_class(kmseg, labels):
    ran = kmseg("task=discover", "dataset=folder", f"dataset.root={labels}", "clusterer.k=4")
    assert ran.code == 0, ran.err
    assert set(ran.palette().values()) == set(COLORS.values())
    assert not (ran.folder / "masks").exists()
    assert "128 64 128" in ran.out


def test_purpose_2_labels_in_ones_own_colors_with_two_classes_merged(kmseg, labels, tmp_path):
    mine, target = tmp_path / "mine.csv", tmp_path / "target.csv"
    mine.write_text("name,r,g,b\nground,70,130,180\nground,128,64,128\ncar,0,0,142\nsign,220,220,0\n")
    target.write_text("name,r,g,b\nground,10,10,10\ncar,200,0,0\nsign,0,200,0\n")
    ran = kmseg(
        "dataset=folder",
        f"dataset.root={labels}",
        f"palette.file={mine}",
        "writers=[color_png]",
        f"writers.color_png.target={target}",
    )
    assert ran.code == 0, ran.err
    painted, label = read_rgb(ran.folder / "color" / "0.png"), draw_label(0)
    assert np.all(painted[(label == COLORS["sky"]).all(-1) | (label == COLORS["road"]).all(-1)] == 10)
    assert np.all(painted[(label == COLORS["car"]).all(-1)] == (200, 0, 0))
    assert list(ran.palette()) == ["ground", "car", "sign"]


def test_purpose_3_masks_of_wanted_classes_from_colored_output(kmseg, labels, legend):
    ran = kmseg(
        "dataset=folder",
        f"dataset.root={labels}",
        f"palette.file={legend}",
        "writers=[class_mask]",
        "writers.class_mask.classes=[road,sign]",
    )
    assert ran.code == 0, ran.err
    assert sorted(p.name for p in (ran.folder / "class").iterdir()) == ["road", "sign"]
    mask = cv2.imread(str(ran.folder / "class" / "road" / "far" / "away" / "5.png"), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(mask, np.where((draw_label(5) == COLORS["road"]).all(-1), 255, 0))


def test_the_sample_measures_itself(kmseg):
    ran = kmseg()
    assert ran.code == 0, ran.err
    assert {"legend/recall", "legend/precision", "mask/accuracy", "mask/miou", "time/total"} <= set(ran.metrics)
    assert ran.metrics["mask/accuracy"] > 0.9


def test_the_papers_experiment_is_its_procedure(kmseg, labels):
    ran = kmseg("+experiment=paper", "--cfg", "job")
    assert "k: 13" in ran.out
    assert "images: 10" in ran.out
    assert "kmseg.maskers.nearest.Nearest" in ran.out


def test_true_masks_are_measured_against(kmseg, labels, legend, tmp_path):
    truth = tmp_path / "truth"
    colors = list(COLORS.values())
    for number in range(5):
        label = draw_label(number)
        mask = np.array([[colors.index(tuple(c)) for c in row] for row in label.tolist()], np.uint8)
        mask[0] = 255
        write_rgb(truth / f"{number}.png", np.repeat(mask[..., None], 3, 2))
        cv2.imwrite(str(truth / f"{number}.png"), mask)
    words = ("dataset=folder", f"dataset.root={labels}", "clusterer.k=4")
    ran = kmseg(*words, f"truth.legend={legend}", f"truth.masks={truth}")
    assert ran.code == 0, ran.err
    assert (ran.metrics["mask/accuracy"], ran.metrics["mask/miou"]) == (1, 1)
    assert (ran.metrics["legend/recall"], ran.metrics["legend/exact"]) == (1, 4)


def test_a_bad_file_among_good_ones_is_named_counted_and_skipped(kmseg, labels):
    (labels / "text.png").write_text("hello")
    jpeg = write_rgb(labels / "cut.jpg", draw_label())
    jpeg.write_bytes(jpeg.read_bytes()[:-50])
    ran = kmseg("dataset=folder", f"dataset.root={labels}", "clusterer.k=4", "sampling.images=all")
    assert ran.code == 0, ran.err
    assert "text.png" in ran.out
    assert "cut.jpg" in ran.out
    assert (ran.metrics["images/read"], ran.metrics["images/failed"]) == (6, 2)
    assert ran.metrics["images/sampled"] == 6


def test_a_bad_true_mask_loses_no_mask_and_missing_ones_are_reported(kmseg, labels, legend, tmp_path):
    truth = tmp_path / "truth"
    truth.mkdir()
    cv2.imwrite(str(truth / "0.png"), np.zeros((64, 64), np.uint8))
    (truth / "1.png").write_text("hello")
    words = (f"truth.legend={legend}", f"truth.masks={truth}", "clusterer.k=4")
    ran = kmseg("dataset=folder", f"dataset.root={labels}", *words)
    assert ran.code == 0, ran.err
    assert len(list((ran.folder / "masks").rglob("*.png"))) == 6
    assert (ran.metrics["images/read"], ran.metrics["images/evaluated"], ran.metrics["images/failed"]) == (6, 1, 1)
    assert "1 of 6 images have a usable true mask" in " ".join(ran.out.split())


def test_a_cluster_of_its_own_and_no_writer_at_all(kmseg, labels):
    ran = kmseg("dataset=folder", f"dataset.root={labels}", "executor=dask", "executor.workers=1", "writers=[]")
    assert ran.code == 0, ran.err
    assert not (ran.folder / "masks").exists()
    assert set(ran.palette().values()) == set(COLORS.values())


def test_a_sweep_goes_on_after_a_job_that_fails_and_says_why(kmseg, labels, tmp_path):
    words = ("dataset=folder", f"dataset.root={labels}", f"hydra.sweep.dir={tmp_path / 'sweep'}")
    ran = kmseg(*words, "clusterer.k=99,4", "--multirun")
    assert ran.code == 1
    assert "k is 99" in ran.err
    assert (tmp_path / "sweep" / "1" / "palette.csv").exists()


REFUSED = {
    "experiment without plus": (["experiment=paper"], r"\+experiment=paper"),
    "a writer's setting without the writer": (["writers.color_png.target=x"], r"add color_png to writers"),
    "a group set to null": (["truth=null"], "truth is null"),
    "a number for a path": (["dataset=folder", "dataset.root=2024"], "dataset.root is 2024; expected text"),
    "a given palette and demands on discovery": (
        ["palette.file={legend}", "palette.snap=true"],
        "leave out palette.file or the others",
    ),
    "a pin of fractions": (["palette.pin=[[0.7,0,2]]"], "palette.pin is"),
    "missing folder": (["dataset=folder", "dataset.root=/no/such"], "/no/such does not exist"),
    "root not given": (["dataset=folder"], "needs dataset.root"),
    "k of zero": (["clusterer.k=0"], "k is 0; expected an integer, at least 1"),
    "k too large": (["clusterer.k=9", "dataset=folder", "dataset.root={labels}"], "k is 9, but .* 4 distinct"),
    "wrong key": (["clusterer.kk=3"], "no setting is called .clusterer.kk.; did you mean clusterer.k"),
    "a group and its setting": (["palette={legend}", "palette.file={legend}"], "give palette.file=VALUE alone"),
    "wrong group": (["colorspace=lab"], "did you mean color_space"),
    "wrong option": (["clusterer=kmean"], "no option 'kmean'; choose .*kmeans"),
    "wrong writer": (["writers=[index_pgn]"], "index_pgn"),
    "unknown class": (
        ["palette.file={legend}", "writers=[class_mask]", "writers.class_mask.classes=[roof]"],
        "no class 'roof'; it has: sky, road",
    ),
    "no such legend": (["palette.file=/no/legend.csv"], "/no/legend.csv does not exist"),
    "masks without legend": (["truth.masks={labels}"], "truth.masks needs truth.legend"),
    "folder in the way": (["hydra.run.dir={legend}/x"], "legend.csv/x"),
    "unwritable": (["hydra.run.dir=/proc/kmseg"], "/proc/kmseg"),
    "pin with a given k": (["palette.pin=[[1,2,3]]", "clusterer.k=3"], "clusterer.k=auto"),
    "a pin that is no color": (["palette.pin=[[1,2,300]]"], "palette.pin is .*levels 0 to 255"),
    "no color stands out": (["dataset=folder", "dataset.root={noise}"], "no color stands out"),
    "two ways": (["task=discover", "palette.file={legend}"], "leave it out"),
    "sweep without -m": (["clusterer.k=1,2"], "multirun"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_done_is_refused_in_a_sentence_without_traceback(kmseg, labels, legend, tmp_path, case):
    words, says = REFUSED[case]
    noise = tmp_path / "noise"
    write_rgb(noise / "a.png", np.random.default_rng(0).integers(0, 256, (30, 30, 3)).astype(np.uint8))
    ran = kmseg(*(word.format(labels=labels, legend=legend, noise=noise) for word in words))
    assert ran.code == 1
    assert "Traceback" not in ran.err + ran.out
    message = ran.err[ran.err.index("kmseg: ") :]
    assert re.search(says, message), message
    assert "Error executing job" not in ran.err
    assert not ran.folder.exists() or {path.name for path in ran.folder.iterdir()} - {".hydra", "kmseg.log"}


@pytest.mark.parametrize("text", ["name,r,g\na,1,2\n", "name,r,g,b\na,1,2,300\n"])
def test_a_bad_legend_is_refused_before_any_work(kmseg, labels, tmp_path, text):
    bad = tmp_path / "bad.csv"
    bad.write_text(text)
    ran = kmseg("dataset=folder", f"dataset.root={labels}", f"palette.file={bad}")
    assert ran.code == 1
    assert "bad.csv" in ran.err
    assert "Traceback" not in ran.err
    assert not (ran.folder / "masks").exists()


def test_nothing_readable_fails_the_run(kmseg, tmp_path):
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "a.png").write_text("hello")
    ran = kmseg("dataset=folder", f"dataset.root={tmp_path / 'bad'}")
    assert ran.code == 1
    assert "none of the 1 label images could be used" in ran.err


def test_without_k_the_data_choose_it_and_the_candidates_are_listed(kmseg, labels):
    ran = kmseg("dataset=folder", f"dataset.root={labels}", "color_space=lab")
    assert ran.code == 0, ran.err
    assert set(ran.palette().values()) == set(COLORS.values())
    assert {"candidates.csv", "candidates.png", "images.csv", "centroids.csv"} <= {p.name for p in ran.folder.iterdir()}
    assert "6 label images: 6 lossless (images.csv)" in ran.out + ran.err
    assert all(",lossless," in row for row in (ran.folder / "images.csv").read_text().splitlines()[1:])


def test_colors_are_pinned_and_forbidden_on_the_command_line(kmseg, labels):
    ran = kmseg(
        "task=discover",
        "dataset=folder",
        f"dataset.root={labels}",
        "palette.pin=[[9,9,9]]",
        "palette.forbid=[[0,0,142]]",
    )
    assert ran.code == 0, ran.err
    assert set(ran.palette().values()) == {*COLORS.values(), (9, 9, 9)} - {COLORS["car"]}


def test_too_much_unmatched_fails_and_names_the_images(kmseg, labels, legend):
    legend.write_text("".join(line for line in legend.read_text().splitlines(True) if "car" not in line))
    words = ("dataset=folder", f"dataset.root={labels}", f"palette.file={legend}")
    ran = kmseg(*words, "max_unmatched=0.02")
    assert ran.code == 1
    assert "6 of 6 images" in ran.err
    assert "0 (4.1%), 1 (4.1%)" in ran.err  # all of the car
    unmatched = (ran.folder / "images.csv").read_text().splitlines()
    assert "color that the legend lacks: 0 0 142" in ran.err
    assert (
        unmatched[0] == "image,pixels,exact,near,reassigned,unmatched,damage,unmatched_given_to,left,top,right,bottom"
    )
    assert len(unmatched) == 7
    ran = kmseg(*words)
    assert ran.code == 3
    assert (ran.folder / "drift.csv").exists()
    assert "color that the legend lacks: 0 0 142" in ran.out


def test_a_legend_in_bgr_order_is_questioned(kmseg, labels, legend):
    rows = [line.split(",") for line in legend.read_text().splitlines()]
    legend.write_text("".join(f"{n},{r},{g},{b}\n" for n, b, g, r in rows).replace("name,b,g,r", "name,r,g,b"))
    ran = kmseg("dataset=folder", f"dataset.root={labels}", f"palette.file={legend}")
    assert "BGR order" in ran.out


STUCK = '''
from dataclasses import dataclass

OPTIONS = {"clusterer/stuck": "Stuck"}


@dataclass(frozen=True)
class Stuck:
    """Comes to no end."""

    k: str = "auto"

    def cluster(self, points, sample_weight, init=None):
        raise OSError(5, "comes to no end", "clusterer")
'''


@pytest.mark.parametrize("task", ["discover", "segment"])
def test_the_legend_is_written_and_shown_before_anything_that_takes_longer(kmseg, labels, tmp_path, task):
    (tmp_path / "shelf").mkdir()
    (tmp_path / "shelf" / "stuck.py").write_text(STUCK)
    words = (f"plugins={tmp_path / 'shelf'}", "clusterer=stuck", "dataset=folder", f"dataset.root={labels}")
    ran = kmseg(f"task={task}", *words)
    assert ran.code == 1
    assert "comes to no end" in ran.err
    assert set(ran.palette().values()) == set(COLORS.values())
    assert "0 0 142" in ran.out


def test_no_run_writes_among_its_input_or_over_the_users_files(kmseg, labels, legend, tmp_path):
    words = ("dataset=folder", f"dataset.root={labels}", f"palette.file={legend}", "writers=[index_png]")
    before = sorted(path.name for path in labels.rglob("*"))
    for setting in (f"hydra.run.dir={labels}", f"hydra.run.dir={labels}/new/out", "hydra.run.dir=."):
        ran = kmseg(*words, setting)
        assert ran.code == 1
        assert "which a run never writes into" in ran.err
    ran = kmseg(*words, "cache.limit=1", f"cache.folder={labels}/cache")
    assert "cache.folder lies in dataset.root" in ran.err
    ran = kmseg("-m", *words, f"hydra.sweep.dir={labels}/sweep")
    assert "which a run never writes into" in ran.err
    assert sorted(path.name for path in labels.rglob("*")) == before
    (tmp_path / "mine" / "masks").mkdir(parents=True)
    (tmp_path / "mine" / "masks" / "0.png").write_bytes(b"mine")
    (tmp_path / "mine" / "metrics.json").write_text("{}")  # of another program
    ran = kmseg(*words, f"hydra.run.dir={tmp_path}/mine")
    assert ran.code == 1
    assert "holds metrics.json and is no folder of an earlier run" in " ".join(ran.err.split())
    assert (tmp_path / "mine" / "masks" / "0.png").read_bytes() == b"mine"


def test_outputs_of_another_data_set_in_the_folder_are_named(kmseg, labels, legend):
    words = ("dataset=folder", f"palette.file={legend}", "writers=[index_png]")
    assert kmseg(*words, f"dataset.root={labels}").code == 0
    ran = kmseg(*words, f"dataset.root={labels}/far")
    assert "outputs of 6 images of earlier runs that are not in the dataset: 0, 1, 2 and 3 more" in ran.out

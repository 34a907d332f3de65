"""One command on a folder as it was downloaded: what is what is found, told, or asked; never guessed, never written."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kmseg.datasets.decide import decide
from kmseg.datasets.folder import Folder
from kmseg.datasets.overrides import hydra_value, quote_override
from kmseg.errors import Undecided, UserError
from tests.conftest import COLORS, draw_label, write_rgb
from tests.support import kinds

LEGEND = "".join(f"{name},{r},{g},{b}\n" for name, (r, g, b) in COLORS.items())


def draw_photo(number: int, size: int = 64) -> np.ndarray:
    """Draw something like a photo of a label: its shapes in muted colors, with light and grain."""
    random = np.random.default_rng(number)
    scene = draw_label(number, size).astype(np.float32) * 0.4 + 70
    light = np.linspace(1.3, 0.6, size)[:, None, None]
    patches = cv2.resize(random.normal(0, 25, (9, 9, 3)).astype(np.float32), (size, size))
    return np.clip(scene * light + patches + random.normal(0, 9, (size, size, 3)), 0, 255).astype(np.uint8)


def put(root: Path, labels: str, photos: str | None, count: int = 5, start: int = 0) -> None:
    """Write labels and photos; `{}` in a path stands for the number."""
    for number in range(start, start + count):
        write_rgb(root / labels.format(number), draw_label(number))
        if photos:
            write_rgb(root / photos.format(number), draw_photo(number))


def snapshot(root: Path) -> dict[str, tuple[int, bytes]]:
    return {str(p.relative_to(root)): (p.stat().st_mtime_ns, p.read_bytes()) for p in root.rglob("*") if p.is_file()}


def accounted(root: Path, record: dict) -> int:
    photos = record["photos"]["paired"] if record["photos"] else 0
    named = sum(entry["count"] for entry in record["not_used"]["groups"])
    assert named == record["not_used"]["count"]
    return record["labels"]["count"] + photos + bool(record["legend"]) + named


EXPORTS = [f"{number}_json" for number in range(5)]
LAYOUTS = {
    "folders side by side": ([("labelsRGB/{}.png", "stills/{}.jpg")], ["labelsRGB"], ["stills"]),
    "one folder": ([("all/{}.png", "all/{}.jpg")], ["all"], ["all"]),
    "endings in one folder": ([("train/{}_mask.png", "train/{}.png")], ["train"], ["train"]),
    "splits beside": (
        [("train_labels/a{}.png", "train/a{}.png"), ("val_labels/b{}.png", "val/b{}.png")],
        ["train_labels", "val_labels"],
        ["train", "val"],
    ),
    "cities": (
        [
            ("gtFine/train/ulm/u_{}_gtFine_color.png", "leftImg8bit/train/ulm/u_{}_leftImg8bit.png"),
            ("gtFine/val/bonn/b_{}_gtFine_color.png", "leftImg8bit/val/bonn/b_{}_leftImg8bit.png"),
        ],
        ["gtFine/train/ulm", "gtFine/val/bonn"],
        ["leftImg8bit/train/ulm", "leftImg8bit/val/bonn"],
    ),
    "mmsegmentation": (
        [("ann_dir/train/{}.png", "img_dir/train/{}.jpg"), ("ann_dir/val/9{}.png", "img_dir/val/9{}.jpg")],
        ["ann_dir/train", "ann_dir/val"],
        ["img_dir/train", "img_dir/val"],
    ),
    "labelme": ([("{}_json/label.png", "{}_json/img.png")], EXPORTS, EXPORTS),
}  # fmt: skip


@pytest.mark.parametrize("name", LAYOUTS)
def test_labels_and_photos_are_found_in_the_ways_in_which_data_sets_come(tmp_path, name):
    pairs, labels, photos = LAYOUTS[name]
    for labels_at, photos_at in pairs:
        put(tmp_path, labels_at, photos_at)
    (tmp_path / "README.md").write_text("A data set.")
    before = snapshot(tmp_path)
    decision = decide(str(tmp_path))
    record = decision.record()
    assert record["dataset"] == "folder"
    assert record["labels"]["folders"] == sorted(labels)
    assert record["labels"]["count"] == 5 * len(pairs)
    assert record["photos"]["folders"] == sorted(photos)
    assert record["photos"]["without"] == 0
    assert accounted(tmp_path, record) == record["files"]
    assert snapshot(tmp_path) == before
    assert all(len(line) < 500 for _, line in decision.lines())


def test_predictions_and_object_numbers_are_named_and_not_taken(tmp_path):
    put(tmp_path, "SegmentationClass/{}.png", "JPEGImages/{}.jpg")
    put(tmp_path, "SegmentationObject/{}.png", None)
    put(tmp_path, "predictions/{}.png", None, count=3)
    record = decide(str(tmp_path)).record()
    assert record["labels"]["folders"] == ["SegmentationClass"]
    assert {entry["what"] for entry in record["not_used"]["groups"]} >= {"predictions", "object numbers in colors"}
    lines = " ".join(line for _, line in decide(str(tmp_path)).lines())
    assert f"dataset.root={tmp_path}/predictions to use them" in lines


def test_a_photo_with_a_copy_beside_some_results_is_still_the_photo_of_its_label(tmp_path):
    put(tmp_path, "data/labels/{}.png", "data/images/{}.jpg", count=8)
    for number in range(2):
        write_rgb(tmp_path / f"result/{number}.jpg", draw_photo(number))
        write_rgb(tmp_path / f"result/{number}_pred.png", draw_label(number))
    record = decide(str(tmp_path)).record()
    assert record["photos"] == {"folders": ["data/images"], "paired": 8, "without": 0}
    assert accounted(tmp_path, record) == 20


def test_an_example_pair_beside_the_whole_data_set_is_not_taken_for_it(tmp_path):
    for number in range(12):
        write_rgb(
            tmp_path / f"masks/{number}.png",
            np.uint8(255) * (draw_label(number) == COLORS["sky"]).all(-1)[..., None].repeat(3, -1),
        )
        write_rgb(tmp_path / f"images/{number}.jpg", draw_photo(number))
    put(tmp_path, "render/{}_label.png", "render/{}.jpg", count=1, start=50)
    decision = decide(str(tmp_path))
    assert decision.labels.folders == ["masks"]
    assert decision.record()["photos"]["paired"] == 12
    assert any("render" in what and "few beside many" in what for what in decision.hints)


def test_labels_with_plain_names_among_their_photos_and_others_are_taken_alone(tmp_path):
    for number in range(9):
        write_rgb(tmp_path / f"{number}_RGB.png", draw_photo(number))
        write_rgb(tmp_path / f"{number}_overlay.png", draw_photo(number) // 2 + draw_label(number) // 2)
        if number < 6:
            write_rgb(tmp_path / f"{number}.png", draw_label(number))
    decision = decide(str(tmp_path))
    items = Folder(**decision.settings).items()
    assert [item.label.name for item in items] == [f"{number}.png" for number in range(6)]
    assert [item.photo.name for item in items] == [f"{number}_RGB.png" for number in range(6)]
    assert decision.record()["photos"]["paired"] == 6


def test_a_folder_for_each_scene_gives_one_set_of_labels_with_photos_or_without(tmp_path):
    for number in range(6):
        write_rgb(tmp_path / f"results/{number}/gt_mask.png", draw_label(number))
        write_rgb(tmp_path / f"results/{number}/pred_mask.png", draw_label(number + 1))
        if number < 2:
            write_rgb(tmp_path / f"results/{number}/original.png", draw_photo(number))
    decision = decide(str(tmp_path))
    record = decision.record()
    assert (record["labels"]["count"], record["photos"]["paired"]) == (6, 2)
    assert decision.settings["labels"] == "gt_mask.png"
    assert len(decision.hints) == 1


def test_two_folders_of_equal_standing_are_asked_with_a_line_for_each(tmp_path):
    put(tmp_path, "masks/coarse/{}.png", "images/{}.jpg")
    put(tmp_path, "masks/fine/{}.png", None)
    with pytest.raises(Undecided) as asked:
        decide(str(tmp_path))
    lines = str(asked.value).splitlines()[1:]
    assert [shlex.split(line)[2] for line in lines] == [
        f"dataset.root={tmp_path}/masks/coarse",
        f"dataset.root={tmp_path}/masks/fine",
    ]


def test_labels_of_several_splits_are_asked_with_lines_that_tell_them_apart(tmp_path):
    for split in ("train", "val"):
        put(tmp_path, f"{split}/crown/{split}{{}}.png", f"{split}/images/{split}{{}}.jpg")
        put(tmp_path, f"{split}/root/{split}{{}}.png", None)
    with pytest.raises(Undecided, match="train/crown/ and 1 more, train/root/ and 1 more") as asked:
        decide(str(tmp_path))
    for line, leaf in zip(str(asked.value).splitlines()[1:], ("crown", "root"), strict=True):
        words = dict(word.partition("=")[::2] for word in shlex.split(line)[2:])
        items = Folder(words["dataset.root"], words["dataset.labels"], words["dataset.photos"].strip("'")).items()
        assert {item.label.parent.name for item in items} == {leaf}
        assert all(item.photo and item.photo.parent.name == "images" for item in items)


def test_the_line_that_takes_predictions_beside_the_labels_takes_them_alone_and_no_label_as_photo(tmp_path):
    put(tmp_path, "{}_gt.png", None)
    put(tmp_path, "{}_pred.png", None)
    (hint,) = decide(str(tmp_path)).hints.values()
    root, labels = (word.partition("=")[2].strip("'") for word in shlex.split(hint))
    taken = decide(root, labels=labels)
    assert sorted(taken.labels.paths) == [f"{number}_pred.png" for number in range(5)]
    assert not taken.photos


def test_damaged_files_alone_are_told_and_no_line_to_paste_takes_them(tmp_path):
    for number in range(3):
        (tmp_path / f"{number}.png").write_bytes(b"\x89PNG\n\x1a\nx")
    with pytest.raises(Undecided, match=r"can be read: .*3 unreadable.*damaged") as told:
        decide(str(tmp_path))
    assert "kmseg dataset=" not in str(told.value)


def test_labels_of_a_rare_object_are_found_where_most_show_nothing_of_it(tmp_path):
    for number in range(30):
        label = np.zeros((200, 300, 3), np.uint8)
        if number == 13:
            label[40:44, 90:95] = (50, 220, 255)
        write_rgb(tmp_path / f"{number}.png", label)
    assert decide(str(tmp_path)).labels.kind == "color label"
    (tmp_path / "13.png").unlink()
    with pytest.raises(Undecided, match=r"29 of one color"):
        decide(str(tmp_path))


def test_photos_alone_are_asked(tmp_path, kmseg):
    for number in range(4):
        write_rgb(tmp_path / "data" / "images" / f"{number}.jpg", draw_photo(number))
    ran = kmseg(f"dataset.root={tmp_path / 'data'}")
    assert ran.code == 2
    assert f"kmseg dataset=folder dataset.root={tmp_path / 'data'}/images" in ran.err
    assert not ran.folder.exists()


def test_the_legend_whose_colors_occur_gives_the_names(tmp_path):
    put(tmp_path, "labels/{}.png", "images/{}.jpg")
    (tmp_path / "class_dict.csv").write_text("name,r,g,b\n" + LEGEND)
    (tmp_path / "other.csv").write_text("name,r,g,b\nsnow,255,255,255\nnight,1,2,3\n")
    decision = decide(str(tmp_path))
    assert decision.record()["legend"] == "class_dict.csv"
    assert "all colors occur" in dict(decision.lines())["legend"]
    assert "0% of the pixels in its colors; lacks" in decision.record()["legends_not_used"]["other.csv"]


def test_labels_beside_files_of_photo_and_label_are_asked(tmp_path):
    put(tmp_path, "masks/{}.png", None)
    for number in range(5):
        write_rgb(tmp_path / f"train/{number}.png", np.hstack([draw_photo(number), draw_label(number)]))
    with pytest.raises(Undecided, match=r"dataset=pairs .*dataset\.label=right\n.*dataset=folder"):
        decide(str(tmp_path))


def test_two_legends_that_fit_and_name_otherwise_are_asked_and_each_printed_answer_is_taken(tmp_path, kmseg):
    put(tmp_path / "tree", "labels/{}.png", None)
    for name, road in (("a.csv", "road"), ("b.csv", "street")):
        (tmp_path / "tree" / name).write_text("name,r,g,b\n" + LEGEND.replace("road", road))
    look = ("task=inspect", f"dataset.root={tmp_path}/tree")
    asked = kmseg(*look)
    assert asked.code == 2
    assert "2 legends fit" in asked.err
    answers = [line.strip() for line in asked.err.splitlines() if line.startswith("  palette.file=")]
    assert [Path(answer).name for answer in answers] == ["a.csv", "b.csv"]
    ran = kmseg(*look, answers[1])
    assert ran.code == 0, ran.err
    assert "legend   b.csv" in ran.out
    assert "is not used" not in ran.out
    found = kmseg("task=discover", look[1])  # finds the colors without a legend
    assert found.code == 0
    assert "palette.names=" in found.out


def test_discover_names_the_classes_by_the_legend_of_the_folder(tmp_path, kmseg):
    put(tmp_path / "tree", "labels/{}.png", None)
    (tmp_path / "tree" / "legend.csv").write_text("name,r,g,b\n" + LEGEND)
    ran = kmseg("task=discover", f"dataset.root={tmp_path}/tree")
    assert ran.code == 0, ran.err
    assert "names the classes that are found" in ran.out
    names = {row.split(",")[0] for row in (ran.folder / "palette.csv").read_text().splitlines()[1:]}
    assert names == {row.split(",")[0] for row in LEGEND.splitlines()}


def test_splits_come_from_lists_of_files(tmp_path):
    put(tmp_path, "VOC/SegmentationClass/{}.png", "VOC/JPEGImages/{}.jpg")
    lists = tmp_path / "VOC" / "ImageSets" / "Segmentation"
    lists.mkdir(parents=True)
    (lists / "train.txt").write_text("0\n1\n2\n")
    (lists / "val.txt").write_text("3\n4\n")
    record = decide(str(tmp_path)).record()
    assert record["splits"] == {"train": 3, "val": 2}
    assert record["settings"]["splits"] == str(lists)


def gap(size: int) -> np.ndarray:
    return np.full((size, 8, 3), 255, np.uint8)


@pytest.mark.parametrize("columns", [2, 3])
def test_files_of_panels_are_read_with_the_legend_beside_them_by_what_is_printed(tmp_path, kmseg, columns):
    for number in range(5):
        label = draw_label(number, 160)
        between = [gap(160)] * (columns > 2)
        parts = [draw_photo(number, 160), *between, label, *between, label][: 2 * columns - 1 if between else 2]
        write_rgb(tmp_path / "data" / "files" / f"{number}.png", np.hstack(parts))
    (tmp_path / "data" / "classes.csv").write_text("name,r,g,b\n" + LEGEND)
    ran = kmseg(f"dataset.root={tmp_path / 'data'}", "writers=[index_png]")
    assert ran.code == 0, ran.err
    assert ran.palette() == COLORS
    printed = " ".join(line.removeprefix("same as") for line in ran.out.splitlines() if line.startswith("same as"))
    assert f"dataset={'pairs' if columns == 2 else 'panels'}" in printed
    again = kmseg(*shlex.split(printed), "writers=[index_png]", "hydra.run.dir=again")
    assert again.code == 0, again.err
    assert (tmp_path / "again" / "masks" / "0.png").read_bytes() == (ran.folder / "masks" / "0.png").read_bytes()


def test_the_legend_of_labels_that_were_resized_and_compressed_is_found(tmp_path):
    for number in range(4):
        small = cv2.resize(draw_label(number, 300), (160, 160), interpolation=cv2.INTER_AREA)
        (tmp_path / "labels").mkdir(exist_ok=True)
        cv2.imwrite(str(tmp_path / "labels" / f"{number}.jpg"), small[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 60])
    (tmp_path / "classes.csv").write_text("name,r,g,b\n" + LEGEND)
    assert decide(str(tmp_path)).legend.path == "classes.csv"


def test_a_root_without_a_dataset_is_taken_for_a_folder_and_never_written_into(tmp_path, kmseg):
    put(tmp_path, "data/labels/{}.png", "data/images/{}.jpg")
    (tmp_path / "data" / "label_colors.csv").write_text("name,r,g,b\n" + LEGEND)
    before = snapshot(tmp_path / "data")
    words = ("writers=[index_png,ultralytics]", "sampling.seed=1")
    ran = kmseg(f"dataset.root={tmp_path / 'data'}", *words)
    assert ran.code == 0, ran.err
    assert ran.palette() == COLORS
    assert snapshot(tmp_path / "data") == before
    printed = next(line for line in ran.out.splitlines() if line.startswith("same as"))
    first = {
        path: data
        for path, (_, data) in snapshot(ran.folder).items()
        if path.endswith((".png", ".csv", ".yaml", ".jpg"))
    }
    again = kmseg(*shlex.split(printed.removeprefix("same as")), *words, "hydra.run.dir=again")
    assert again.code == 0, again.err
    second = snapshot(tmp_path / "again")
    kept = [path for path in first if not path.startswith(".hydra") and path != "config.yaml"]
    assert len(kept) > 12
    assert {path: first[path] for path in kept} == {path: second[path][1] for path in kept}
    assert json.loads((ran.folder / "dataset.json").read_text())["legend"] == "label_colors.csv"


def test_output_among_the_input_is_refused_before_any_work(labels, kmseg):
    before = snapshot(labels)
    for words in (["dataset=folder"], []):
        ran = kmseg(*words, f"dataset.root={labels}", f"hydra.run.dir={labels}/out/today")
        assert ran.code == 1
        assert "which a run never writes into" in ran.err
        assert snapshot(labels) == before
        assert not (labels / "out").exists()


def test_inspect_leaves_a_record_and_a_sheet(tmp_path, kmseg):
    put(tmp_path, "my data (1)/labels/{}.png", "my data (1)/images/{}.jpg")
    root = tmp_path / "my data (1)"
    ran = kmseg("task=inspect", f"dataset.root={hydra_value(str(root))}")
    assert ran.code == 0, ran.err
    record = json.loads((ran.folder / "dataset.json").read_text())
    assert record["labels"]["folders"] == ["labels"]
    assert shlex.split(record["command"])[2] == f"dataset.root='{root}/labels'"
    sheet = cv2.imread(str(ran.folder / "inspect.png"))
    assert sheet.shape[0] > 100
    assert len(np.unique(sheet.reshape(-1, 3), axis=0)) > 100


def test_what_is_said_explicitly_wins(tmp_path, kmseg):
    put(tmp_path, "data/labels/{}.png", "data/images/{}.jpg")
    (tmp_path / "data" / "legend.csv").write_text("name,r,g,b\n" + LEGEND)
    ran = kmseg(f"dataset.root={tmp_path / 'data'}", "clusterer.k=3", "writers=[index_png]")
    assert ran.code == 0, ran.err
    assert len(ran.palette()) == 3
    with pytest.raises(UserError, match=r"no image below .* matches \*\.bmp"):
        decide(str(tmp_path / "data"), labels="*.bmp")


def test_overlays_beside_their_photos_are_undone_and_versions_of_one_photo_are_not(tmp_path):
    root = tmp_path / "data"
    edge = np.arange(kinds.draw_photo(0).shape[1])[None, :, None] < 30
    for number in range(4):
        photo, label = kinds.draw_photo(number), kinds.draw_label(number)
        write_rgb(root / "stills" / f"{number}.png", photo)
        write_rgb(root / "blended" / f"{number}.png", np.rint(0.5 * photo + 0.5 * label).astype(np.uint8))
        write_rgb(tmp_path / "two" / "a" / f"{number}.png", photo)
        write_rgb(tmp_path / "two" / "b" / f"{number}.png", np.clip(photo * 1.1 - 12, 0, 255).astype(np.uint8))
        gray = photo[..., :1].repeat(3, axis=2)
        write_rgb(tmp_path / "gray" / "a" / f"{number}.png", gray)
        write_rgb(tmp_path / "gray" / "b" / f"{number}.png", cv2.GaussianBlur(gray, (9, 9), 0))
        write_rgb(tmp_path / "heat" / "images" / f"{number}.png", np.where(edge, 0, photo).astype(np.uint8))
        heat = np.where(edge, 0, cv2.GaussianBlur(label[..., :1].repeat(3, axis=2), (41, 41), 0))
        write_rgb(tmp_path / "heat" / "labels" / f"{number}.png", heat.astype(np.uint8))
        write_rgb(tmp_path / "faint" / "images" / f"{number}.png", gray)
        faint = 0.85 * np.where(label[..., :1] > 127, 200, 150) + 0.15 * gray
        write_rgb(tmp_path / "faint" / "labels" / f"{number}.png", faint.astype(np.uint8))
        write_rgb(tmp_path / "dark" / "a" / f"{number}.png", photo)
        write_rgb(tmp_path / "dark" / "b" / f"{number}.png", (0.6 * photo).astype(np.uint8))
    decision = decide(str(root))
    assert decision.overrides == [
        ("dataset", "overlay"),
        ("dataset.root", f"{root}/blended"),
        ("dataset.photos", f"{root}/stills"),
    ]
    assert ("blend", "labels blended onto photos: opacity 0.50 found; undone") in decision.lines()
    assert len(decision.photos) == 4
    assert not decision.unused
    for versions in ("two", "gray", "heat", "faint", "dark"):
        with pytest.raises(Undecided, match="no label image"):
            decide(str(tmp_path / versions))


def test_labels_painted_over_their_photos_are_not_exchanged_for_them(tmp_path):
    for number in range(4):
        photo, label = kinds.draw_photo(number), kinds.draw_label(number)
        write_rgb(tmp_path / "images" / f"{number}.png", photo)
        empty = (label == label[0, 0]).all(axis=-1, keepdims=True)
        painted = np.rint(0.06 * photo + 0.94 * label).astype(np.uint8)
        write_rgb(tmp_path / "masks" / f"{number}.png", np.where(empty, photo, painted))
    decision = decide(str(tmp_path))
    assert (decision.dataset, decision.labels.folders) == ("overlay", ["masks"])
    assert {photo.rpartition("/")[0] for photo in decision.photos.values()} == {"images"}


LAYOUT = """
from dataclasses import dataclass
from kmseg.datasets.layouts.hint import LayoutHint

OPTIONS = {"layout/mine": "Mine"}


@dataclass(frozen=True)
class Mine:
    'Masks in `second`.'

    def detect(self, tree):
        return LayoutHint("mine", 0.9, labels=("second/*",))
"""


def test_a_plugin_adds_a_layout(tmp_path, monkeypatch):
    put(tmp_path / "data", "first/{}.png", "images/{}.jpg")
    put(tmp_path / "data", "second/{}.png", None)
    with pytest.raises(Undecided):
        decide(str(tmp_path / "data"))
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "my_layout.py").write_text(LAYOUT)
    monkeypatch.setenv("KMSEG_PLUGINS", str(tmp_path / "plugins"))
    monkeypatch.syspath_prepend(str(tmp_path / "plugins"))
    record = decide(str(tmp_path / "data")).record()
    assert (record["layout"], record["labels"]["folders"]) == ("mine", ["second"])


@settings(max_examples=80)
@given(
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\0\n\r$"), min_size=1, max_size=8),
        min_size=1,
        max_size=3,
    )
)
def test_printed_settings_survive_the_shell_and_hydra(values):
    from hydra.core.override_parser.overrides_parser import OverridesParser

    for value in (values[0], values):
        (word,) = shlex.split(quote_override("dataset.root", value))
        assert OverridesParser.create().parse_override(word).value() == value


@pytest.mark.parametrize(
    ("code", "used"),
    [
        ('CLASSES = ["sea", "land"]\nPALETTE = [(10, 60, 200), (90, 140, 30)]\n', "tools/show.py:2"),
        (
            'C = {"sea": (10, 60, 200), "land": (90, 140, 30)}\nD = {"land": (10, 60, 200), "sea": (90, 140, 30)}\n',
            None,
        ),
    ],
    ids=["one", "two that disagree"],
)
def test_a_legend_in_the_code_beside_the_labels_is_used_if_it_is_the_only_one(tmp_path, code, used):
    colors = np.array([(10, 60, 200), (90, 140, 30)], np.uint8)
    for k in range(3):
        write_rgb(tmp_path / "labels" / f"{k}.png", colors[np.eye(64, dtype=int)[::-1].cumsum(axis=1)])
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "show.py").write_text(code)
    decision = decide(str(tmp_path))
    assert (decision.legend.path if decision.legend else None) == used
    said = " ".join(line for _, line in decision.lines())
    assert "tools/show.py:2" in said if used else "names the classes otherwise" in said


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import cv2\nC = {'no': (0, 0, 0), 'car': (255, 0, 0), 'sky': (0, 0, 255)}\n", "red and blue exchanged"),
        (
            "C = {'no': (0, 0, 0), 'car': (255, 0, 0), 'sky': (0, 0, 255), 'sea': (0, 255, 0)}\n",
            "not all of them occur",
        ),
    ],
    ids=["OpenCV", "too many classes"],
)
def test_a_legend_in_code_in_colors_of_every_program_is_not_used_in_doubt(tmp_path, code, said):
    colors = np.array([(0, 0, 0), (255, 0, 0), (0, 0, 255)], np.uint8)
    index = np.arange(64)[None] // 22 + np.zeros((64, 1), int)
    for k in range(3):
        write_rgb(tmp_path / "labels" / f"{k}.png", colors[index])
    (tmp_path / "show.py").write_text(code)
    decision = decide(str(tmp_path))
    assert decision.legend is None
    assert said in " ".join(line for _, line in decision.lines())


def test_photo_label_and_prediction_side_by_side_are_told_apart(tmp_path):
    for k in range(4):
        write_rgb(tmp_path / "demo" / f"{k}_image.jpg", kinds.draw_photo(k))
        for ending in ("label", "prediction"):
            write_rgb(tmp_path / "demo" / f"{k}_{ending}.png", kinds.draw_label(k))
    decision = decide(str(tmp_path))
    assert decision.labels.paths == tuple(f"demo/{k}_label.png" for k in range(4))
    assert decision.photos == {f"demo/{k}_label.png": f"demo/{k}_image.jpg" for k in range(4)}
    items = Folder(**decision.settings).items()
    assert {item.label.name: item.photo.name for item in items if item.photo} == {
        f"{k}_label.png": f"{k}_image.jpg" for k in range(4)
    }

"""Legends are written in the formats of other tools and read back unchanged."""

from __future__ import annotations

import csv
import json
import runpy

import numpy as np
import pytest

from kmseg.errors import UserError
from kmseg.legends.formats import FORMATS, USUAL, read_legend
from kmseg.legends.recognition import published
from kmseg.palette import Palette
from kmseg.writers.legend import Legend
from tests.conftest import COLORS, whole

ODD = Palette(["traffic light", "sky, \"blue\" 'n' {bright}", "été 😀", "<b>"], np.arange(12).reshape(4, 3) * 9)

PALETTES = {"cityscapes": published()["cityscapes"], "voc": published()["pascal_voc"], "odd": ODD}


def written(palette, tmp_path):
    files = Legend().finish([], whole(palette, tmp_path))
    assert all(path.parent == tmp_path / "legend" for path in files)
    return {name: tmp_path / "legend" / form.file for name, form in FORMATS.items() if name in USUAL}


@pytest.mark.parametrize("form", USUAL)
@pytest.mark.parametrize(
    "palette", [published()["cityscapes"], published()["pascal_voc"], ODD], ids=["c", "voc", "odd"]
)
def test_every_form_reads_back_to_the_same_classes(form, palette, tmp_path):
    back = read_legend(written(palette, tmp_path)[form])
    blanks = form != "camvid"
    assert back.palette.names == tuple(n if blanks else "_".join(n.split()) for n in palette.names)
    if form == "huggingface":
        assert back.palette.colors.tolist() == [[k] * 3 for k in range(len(palette))]
    else:
        assert np.array_equal(back.palette.colors, palette.colors)
        assert back.warnings == ()


def test_what_is_written_is_how_the_run_paints(tmp_path):
    palette = Palette(["a", "b"], [(1, 2, 3), (4, 5, 6)], also=[(1, (7, 8, 9))], repainted=[(9, 9, 9), (8, 8, 8)])
    assert json.loads(written(palette, tmp_path)["json"].read_text()) == {"a": [9, 9, 9], "b": [8, 8, 8]}


def test_datumaro_and_cvat_find_names_and_colors(tmp_path):
    """As Datumaro does, which CVAT reads with: fields between colons, words between blanks, colors by the ids."""
    files = written(ODD, tmp_path)
    expected = dict(zip(ODD.names, map(tuple, ODD.colors.tolist()), strict=True))
    lines = [line for line in files["cvat"].read_text().splitlines() if line and not line.startswith("#")]
    fields = [line.strip().split(":") for line in lines]
    assert {name: tuple(map(int, color.split(","))) for name, color, *_ in fields} == expected
    words = [line.strip().split() for line in files["camvid"].read_text().splitlines()]
    assert {w[3].replace("_", " "): tuple(int(level) for level in w[:-1]) for w in words} == expected
    meta = json.loads(files["datumaro"].read_text())
    assert meta["labels"] == list(ODD.names)
    colors = meta["segmentation_colors"]
    assert {name: tuple(colors[int(number)]) for number, name in meta["label_map"].items()} == expected


def test_mmsegmentation_fiftyone_and_others_find_them_too(tmp_path):
    files = written(ODD, tmp_path)
    metainfo = runpy.run_path(str(files["mmsegmentation"]))["METAINFO"]
    assert metainfo == {"classes": ODD.names, "palette": ODD.colors.tolist()}
    targets = json.loads(files["fiftyone"].read_text())
    assert {tuple(bytes.fromhex(key[1:])): name for key, name in targets.items()} == {
        tuple(color): name for name, color in zip(ODD.names, ODD.colors.tolist(), strict=True)
    }
    with files["class_dict"].open(newline="") as file:
        assert [row["name"] for row in csv.DictReader(file)] == list(ODD.names)
    ids = {int(key): name for key, name in json.loads(files["huggingface"].read_text()).items()}
    assert ids == dict(enumerate(ODD.names))


@pytest.mark.parametrize(
    ("names", "colors", "form", "says"),
    [
        (["a:b", "c"], [(1, 2, 3), (4, 5, 6)], "cvat", "labelmap.txt cannot hold the class 'a:b'"),
        (["#a", "c"], [(1, 2, 3), (4, 5, 6)], "cvat", "'#a'"),
        (["a b", "a_b"], [(1, 2, 3), (4, 5, 6)], "camvid", "label_colors.txt cannot hold the class 'a_b'"),
        (["a", "b"], [(1, 2, 3), (1, 2, 3)], "fiftyone", r"mask_targets.json cannot hold the class '[ab]' \(#010203\)"),
        (["line\nbreak", "b"], [(1, 2, 3), (4, 5, 6)], "camvid", None),
        (["line\nbreak", "b"], [(1, 2, 3), (4, 5, 6)], "cvat", "another name or color, or leave this format out"),
    ],
)
def test_a_class_that_a_form_cannot_hold_is_refused_before_any_work(names, colors, form, says):
    palette = Palette(names, colors)
    if says is None:
        Legend(formats=form).check(palette)
    else:
        with pytest.raises(UserError, match=says):
            Legend(formats=["json", form]).check(palette)
        with pytest.raises(UserError, match=r": writers\.legend\.formats=\[json\]$"):
            Legend(formats=["json", form]).check(palette)
    Legend(formats=["json", "huggingface", "mmsegmentation", "class_dict", "datumaro"]).check(palette)


def test_forms_are_chosen_by_name(tmp_path):
    Legend(formats="cvat").finish([], whole(ODD, tmp_path))
    assert [path.name for path in (tmp_path / "legend").iterdir()] == ["labelmap.txt"]
    with pytest.raises(UserError, match=r"writers\.legend\.formats is 'voc'; expected class_dict, cvat"):
        Legend(formats=["voc"])


def test_a_legend_written_by_a_run_is_the_palette_of_the_next(kmseg, labels, legend):
    words = ("dataset=folder", f"dataset.root={labels}")
    ran = kmseg(*words, f"palette.file={legend}", "writers=[legend]")
    assert ran.code == 0, ran.err
    assert len(list((ran.folder / "legend").iterdir())) == len(USUAL)
    again = kmseg(*words, f"palette.file={ran.folder}/legend/labelmap.txt", "writers=[index_png]")
    assert again.code == 0, again.err
    assert again.palette() == COLORS

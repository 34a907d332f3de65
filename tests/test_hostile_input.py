"""Untrusted input: no file, name or legend stops a run, writes outside the run's folder or runs code."""

from __future__ import annotations

import ast
import csv
import json
import os
import unicodedata

import pytest

from kmseg.datasets import Item
from kmseg.errors import UserError
from kmseg.legends.formats import read_palette
from tests.conftest import COLORS, REPO
from tests.support.hostile import READ, REFUSED, corpus, lay_out

HOSTILE_CLASSES = ["=cmd|' /C calc'!A0", "<script>alert(1)</script>", "../../pwned", "\x1b[31mred\nline"]


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    root = tmp_path_factory.mktemp("odd")
    return root, lay_out(root, corpus(seed=0))


@pytest.fixture
def hostile_legend(tmp_path):
    path = tmp_path / "legend.json"
    path.write_text(json.dumps(dict(zip(HOSTILE_CLASSES, map(list, COLORS.values()), strict=True))))
    return path


@pytest.mark.slow
def test_a_folder_of_bad_files_gives_a_result_or_a_sentence_for_each(kmseg, odd, hostile_legend):
    root, files = odd
    assert len(files) > 300
    ran = kmseg(
        "dataset=folder",
        f"dataset.root={root}",
        f"palette.file={hostile_legend}",
        "writers=[index_png,color_png,class_mask,preview,report]",
    )
    assert ran.code in (0, 3), ran.err  # 3: odd pictures among them are doubted
    log = (ran.folder / "kmseg.log").read_text()
    unused = ["links/pipe.png"]  # no file, so it is named and not read
    assert all(name in log for name in unused)
    assert ran.metrics["images/read"] + ran.metrics["images/failed"] == len(files)
    with (ran.folder / "images.csv").open(newline="") as table:
        masked = {row["image"] for row in csv.DictReader(table)}
    assert len(masked) == ran.metrics["images/read"]
    for file in files:
        name = unicodedata.normalize("NFC", file.name)
        name = name.encode("utf-8", "backslashreplace").decode()  # as in images.csv
        known = any(key in masked for key in (f"{file.kind}/{name}", f"{file.kind}/{name[: name.rindex('.')]}"))
        if file.fate != READ:
            assert f"skipped {root / file.kind / name}: " in log or (known and file.fate != REFUSED), file
        if file.fate != REFUSED:
            assert known or file.fate != READ, file
    written = [path for path in ran.folder.parent.rglob("*") if path.is_file()]
    assert all(path.is_relative_to(ran.folder) or path == hostile_legend for path in written)
    assert "pwned" not in {path.name for path in [*ran.folder.parent.iterdir(), *root.iterdir(), *REPO.iterdir()]}
    assert len(list((ran.folder / "masks").rglob("*.png"))) == len(masked)
    assert len(list((ran.folder / "class").iterdir())) == len(COLORS)
    assert list(ran.palette()) == HOSTILE_CLASSES
    assert "\x1b" not in ran.out + ran.err
    page = (ran.folder / "report.html").read_text()
    assert "<script>alert(1)" not in page
    assert len(page) < 5_000_000


LEGENDS = {
    "a million rows": ("name,r,g,b\n" + "x,1,2,3\n" * 10**6, "more than 5,000,000 characters"),
    "more classes than 16 bits": ("name,r,g,b\n" + "".join(f"c{i},0,0,9\n" for i in range(65_536)), "65535 classes"),
    "deeper than Python goes": ("[" * 100_000, "begins like JSON but is not"),
    "a number of 5000 digits": ('{"a": [' + "1" * 5000 + ", 0, 0]}", "begins like JSON|expected"),
    "a field larger than CSV allows": ("name,r,g,b\n" + "a" * 200_000 + ",1,2,3\n", "is no CSV"),
    "null bytes": ("name,r,g,b\na\0b,1,2,3\n", "zero bytes"),
    "a map that is none": ('{"segmentation_colors": [[1, 2, 3]], "label_map": [1]}', "expected"),
    "Python that is nested too deeply": ("classes = []\npalette = " + "-" * 400_000 + "1", "nested too deeply"),
    "Python that is computed": ("classes = ['a']\npalette = [[1, 2, 3]] * 2", "computed"),
    "more Python than is parsed": ("classes = ('a',)\npalette = [[1, 2, 3]]\n" + "#" * 600_000, "500,000 at most"),
    "Python for a color": ("name,r,g,b\na,__import__('os').system('touch pwned'),0,0\n", "expected a whole number"),
}


@pytest.mark.parametrize("case", LEGENDS)
def test_a_hostile_legend_gives_a_palette_or_a_sentence(tmp_path, monkeypatch, case):
    text, says = LEGENDS[case]
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "legend.txt"
    path.write_text(text)
    if says is None:
        assert len(read_palette(path)) == 1
    else:
        with pytest.raises(UserError, match=says):
            read_palette(path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["legend.txt"]


def test_a_legend_without_end_is_refused(tmp_path):
    with pytest.raises(UserError, match="more than 5,000,000 characters"):
        read_palette("/dev/zero")


@pytest.mark.parametrize("key", ["../a", "a/../../b", "/etc/passwd", ".."])
def test_a_dataset_cannot_name_a_file_outside_the_run(tmp_path, key):
    with pytest.raises(UserError, match="is outside the run's folder"):
        Item(key, tmp_path)


def test_nothing_that_is_read_can_run_code():
    """No pickle, no eval, no YAML that makes objects, no NumPy file with objects in it."""
    for path in (REPO / "kmseg").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import | ast.ImportFrom):
                modules = {alias.name for alias in node.names} | {getattr(node, "module", None)}
                if path.name not in ("look_apart.py", "learn_apart.py"):  # by pipes, from a command to its processes
                    assert not modules & {"pickle", "cloudpickle", "marshal", "shelve", "dill"}, path
            if isinstance(node, ast.Call):
                call = ast.unparse(node)
                name = ast.unparse(node.func)
                assert name not in {"eval", "exec", "os.system", "yaml.load", "joblib.load", "torch.load"}, call
                assert name not in {"np.load", "numpy.load"} or "allow_pickle=False" in call, call
                assert "shell=True" not in call, call


def test_a_pipe_or_device_among_the_images_is_no_image(kmseg, labels):
    os.mkfifo(labels / "pipe.png")
    ran = kmseg("task=discover", "dataset=folder", f"dataset.root={labels}", "clusterer.k=4")
    assert ran.code == 0, ran.err
    assert ran.metrics["images/sampled"] == 6

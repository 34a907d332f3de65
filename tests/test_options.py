"""Contract tests over every option of every group."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hydra import compose, initialize
from hydra.utils import get_class, instantiate

from kmseg.cli import part_fields
from kmseg.cli.config_sources import register
from kmseg.clusterers import Clustering
from kmseg.datasets import Item
from kmseg.plugins import conf_folder, plugin_folders
from kmseg.testing import check_clusterer, check_color_space, check_dataset, check_masker, check_writer
from kmseg.writers import PerImage

PART_FOLDERS = {
    "dataset": "datasets",
    "color_space": "color_spaces",
    "clusterer": "clusterers",
    "masker": "maskers",
    "writers": "writers",
    "executor": "executors",
    "tracker": "trackers",
    "task": "tasks",
}

OPTIONS = sorted(
    (path.parent.name, path.stem)
    for conf in (conf_folder(), *(folder / "conf" for folder in plugin_folders()))
    for path in conf.glob("*/*.yaml")
    if path.parent.name != "experiment"
)


@pytest.fixture(scope="module", autouse=True)
def options_known():
    register()


NEEDED = {"panels": ["rows=1", "columns=2", "bar=0", "label=1"], "overlay": ["photos={labels}", "opacity=0.5"]}
"""What the datasets need beside the root to read any image."""


def composed(group: str, name: str, labels: Path):
    choice = f"{group}=[{name}]" if group == "writers" else f"{group}={name}"
    root = [f"dataset.root={labels}"] if group == "dataset" and name != "sample" else []
    needed = [f"dataset.{word}".format(labels=labels) for word in NEEDED.get(name, ()) if group == "dataset"]
    with initialize(version_base="1.3", config_path=None):
        config = compose("config", [choice, *root, *needed])
    return config.writers[name] if group == "writers" else config[group]


@pytest.mark.parametrize(("group", "name"), OPTIONS)
def test_every_option_composes_with_all_its_settings_and_builds(group, name, labels):
    config = composed(group, name, labels)
    part = get_class(config["_target_"])
    assert dataclasses.is_dataclass(part)
    assert part.__dataclass_params__.frozen
    assert {field.name for field in dataclasses.fields(part) if field.init} == set(config) - {"_target_"}
    assert isinstance(instantiate(config, _convert_="all"), part)
    assert part_fields.fields_of(config["_target_"]) == part_fields._read_class(config["_target_"])


@pytest.mark.parametrize(("group", "name"), OPTIONS)
def test_every_option_says_in_one_line_what_it_is(group, name):
    files = [c / group / f"{name}.yaml" for c in (conf_folder(), *(f / "conf" for f in plugin_folders()))]
    (file,) = [path for path in files if path.exists()]
    assert any(line.startswith("# ") and "@package" not in line for line in file.read_text().splitlines())


@pytest.mark.parametrize(("group", "name"), [o for o in OPTIONS if o[0] in PART_FOLDERS])
def test_a_built_in_option_is_in_the_file_with_its_name(group, name):
    if (conf_folder() / group / f"{name}.yaml").exists():
        part = Path("kmseg") / PART_FOLDERS[group] / name
        assert part.with_suffix(".py").exists() or (part / "__init__.py").exists()


CHECKS = {
    "dataset": check_dataset,
    "color_space": check_color_space,
    "clusterer": check_clusterer,
    "masker": check_masker,
    "writers": check_writer,
}


@pytest.mark.parametrize(("group", "name"), [o for o in OPTIONS if o[0] in CHECKS])
def test_every_option_keeps_the_contract_of_its_group(group, name, labels):
    CHECKS[group](instantiate(composed(group, name, labels), _convert_="all"))


@dataclasses.dataclass(frozen=True)
class Shifted:
    """A color space that loses what is brightest."""

    def to_features(self, rgb):
        return np.minimum(rgb.astype(float), 200)

    def to_rgb(self, features):
        return features.astype(np.uint8)


@dataclasses.dataclass(frozen=True)
class Deaf:
    """A masker that knows one class only, or the first of them where it should ignore."""

    def for_palette(self, palette, space):
        return lambda label: np.zeros(label.shape[:2], palette.index_dtype)


@dataclasses.dataclass(frozen=True)
class Outside(PerImage):
    """A writer that writes beside the run's folder."""

    def write(self, image, palette, folder):
        (folder / "mask").touch()
        (folder.parent / "beside").touch()


@dataclasses.dataclass(frozen=True)
class Unnoticed(PerImage):
    """A writer that writes past kmseg's functions, so that no later run knows its files."""

    def write(self, image, palette, folder):
        (folder / f"{image.position}.txt").write_text("seen")


@dataclasses.dataclass(frozen=True)
class Blind:
    """A clusterer that takes the first points for centers."""

    k: int = 3

    def cluster(self, points, sample_weight, init=None):
        return Clustering(points[: self.k], np.zeros(len(points), int), 0.0)


@dataclasses.dataclass(frozen=True)
class Unsorted:
    """A dataset whose keys are in no order."""

    def items(self):
        return [Item(key, Path(key)) for key in "ba"]


@pytest.mark.parametrize(
    ("check", "part", "said"),
    [
        (check_color_space, Shifted(), "expected at most 1 level off"),
        (check_masker, Deaf(), "pixels of a lossless label image are wrong"),
        (check_writer, Outside(), "beside was written beside the run's folder"),
        (check_writer, Unnoticed(), "0.txt is unknown to the manifest"),
        (check_clusterer, Blind(), "centers lie at"),
        (check_dataset, Unsorted(), "expected distinct ones in ascending order"),
        (check_masker, object(), "put @dataclass"),
    ],
)
def test_a_check_says_what_breaks_the_contract(check, part, said):
    with pytest.raises(AssertionError, match=said):
        check(part)


def test_listing_and_help_import_nothing_heavy():
    code = (
        "import sys; sys.argv = ['run.py', '--cfg', 'job']\n"
        "import kmseg.cli.main, json\n"
        "kmseg.cli.main.main()\n"
        "print(json.dumps([m for m in ('mlflow', 'sklearn', 'matplotlib', 'pandas', 'joblib') if m in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.splitlines()[-1]) == []

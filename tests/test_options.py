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

from kmseg.cli.config import register
from kmseg.palette import Row, from_rows
from kmseg.plugins import conf_folder, plugin_folders
from tests.conftest import COLORS, draw_label

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


def composed(group: str, name: str, labels: Path):
    choice = f"{group}=[{name}]" if group == "writers" else f"{group}={name}"
    root = [f"dataset.root={labels}"] if group == "dataset" and name != "sample" else []
    with initialize(version_base="1.3", config_path=None):
        config = compose("config", [choice, *root])
    return config.writers[name] if group == "writers" else config[group]


@pytest.mark.parametrize(("group", "name"), OPTIONS)
def test_every_option_composes_with_all_its_settings_and_builds(group, name, labels):
    config = composed(group, name, labels)
    part = get_class(config["_target_"])
    assert dataclasses.is_dataclass(part)
    assert part.__dataclass_params__.frozen
    assert {field.name for field in dataclasses.fields(part) if field.init} == set(config) - {"_target_"}
    assert isinstance(instantiate(config, _convert_="all"), part)


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


@pytest.mark.parametrize("name", [n for g, n in OPTIONS if g == "color_space"])
def test_every_color_space_brings_colors_back(name, labels):
    space = instantiate(composed("color_space", name, labels))
    colors = np.random.default_rng(0).integers(0, 256, (2000, 3)).astype(np.uint8)
    features = space.to_features(colors)
    assert features.ndim == 2
    assert np.abs(space.to_rgb(features).astype(int) - colors).max() <= 1


@pytest.mark.parametrize("name", [n for g, n in OPTIONS if g == "clusterer"])
def test_every_clusterer_keeps_its_contract(name, labels):
    clusterer = dataclasses.replace(instantiate(composed("clusterer", name, labels)), k=3)
    random = np.random.default_rng(0)
    points = np.concatenate([random.normal(center, 1, (40, 3)) for center in (0, 80, 200)])
    clustering = clusterer.cluster(points, np.ones(120))
    assert clustering.centers.shape == (3, 3)
    assert sorted(np.rint(clustering.centers[:, 0] / 40).astype(int)) == [0, 2, 5]
    apart = ((points[:, None] - clustering.centers) ** 2).sum(-1)
    assert np.array_equal(clustering.labels, apart.argmin(1))
    assert clustering.inertia == pytest.approx(apart.min(1).sum(), rel=1e-3)


@pytest.mark.parametrize("name", [n for g, n in OPTIONS if g == "masker"])
def test_every_masker_is_exact_on_a_lossless_label(name, labels, palette):
    mask = instantiate(composed("masker", name, labels)).for_palette(
        palette, instantiate(composed("color_space", "rgb", labels))
    )(draw_label())
    assert mask.dtype == palette.index_dtype
    assert np.array_equal(palette.paint(mask), draw_label())


@pytest.mark.parametrize("name", [n for g, n in OPTIONS if g == "masker"])
def test_every_masker_leaves_out_the_colors_of_no_class(name, labels):
    rows = [Row(name, color, ignored=name == "road") for name, color in COLORS.items()]
    mask = instantiate(composed("masker", name, labels)).for_palette(
        from_rows(rows), instantiate(composed("color_space", "rgb", labels))
    )(draw_label())
    at = {name: (draw_label() == color).all(axis=-1) for name, color in COLORS.items()}
    assert [np.unique(mask[at[name]]).tolist() for name in COLORS] == [[0], [255], [1], [2]]


def test_listing_and_help_import_nothing_heavy():
    code = (
        "import sys; sys.argv = ['run.py', '--cfg', 'job']\n"
        "import kmseg.cli.main, json\n"
        "kmseg.cli.main.main()\n"
        "print(json.dumps([m for m in ('mlflow', 'sklearn', 'matplotlib', 'pandas', 'joblib') if m in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.splitlines()[-1]) == []

"""Options from outside the package: a folder, a file, an installed package; and what happens if one is broken."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from kmseg.plugins import installed_plugins, plugin_folders
from tests.conftest import COLORS, REPO

COLOR_SPACE = '''
from dataclasses import dataclass


@dataclass(frozen=True)
class Negative:
    """The levels turned round."""

    def to_features(self, rgb):
        return 255.0 - rgb

    def to_rgb(self, features):
        return (255 - features).round().clip(0, 255).astype("uint8")
'''

WRITER = '''
from dataclasses import dataclass

from kmseg.files import write_text
from kmseg.writers import PerImage

OPTIONS = {"writers/noted": "Noted"}


@dataclass(frozen=True)
class Noted(PerImage):
    """A word beside each mask."""

    word: str = "seen"

    def write(self, image, palette, folder):
        write_text(folder / "noted" / f"{image.key}.txt", self.word)
'''


def test_a_folder_dropped_in_is_chosen_like_a_built_in_option_in_workers_too(kmseg, labels, tmp_path):
    plugin = tmp_path / "plugin_root" / "negative"
    (plugin / "conf" / "color_space").mkdir(parents=True)
    (plugin / "negative.py").write_text(COLOR_SPACE)
    (plugin / "conf" / "color_space" / "negative.yaml").write_text("# Turned round\n_target_: negative.Negative\n")
    words = ("dataset=folder", f"dataset.root={labels}", "color_space=negative", "executor=processes")
    ran = kmseg(*words, "masker=nearest", env={"KMSEG_PLUGINS": str(tmp_path / "plugin_root")})
    assert ran.code == 0, ran.err
    assert len(ran.palette()) == 4
    assert kmseg(*words).code == 1


def test_an_installed_package_brings_parts_by_an_entry_point(kmseg, labels, tmp_path, monkeypatch, capsys):
    site = tmp_path / "site"
    conf = site / "turned" / "conf" / "color_space"
    conf.mkdir(parents=True)
    (site / "turned" / "__init__.py").write_text("")
    (site / "turned" / "space.py").write_text(COLOR_SPACE)
    (conf / "turned.yaml").write_text("# Turned round\n_target_: turned.space.Negative\n")
    info = site / "turned-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: turned\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[kmseg.plugins]\nturned = turned\nlost = nowhere\n")
    monkeypatch.setattr(sys, "path", [str(site), *sys.path])
    assert installed_plugins() == [("turned", site / "turned" / "conf")]
    assert "plugin lost: the package nowhere" in capsys.readouterr().err
    ran = kmseg("dataset=folder", f"dataset.root={labels}", "color_space=turned", env={"PYTHONPATH": str(site)})
    assert ran.code == 0, ran.err


def test_the_plugins_of_the_checkout_are_found():
    assert "oklab" in {folder.name for folder in plugin_folders()}


def test_a_file_dropped_in_brings_its_options_with_their_settings(kmseg, labels, tmp_path):
    plugin_root = tmp_path / "my plugin_root"
    plugin_root.mkdir()
    (plugin_root / "negative.py").write_text('OPTIONS = {"color_space/negative": "Negative"}\n' + COLOR_SPACE)
    (plugin_root / "noted.py").write_text(WRITER)
    words = (f"plugins='{plugin_root}'", "dataset=folder", f"dataset.root={labels}", "executor=processes")
    ran = kmseg(*words, "color_space=negative", "masker=nearest", "writers=[noted]", "writers.noted.word=well")
    assert ran.code == 0, ran.err
    assert len(ran.palette()) == 4
    assert (ran.folder / "noted" / "0.txt").read_text() == "well"
    assert "not written through kmseg.files" not in ran.out
    listed = kmseg(f"plugins='{plugin_root}'", "--help").out
    assert "negative, oklab" in listed
    assert "noted" in listed


def test_files_that_no_manifest_knows_are_named(kmseg, labels, tmp_path):
    past = WRITER.replace("write_text(folder", "(folder").replace('.txt", self.word)', '.txt").write_text(self.word)')
    past = past.replace(
        "        (folder /",
        "        (folder / 'noted' / image.key).parent.mkdir(parents=True, exist_ok=True)\n        (folder /",
    )
    (tmp_path / "plugin_root").mkdir()
    (tmp_path / "plugin_root" / "noted.py").write_text(past)
    ran = kmseg(f"plugins={tmp_path / 'plugin_root'}", f"dataset.root={labels}", "writers=[noted,index_png]")
    assert ran.code == 0, ran.err
    assert "6 files were not written through kmseg.files" in ran.out
    assert "noted/0.txt, noted/1.txt, noted/2.txt and 3 more" in ran.out


def test_a_broken_plugin_is_named_in_one_line_and_stops_no_run_that_does_not_use_it(kmseg, labels, tmp_path):
    plugin_root = tmp_path / "plugin_root"
    (plugin_root / "broken" / "conf" / "masker").mkdir(parents=True)
    (plugin_root / "broken" / "broken.py").write_text("import not_installed_anywhere\n")
    (plugin_root / "broken" / "conf" / "masker" / "broken.yaml").write_text("# Broken\n_target_: broken.Broken\n")
    (plugin_root / "leaves.py").write_text('OPTIONS = {"masker/leaves": "Leaves"}\nraise SystemExit(7)\n')
    (plugin_root / "wrong.py").write_text("OPTIONS = {oops\n")
    words = (f"plugins={plugin_root}", "dataset=folder", f"dataset.root={labels}")
    ran = kmseg(*words)
    assert ran.code == 0, ran.err
    assert "No module named 'not_installed_anywhere'" in ran.err
    said = [line for line in ran.err.splitlines() if line.startswith("kmseg: plugin ")]
    assert [any(name in line for line in said) for name in ("broken", "leaves", "wrong")] == [True] * 3
    assert len(said) == 3
    used = kmseg(*words, "masker=broken")
    assert used.code == 1
    assert "broken.Broken cannot be used: ModuleNotFoundError" in used.err
    assert "Traceback" not in used.err
    assert "is not an existing folder" in kmseg("plugins=nowhere").err


def test_all_options_are_listed_with_what_they_are_and_where_they_come_from(kmseg, tmp_path):
    plugin_root = tmp_path / "plugin_root"
    plugin_root.mkdir()
    (plugin_root / "noted.py").write_text(WRITER)
    ran = kmseg("task=parts", f"plugins={plugin_root}")
    assert ran.code == 0, ran.err
    (line,) = [line for line in ran.out.splitlines() if " noted " in line]
    assert "A word beside each mask." in line
    assert line.rstrip().endswith("plugin_root/noted.py")
    assert "built in" in ran.out
    assert not ran.folder.exists()


def test_the_template_of_a_plugin_package_is_installed_and_used_in_a_new_environment(labels, tmp_path):
    template = shutil.copytree(REPO / "examples" / "plugin-package", tmp_path / "package")
    python = new_environment(tmp_path / "venv")
    install = [sys.executable, "-m", "pip", f"--python={python}", "install", "--no-index", "--no-deps"]
    subprocess.run([*install, "--no-build-isolation", str(template)], check=True, capture_output=True)
    words = ["dataset=folder", f"dataset.root={labels}", "clusterer=farthest_first", "clusterer.k=4"]
    command = [str(python), "-m", "kmseg.cli.main", *words, "tracker=none", "executor=processes"]
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command += ["task=discover", f"hydra.run.dir={tmp_path / 'run'}"]
    ran = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    rows = (tmp_path / "run" / "palette.csv").read_text().splitlines()[1:]
    assert {tuple(map(int, row.split(",")[1:4])) for row in rows} == set(COLORS.values())


def new_environment(folder: Path) -> Path:
    """Make a virtual environment that has all that this one has, without a network, and return its Python."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    (site,) = folder.glob("lib/python*/site-packages")
    (site / "seen.pth").write_text(f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n{REPO}\n")
    return folder / "bin" / "python"

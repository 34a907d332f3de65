import sys

from kmseg.plugins import installed_plugins, plugin_folders

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


def test_a_folder_dropped_in_is_chosen_like_a_built_in_option_in_workers_too(kmseg, labels, tmp_path):
    plugin = tmp_path / "shelf" / "negative"
    (plugin / "conf" / "color_space").mkdir(parents=True)
    (plugin / "negative.py").write_text(COLOR_SPACE)
    (plugin / "conf" / "color_space" / "negative.yaml").write_text("# Turned round\n_target_: negative.Negative\n")
    words = ("dataset=folder", f"dataset.root={labels}", "color_space=negative", "executor=processes")
    ran = kmseg(*words, "masker=nearest", env={"KMSEG_PLUGINS": str(tmp_path / "shelf")})
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

"""The segmenter of a run as an MLflow model: logged, loaded, used to predict masks."""

from __future__ import annotations

import json
import re

import cv2
import numpy as np
import pytest

from kmseg.files import write_text
from kmseg.trackers.mlflow import MlflowTracker
from tests.conftest import REPO, draw_label

pytestmark = pytest.mark.slow


@pytest.fixture
def load(tmp_path, monkeypatch, make_home):
    """Load a model of the store in `tmp_path / "home"`."""
    import mlflow

    make_home(tmp_path / "home")
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/home/mlflow.db")
    monkeypatch.chdir(tmp_path)
    yield mlflow.pyfunc.load_model
    mlflow.set_tracking_uri(None)


def models(home):
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{home}/mlflow.db")
    return client, list(client.search_logged_models([client.get_experiment_by_name("kmseg").experiment_id]))


def segmenter(folder, rows, masker="nearest.Nearest"):
    """Write the files from which the model of a run is logged."""
    write_text(folder / "palette.csv", "name,r,g,b\n" + "".join(f"c{i},{r},{g},{b}\n" for i, (r, g, b) in rows))
    parts = f"masker:\n  _target_: kmseg.maskers.{masker}\ncolor_space:\n  _target_: kmseg.color_spaces.rgb.Rgb\n"
    write_text(folder / "config.yaml", parts)
    return folder


def test_a_run_leaves_a_model_that_makes_the_masks_that_it_wrote(kmseg, labels, load, tmp_path):
    words = ("dataset=folder", f"dataset.root={labels}", "tracker.register=streets")
    ran = kmseg(*words, tracker="mlflow", env={"KMSEG_HOME": str(tmp_path / "home")})
    assert ran.code == 0, ran.err
    _, (model,) = models(tmp_path / "home")
    assert f"model {model.model_uri}" in ran.out
    assert not list((tmp_path / "home" / "artifacts").rglob("*.pkl"))
    for folder in (labels, ran.folder):
        folder.rename(folder.with_name(f"{folder.name}, moved"))  # the model stands for itself
    masks = np.stack([cv2.imread(f"{ran.folder}, moved/masks/{n}.png", cv2.IMREAD_UNCHANGED) for n in range(5)])
    for address in (model.model_uri, "models:/streets/1"):
        loaded = load(address)
        made = loaded.predict(np.stack([draw_label(number) for number in range(5)]))
        assert made.dtype == np.uint8
        np.testing.assert_array_equal(made, masks)
    (code,) = re.findall(
        r"```python\n(import mlflow\n.*?)```", (REPO / "docs" / "how-to" / "mlflow.md").read_text(), re.S
    )
    code = code.replace("/home/me/.kmseg", f"{tmp_path}/home").replace("NAME", "streets")
    exec(code, told := {"labels": np.stack([draw_label(number) for number in range(5)])})
    np.testing.assert_array_equal(told["masks"], masks)
    example = loaded.input_example
    assert loaded.predict(example)[0, 0].tolist() == list(range(example.shape[2]))
    assert loaded.predict(example[:0]).shape == (0, *example.shape[1:3])


def test_mlflow_models_predict_answers(load, tmp_path):
    import mlflow

    segmenter(tmp_path / "run", enumerate([(9, 9, 9), (250, 0, 0)]), "boundary.Boundary")
    with MlflowTracker(folder=str(tmp_path / "home")).start("a run", "", tmp_path) as run:
        run.model(tmp_path / "run")
    _, (model,) = models(tmp_path / "home")
    asked = {"inputs": [[[[9, 9, 9], [249, 1, 1]], [[250, 0, 0], [9, 9, 9]]]]}
    (tmp_path / "asked.json").write_text(json.dumps(asked))
    # The command `mlflow models predict` calls this; it starts Python for the model.
    mlflow.models.predict(model.model_uri, input_path="asked.json", output_path="said.json", env_manager="local")
    assert json.loads((tmp_path / "said.json").read_text()) == {"predictions": [[[0, 1], [1, 0]]]}


def test_a_sweep_has_one_model_that_of_its_best_run(kmseg, labels, legend, load, tmp_path):
    words = ("dataset=folder", f"dataset.root={labels}", f"truth.legend={legend}", "clusterer.k=2,4,3")
    ran = kmseg(*words, "--multirun", tracker="mlflow", env={"KMSEG_HOME": str(tmp_path / "home")})
    assert ran.code == 0, ran.err
    client, (model,) = models(tmp_path / "home")
    assert "mlflow.parentRunId" not in client.get_run(model.source_run_id).data.tags
    assert load(model.model_uri).predict(np.stack([draw_label()])).max() == 3


def test_a_model_that_is_logged_again_is_there_once_and_one_that_is_not_wanted_never(load, tmp_path):
    folder = segmenter(tmp_path / "run", enumerate((i % 256, i // 256, 0) for i in range(300)))
    for wanted in (False, True):
        with MlflowTracker(folder=str(tmp_path / "home"), model=wanted, register="many" if wanted else None).start(
            "a run", "", tmp_path
        ) as run:
            run.model(folder)
            run.model(folder)
            run.model(tmp_path / "nowhere")
    client, (model,) = models(tmp_path / "home")
    assert len(client.search_model_versions("name = 'many'")) == 1
    last = load(model.model_uri).predict(np.full((1, 1, 1, 3), [299 % 256, 1, 0], np.uint8))
    assert (last.dtype, last.item()) == (np.uint16, 299)
    MlflowTracker(folder=str(tmp_path / "home")).forget(tmp_path)
    assert models(tmp_path / "home")[1] == []

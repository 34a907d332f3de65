"""The config of a sweep's run equals that of Hydra's own loader."""

from __future__ import annotations

import pytest
from hydra import initialize
from hydra.core.global_hydra import GlobalHydra
from hydra.core.utils import setup_globals
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import OmegaConf

from kmseg.cli.config_sources import register
from kmseg.cli.sweep_loader import SweepLoader

POINTS = (
    ["clusterer.k=8", "sampling.images=5", "hydra.sweep.subdir='0'"],
    ["clusterer.k=13", "sampling.images=5", "hydra.sweep.subdir='1'", "++hydra.job.env_set.KMSEG_PARENT='a=b'"],
    ["clusterer=minibatch_kmeans", "clusterer.k=8", "writers=[one_hot,preview]", "writers.preview.images=2"],
    ["clusterer=minibatch_kmeans", "clusterer.k=9", "writers=[one_hot,preview]", "writers.preview.images=3"],
    ["+experiment=paper", "color_space=lab"],
    ["~sampling.seed", "max_unmatched=0.5"],
)


@pytest.fixture(scope="module")
def loaders():
    register()
    setup_globals()
    with initialize(version_base="1.3", config_path=None):
        plain = GlobalHydra.instance().config_loader()
        command = ["clusterer.k=8,13", "hydra/sweeper=search", "hydra.sweep.dir=there"]
        yield plain, SweepLoader(plain.get_search_path()), plain.load_configuration("config", command, RunMode.MULTIRUN)


@pytest.mark.parametrize("overrides", POINTS, ids=" ".join)
def test_a_point_has_the_config_that_hydra_gives_it(loaders, overrides):
    plain, ours, command = loaders
    wanted = OmegaConf.to_yaml(plain.load_sweep_config(command, overrides))
    assert OmegaConf.to_yaml(ours.load_sweep_config(command, overrides)) == wanted
    assert OmegaConf.to_yaml(ours.load_sweep_config(command, overrides)) == wanted  # from what it remembers


@pytest.mark.parametrize("wrong", ["clusterer.kk=8", "clusterer=none_such", "clusterer.k=[1"])
def test_a_wrong_override_raises_the_same_error(loaders, wrong):
    plain, ours, command = loaders
    with pytest.raises(HydraException) as wanted:
        plain.load_sweep_config(command, ["sampling.images=5", wrong])
    with pytest.raises(HydraException) as said:
        ours.load_sweep_config(command, ["sampling.images=5", wrong])
    assert str(said.value) == str(wanted.value)

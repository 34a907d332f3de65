"""The parts of Hydra without a public counterpart are still there and still work as kmseg needs them."""

from __future__ import annotations

import copy
import inspect

from hydra._internal.utils import create_config_search_path
from hydra.core.config_store import ConfigStore

from kmseg.cli import hydra_internals
from kmseg.cli.config_sources import register


def test_hydras_internals_have_the_methods_that_kmseg_overrides_and_calls():
    assert "load_config" in vars(hydra_internals.FileConfigSource)
    loader = inspect.signature(hydra_internals.ConfigLoaderImpl.load_sweep_config)
    assert list(loader.parameters) == ["self", "master_config", "sweep_overrides"]
    assert hasattr(hydra_internals.ConfigLoaderImpl, "_apply_overrides_to_config")
    assert hasattr(hydra_internals.CachingConfigRepository, "group_exists")
    assert {"input_list", "kv_sep", "item_sep", "exclude_keys"} >= set(
        inspect.signature(hydra_internals.get_overrides_dirname).parameters
    ) - {"overrides"}


def test_the_mode_is_that_of_hydra_where_a_word_of_the_command_may_set_it(monkeypatch):
    monkeypatch.setattr(hydra_internals, "_compose_for_mode", lambda hydra, name, words: "composed")
    assert hydra_internals._get_mode(None, "config", ["tracker=none"]) is None
    assert hydra_internals._get_mode(None, "config", ["hydra.mode=MULTIRUN"]) == "composed"
    assert hydra_internals._get_mode(None, "config", ["+experiment=paper"]) == "composed"
    assert hydra_internals._get_mode(None, "other", []) == "composed"


def test_the_options_of_a_group_are_those_that_hydra_lists():
    register()
    loader = hydra_internals.ConfigLoaderImpl(create_config_search_path(None))
    for kind in (None, *hydra_internals.ObjectType):
        for group in ("", "writers", "hydra", "hydra/sweeper", "none"):
            listed = hydra_internals._list_options(loader, group, kind)
            assert [loader.get_group_options(group, kind) for _ in range(2)] == [listed, listed]


def test_hydras_store_of_options_is_shared_and_what_it_gives_out_is_not():
    hydra_internals.start_faster()
    store = ConfigStore.instance()
    assert copy.deepcopy(store) is store
    assert store.load("hydra/config.yaml").node is not store.load("hydra/config.yaml").node

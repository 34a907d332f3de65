"""The parts of Hydra without a public counterpart are still there and still work as kmseg needs them."""

from __future__ import annotations

import inspect

from kmseg.cli import hydra_internals


def test_hydras_internals_have_the_methods_that_kmseg_overrides_and_calls():
    assert "load_config" in vars(hydra_internals.FileConfigSource)
    loader = inspect.signature(hydra_internals.ConfigLoaderImpl.load_sweep_config)
    assert list(loader.parameters) == ["self", "master_config", "sweep_overrides"]
    assert hasattr(hydra_internals.ConfigLoaderImpl, "_apply_overrides_to_config")
    assert hasattr(hydra_internals.CachingConfigRepository, "group_exists")
    assert {"input_list", "kv_sep", "item_sep", "exclude_keys"} >= set(
        inspect.signature(hydra_internals.get_overrides_dirname).parameters
    ) - {"overrides"}

"""The parts of Hydra without a public counterpart that kmseg depends on, imported in one place.

`tests/cli/test_hydra_internals.py` fails when a new version of Hydra moves or changes one of them.

- `FileConfigSource`: the source of configs in a folder of YAML files. Hydra's public `ConfigSource` has no file source
  to derive from.
- `Hydra.get_mode`, copies of `ConfigStore` and `ConfigLoaderImpl.get_group_options`: most of Hydra's start-up time,
  avoided by `start_faster`.
- `ConfigLoaderImpl`, `CachingConfigRepository`, `get_overrides_dirname`: a sweep composes one config per point, and the
  public `compose` cannot reuse what an earlier point has read.
"""

from __future__ import annotations

from typing import Any

from hydra._internal.config_loader_impl import ConfigLoaderImpl as ConfigLoaderImpl
from hydra._internal.config_loader_impl import get_overrides_dirname as get_overrides_dirname
from hydra._internal.config_repository import CachingConfigRepository as CachingConfigRepository
from hydra._internal.core_plugins.file_config_source import FileConfigSource as FileConfigSource
from hydra._internal.hydra import Hydra
from hydra.core.config_store import ConfigStore
from hydra.core.object_type import ObjectType

_compose_for_mode = Hydra.get_mode

_list_options = ConfigLoaderImpl.get_group_options


def start_faster() -> None:
    """Avoid three slow steps of Hydra's start; call it before Hydra runs.

    Hydra copies its store of structured configs for each of a hundred look-ups, although nothing changes it and it
    returns copies. It composes the whole config only to read `hydra.mode`, which few commands set. And `--help` lists
    each group twice, and makes a parser of overrides for each.
    """
    ConfigStore.__deepcopy__ = _share  # type: ignore[attr-defined]  # a method added to Hydra's class
    Hydra.get_mode = _get_mode  # type: ignore[method-assign, assignment]  # replaced on purpose
    ConfigLoaderImpl.get_group_options = _get_group_options  # type: ignore[method-assign, assignment]  # as above


def _share(store: ConfigStore, memo: dict[int, Any]) -> ConfigStore:
    return store


def _get_mode(hydra: Hydra, config_name: str | None, overrides: list[str]) -> Any:
    """Return `hydra.mode` of the config; None, the default, if no argument can have set it.

    A config that is added with a plus, such as an experiment, may contain any setting.
    """
    if config_name == "config" and not any(word.startswith("+") or "hydra.mode" in word for word in overrides):
        return None
    return _compose_for_mode(hydra, config_name, overrides)


def _get_group_options(
    loader: ConfigLoaderImpl,
    group_name: str,
    results_filter: ObjectType | None = ObjectType.CONFIG,
    config_name: str | None = None,
    overrides: list[str] | None = None,
) -> list[str]:
    """Return the options of a group; those of the search path, which does not change, are listed once."""
    if config_name is not None or overrides:
        return _list_options(loader, group_name, results_filter, config_name, overrides)
    listed = vars(loader).setdefault("_kmseg_options", {})
    key = group_name, results_filter
    if key not in listed:
        listed[key] = loader.repository.get_group_options(group_name, results_filter)
    return list(listed[key])

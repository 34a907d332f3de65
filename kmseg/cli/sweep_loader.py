"""Compose the config of each point of a sweep; option files are read once per combination of options.

Hydra searches and merges some thirty files for every run, which takes longer than a small run itself. Points that
choose the same options differ only in values; these are set on a copy, by Hydra's own rules.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence

from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from omegaconf import DictConfig

from kmseg.cli.hydra_internals import CachingConfigRepository, ConfigLoaderImpl, get_overrides_dirname


class SweepLoader(ConfigLoaderImpl):
    """Hydra's loader with a cache: one composed config per combination of options."""

    def __init__(self, config_search_path: ConfigSearchPath) -> None:
        super().__init__(config_search_path)
        self._chosen: dict[tuple[str, ...], DictConfig] = {}
        self._groups = CachingConfigRepository(self.repository)

    def load_sweep_config(self, master_config: DictConfig, sweep_overrides: Sequence[str]) -> DictConfig:
        """Return the config of one point, as Hydra's loader does: `master_config` with the overrides of the point."""
        parsed = OverridesParser.create().parse_overrides(list(sweep_overrides))
        values = [word for word in parsed if not self._chooses(word)]
        choices = tuple(str(word.input_line) for word in parsed if self._chooses(word))
        if choices not in self._chosen:
            self._chosen[choices] = super().load_sweep_config(master_config, list(choices))
        config = copy.deepcopy(self._chosen[choices])
        self._apply_overrides_to_config(values, config)
        config.hydra.overrides.hydra += [word.input_line for word in values if word.is_hydra_override()]
        task = [word for word in parsed if not word.is_hydra_override()]
        config.hydra.overrides.task = [word.input_line for word in task]
        names = config.hydra.job.config.override_dirname
        config.hydra.job.override_dirname = get_overrides_dirname(task, **names)
        return config

    def _chooses(self, word: Override) -> bool:
        """Return whether an override chooses an option of a group and so decides which files are read."""
        return self._groups.group_exists(word.key_or_group) and not isinstance(word.value(), dict)

"""The sources of Hydra's configs: option files, completed from the fields of the dataclass they name.

Every command imports this, also `--help`, so it imports no parts.
"""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.object_type import ObjectType
from hydra.core.plugins import Plugins
from hydra.plugins.config_source import ConfigResult, ConfigSource
from hydra.plugins.search_path_plugin import SearchPathPlugin
from omegaconf import OmegaConf
from yaml import YAMLError

from kmseg.cli.arguments import CONFIG_DIR
from kmseg.cli.hydra_internals import FileConfigSource, start_faster
from kmseg.cli.part_fields import fields_of
from kmseg.errors import UserError
from kmseg.plugins import conf_folder, file_options, installed_plugins, make_importable, plugin_files, plugin_folders


class PartsSource(FileConfigSource):
    """A config source: a folder of option files; a `_target_` is completed with its dataclass's fields and defaults.

    An option file needs one line only, and no default is written twice.
    """

    @staticmethod
    def scheme() -> str:
        """Return the scheme by which Hydra's search path names such a folder."""
        return "kmseg"

    def load_config(self, config_path: str) -> ConfigResult:
        """Load one option file and add the fields of its dataclass."""
        try:
            result = super().load_config(config_path)
        except (YAMLError, UnicodeError) as error:
            mark = getattr(error, "problem_mark", None)
            where = f", line {mark.line + 1}" if mark is not None else ""
            raise UserError(f"{self.path}/{config_path}{where} is no YAML that can be read; correct the file") from None
        return dataclasses.replace(
            result, config=OmegaConf.create(_with_defaults(OmegaConf.to_container(result.config)))
        )


class PluginFileSource(ConfigSource):
    """A config source: the options of a plugin that is one file."""

    def __init__(self, provider: str, path: str) -> None:
        super().__init__(provider, path)
        self._targets = {f"{option.group}/{option.name}": option.target for option in file_options(Path(self.path))}

    @staticmethod
    def scheme() -> str:
        """Return the scheme by which Hydra's search path names such a file."""
        return "kmseg-file"

    def load_config(self, config_path: str) -> ConfigResult:
        """Return the config of one option; a writer's is placed under its name, since a run may have several."""
        key = config_path.removesuffix(".yaml")
        header = {"package": key.replace("/", ".") if key.startswith("writers/") else None}
        config = OmegaConf.create(_with_defaults({"_target_": self._targets[key]}))
        return ConfigResult(self.provider, self.full_path(), config, header)

    def available(self) -> bool:
        """Return whether the file has options that can be read."""
        return bool(self._targets)

    def is_group(self, config_path: str) -> bool:
        """Return whether the file has options of a group."""
        return config_path == "" or any(key.startswith(f"{config_path}/") for key in self._targets)

    def is_config(self, config_path: str) -> bool:
        """Return whether the file has an option."""
        return config_path.removesuffix(".yaml") in self._targets

    def list(self, config_path: str, results_filter: ObjectType | None) -> list[str]:
        """List the groups, or the options of one."""
        start = f"{config_path}/" if config_path else ""
        below = {key.removeprefix(start).partition("/") for key in self._targets if key.startswith(start)}
        unwanted = {ObjectType.GROUP: "", ObjectType.CONFIG: "/"}
        return sorted({name for name, slash, _ in below if results_filter is None or slash != unwanted[results_filter]})


class PartsSearchPath(SearchPathPlugin):
    """Puts the built-in options and those of the plugins on Hydra's search path."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        """Append the folders."""
        search_path.append("kmseg", f"kmseg://{conf_folder()}")
        make_importable()
        for folder in plugin_folders():
            search_path.append(folder.name, f"kmseg://{folder / 'conf'}")
        for path in plugin_files():
            search_path.append(path.stem, f"kmseg-file://{path}")
        for name, conf in installed_plugins():
            search_path.append(name, f"kmseg://{conf}")
        if own := os.environ.get(CONFIG_DIR):  # as a kmseg:// source, its options have all fields of their class
            search_path.append("command-line", f"kmseg://{own}")


def register() -> None:
    """Register kmseg's config sources with Hydra; call it before Hydra composes a config."""
    start_faster()
    for plugin in (PartsSource, PluginFileSource, PartsSearchPath):
        Plugins.instance().register(plugin)


def _with_defaults(node: Any) -> Any:
    """Add the fields and defaults of the named dataclass to every mapping that has a `_target_`."""
    if not isinstance(node, dict):
        return node
    completed = {key: _with_defaults(value) for key, value in node.items()}
    return fields_of(completed["_target_"]) | completed if "_target_" in completed else completed

"""The parts of Hydra without a public counterpart that kmseg depends on, imported in one place.

`tests/cli/test_hydra_internals.py` fails when a new version of Hydra moves or changes one of them.

- `FileConfigSource`: the source of configs in a folder of YAML files. Hydra's public `ConfigSource` has no file source
  to derive from.
- `ConfigLoaderImpl`, `CachingConfigRepository`, `get_overrides_dirname`: a sweep composes one config per point, and the
  public `compose` cannot reuse what an earlier point has read.
"""

from hydra._internal.config_loader_impl import ConfigLoaderImpl as ConfigLoaderImpl
from hydra._internal.config_loader_impl import get_overrides_dirname as get_overrides_dirname
from hydra._internal.config_repository import CachingConfigRepository as CachingConfigRepository
from hydra._internal.core_plugins.file_config_source import FileConfigSource as FileConfigSource

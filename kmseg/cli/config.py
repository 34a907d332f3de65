"""The parts of a run, built from the composed config."""

from __future__ import annotations

import copy
import dataclasses
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import MissingMandatoryValue

from kmseg.cli.part_fields import fields_of
from kmseg.datasets.decision import Decision
from kmseg.errors import Undecided, UserError
from kmseg.pipeline.plan import Plan
from kmseg.plugins import conf_folder, options, part_class
from kmseg.tasks import Task
from kmseg.trackers import Tracker

PARTS = (
    "dataset",
    "sampling",
    "split",
    "clusterer",
    "color_space",
    "palette",
    "masker",
    "truth",
    "tracker",
    "executor",
    "cache",
)
"""The groups and settings that every plan has, by their keys in the config."""

AUTO = "kmseg.datasets.auto.Auto"
"""The class of `dataset=auto`, which is not imported to recognize it."""

DECISIONS: dict[str, Decision] = {}
"""What `dataset=auto` decided in this process, by its settings: the runs of a sweep look at a folder once."""

NO_DATASET = frozenset({"ui", "schedule", "parts"})
"""Tasks that use no dataset; for them `dataset=auto` looks at no folder."""


def build(
    config: DictConfig,
    folder: Path,
    choices: dict[str, Any],
    overrides: list[str],
    show: Callable[[Decision], None] = lambda decision: None,
) -> tuple[Task, Plan]:
    """Build the task and its parts from the composed config; every option is checked here, before any work.

    `show` is told what `dataset=auto` has found.
    """
    config, choices, decision = resolve_dataset(config, choices, overrides)
    if decision is not None:
        show(decision)
    parts = {name: _part(config, name, choices) for name in PARTS}
    writers = {str(name): _part(config, f"writers.{name}", {}) for name in config.get("writers") or ()}
    plan = Plan(
        **parts,
        writers=writers,
        folder=folder,
        choices={group: str(choice) for group, choice in choices.items() if "/" not in group and choice is not None},
        config_yaml=OmegaConf.to_yaml(config, resolve=True),
        overrides=tuple(overrides),
        max_unmatched=config.max_unmatched,
        resume=config.resume,
        incremental=config.incremental,
        outputs=config.outputs,
        schedule=_part(config, "schedule", choices) if config.get("schedule") else None,
        decision=decision,
    )
    return _part(config, "task", choices), plan


def resolve_dataset(
    config: DictConfig, choices: dict[str, Any], overrides: Sequence[str]
) -> tuple[DictConfig, dict[str, Any], Decision | None]:
    """Replace `dataset=auto` by the explicit settings that it decides on.

    Returns
    -------
    DictConfig, dict, Decision or None
        The config and the chosen options with the explicit settings, and the decision; None if no folder was looked at.

    Raises
    ------
    Undecided
        If only the user can know which labels or legend are meant.
    """
    target = OmegaConf.select(config, "dataset._target_")
    if target != AUTO or str(choices.get("task")) in NO_DATASET:
        return config, choices, None
    auto = _part(config, "dataset", choices)
    if auto.root is None:
        if str(choices.get("task")) == "inspect":
            raise UserError("task=inspect looks at a folder; give it as dataset.root=FOLDER")
        return _with_dataset(config, "sample", {}), {**choices, "dataset": "sample"}, None
    if repr(auto) not in DECISIONS:
        DECISIONS[repr(auto)] = auto.decision
    decision = DECISIONS[repr(auto)]
    given = OmegaConf.select(config, "palette.file")
    decision = _set_legend_aside(decision, str(choices.get("task")), overrides, given)
    resolved = _with_dataset(config, decision.dataset, decision.settings)
    if decision.legend is not None:
        key, path = decision.overrides[-1]
        OmegaConf.update(resolved, key, path)
    return resolved, {**choices, "dataset": decision.dataset}, decision


def _set_legend_aside(decision: Decision, task: str, overrides: Sequence[str], given: str | None) -> Decision:
    """Return a decision without its legend file if the command says how the palette is found, or names another file.

    With `task=discover` the legend file only names the classes.

    Raises
    ------
    Undecided
        If two legend files fit and the command chooses none.
    """
    if task != "discover" and given and (taken := decision.with_legend(given)):
        return taken
    said = [word.lstrip("+~").partition("=")[0] for word in overrides]
    key = next((key for key in said if key.split(".")[0] in ("palette", "clusterer")), None)
    if task == "discover" and (key is None or key.startswith("clusterer")):
        if decision.legend_question:
            return decision.without_legend(
                "another one names the classes otherwise", "to take its names give", "palette.names"
            )
        return decision.with_names_only()
    if key is None:
        if decision.legend_question:
            raise Undecided(decision.legend_question)
        return decision
    return decision.without_legend(f"{key} is given", f"to take it, instead of {key} give")


def _with_dataset(config: DictConfig, name: str, settings: Mapping[str, Any]) -> DictConfig:
    """Return a copy of a config with another option of the group `dataset`."""
    target = next((option.target for option in options() if (option.group, option.name) == ("dataset", name)), None)
    if target is None:
        raise UserError(f"the folder needs dataset={name}, which is not installed; kmseg task=parts lists what is")
    known = fields_of(target)
    node = known | {key: value for key, value in settings.items() if key in known}
    resolved = copy.deepcopy(config)
    OmegaConf.set_struct(resolved, False)
    escaped = OmegaConf.create({"_target_": target})
    for key, value in node.items():
        escaped[key] = _escape(value)
    resolved.dataset = escaped
    return resolved


def _escape(value: Any) -> Any:
    """Keep `${` in a path from being read as a reference to a setting."""
    if isinstance(value, list | tuple):
        return [_escape(entry) for entry in value]
    return value.replace("${", "\\${") if isinstance(value, str) else value


def build_tracker(config: DictConfig) -> Tracker:
    """Build the tracker alone, for the parent run of a sweep."""
    tracker: Tracker = _part(config, "tracker", {})
    return tracker


def fingerprint(config: DictConfig) -> str:
    """Return a digest of the settings that decide a run's results; resume, executor and cache do not."""
    settings: Any = OmegaConf.to_container(config, resolve=True)
    relevant = {key: value for key, value in settings.items() if key not in ("resume", "executor", "cache")}
    return hashlib.sha256(json.dumps(relevant, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _part(config: DictConfig, name: str, choices: dict[str, Any]) -> Any:
    where = f"{name}={choices[name]}" if name in choices else name
    settings = OmegaConf.select(config, name)
    if settings is None:
        if name.startswith("writers."):
            raise UserError(f"{name} is null; to do without this writer, leave it out of writers=[...]")
        raise UserError(f"{name} is null; choose one of its options, or leave {name} out for the default")
    if not OmegaConf.is_config(settings):
        keys = " or ".join(f"{name}.{key}=VALUE" for key in _settings_of(name)) or "its settings"
        raise UserError(f"{name}={settings} is no setting, since {name} has several; give {keys}")
    try:
        node = OmegaConf.to_container(settings, resolve=True, throw_on_missing=True)
        if not isinstance(node, dict) or "_target_" not in node:
            raise UserError("the option's file names no class; expected a line such as _target_: package.module.Class")
        return _instantiate(node)
    except MissingMandatoryValue as error:
        raise UserError(f"{where} needs {error.full_key}; give it as {error.full_key}=VALUE") from None
    except UserError as error:
        raise UserError(f"{where}: {error}") from error


def _settings_of(name: str) -> list[str]:
    """Return the settings of a part that is no group of options, by kmseg's defaults, or of a writer."""
    group, _, option = name.partition(".")
    target = next((part.target for part in options() if option and (part.group, part.name) == (group, option)), None)
    target = target or OmegaConf.select(OmegaConf.load(conf_folder() / "config.yaml"), f"{name}._target_")
    return list(fields_of(target)) if target else []


def _instantiate(node: Any) -> Any:
    """Build the part that a mapping names, with nested parts."""
    if isinstance(node, list):
        return [_instantiate(value) for value in node]
    if not isinstance(node, dict):
        return node
    values = {key: _instantiate(value) for key, value in node.items()}
    if "_target_" not in values:
        return values
    target = values.pop("_target_")
    part = part_class(target)
    known = fields_of(target) if dataclasses.is_dataclass(part) else values
    if unknown := [key for key in values if key not in known]:
        raise UserError(f"there is no setting {unknown[0]!r}; it has {', '.join(known) or 'none'}")
    try:
        return part(**values)
    except UserError:
        raise
    except Exception as error:  # a plugin can raise anything
        raise UserError(f"{target} cannot be built: {type(error).__name__}: {error}") from error

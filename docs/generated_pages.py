"""Reference pages made from the code when the site is built: options from the dataclasses, metrics from their table."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from numpydoc.docscrape import NumpyDocString

from kmseg.metrics import MEANING
from kmseg.plugins import Option, conf_folder, options, part_class

GROUPS = {
    "task": "What a run does.",
    "dataset": "Where label images, photos and true masks come from.",
    "sampling": "Which images the palette is learned from.",
    "split": "Training and validation images.",
    "clusterer": "How colors become classes.",
    "color_space": "The space in which K-Means measures distances.",
    "palette": "The legend: a file, names, and colors that are set by hand.",
    "masker": "How label images become index masks.",
    "writers": "What is written. Any list: `'writers=[index_png,report]'`, or `+writers=report` for one more.",
    "truth": "What results are measured against.",
    "tracker": "Where runs are recorded.",
    "executor": "Where the work is done.",
    "cache": "Color counts of images, kept for later runs.",
    "schedule": "Jobs of `task=schedule`.",
    "experiment": "Settings that belong together: `+experiment=paper`.",
    "hydra/sweeper": "How `-m` chooses the runs of a sweep.",
}
"""Groups in the order of a run, with what each decides."""

TOP = {
    "max_unmatched": "share of unmatched pixels of an image above which the run fails, 0 to 1; `null`: no limit",
    "resume": "resume the interrupted run in the same folder",
    "incremental": "process only images that are new or changed since the last run in the same folder; `prune` also "
    "removes the outputs of images that are gone",
    "plugins": "a folder with plugins, beside `plugins/` of a checkout and the folders in `KMSEG_PLUGINS`",
    "hydra.run.dir": "the output folder",
    "outputs": "an address for the files of the writers, `s3://bucket/run`; none: the output folder",
}
"""Keys outside the groups. The options page says so if the config has one that this table lacks."""


def write(folder: Path) -> None:
    """Write `options.md` and `metrics.md`, each only if it has changed, so that a second build is fast."""
    for name, text in (("options.md", options_page()), ("metrics.md", metrics_page())):
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def options_page() -> str:
    """Return the page of all built-in options with their settings, defaults and meanings."""
    lines = [
        "# Options",
        "",
        "An option is chosen with `group=option`, a setting with `group.setting=value`. The first option of a group is",
        "its default. `kmseg --help` has the same list, `kmseg ... --cfg job` shows the settings of a command without",
        "running it, `kmseg task=parts` lists options of plugins too. This page is made from the options' dataclasses.",
        "",
    ]
    for group, meaning in GROUPS.items():
        lines += [f"## {group}", "", meaning, ""]
        for option, part, values in _sweepers(group) if group == "hydra/sweeper" else _parts(group):
            lines += _section(group, option, part, values)
    lines += ["## Other keys", "", "| key | meaning |", "|---|---|"]
    lines += [f"| `{key}` | {meaning} |" for key, meaning in TOP.items()]
    config = _yaml(conf_folder() / "config.yaml")
    unknown = set(config) - set(GROUPS) - set(TOP) - {"defaults", "hydra"}
    if unknown:
        raise ValueError(f"conf/config.yaml has {sorted(unknown)}; add a line for each to docs/generated_pages.py")
    return "\n".join(lines) + "\n"


def metrics_page() -> str:
    """Return the page of all metrics."""
    rows = [f"| `{name}` | {meaning} |" for name, meaning in MEANING.items()]
    return "\n".join(
        [
            "# Metrics",
            "",
            "`metrics.json` of a run has these, and so has its page in MLflow. Shares are from 0 to 1. `legend/` and "
            "`mask/` need a truth (`truth.legend`, `truth.masks`); `mask/` is over all pixels of all images.",
            "",
            "| metric | meaning |",
            "|---|---|",
            *rows,
            "",
        ]
    )


def _parts(group: str) -> Iterator[tuple[Option | None, Any, dict[str, Any]]]:
    """Yield the options of a group, its default first: option, class, and the values that its YAML sets."""
    config = _yaml(conf_folder() / "config.yaml")
    if "_target_" in (config.get(group) or {}):
        yield None, part_class(config[group]["_target_"]), config[group]
        return
    default = {key: value for entry in config["defaults"] if isinstance(entry, dict) for key, value in entry.items()}
    chosen = default.get(group, default.get(f"override {group}", ()))
    first = chosen if isinstance(chosen, list) else [chosen]
    found = [option for option in options() if option.group == group and option.origin == "built in"]
    for option in sorted(found, key=lambda option: (option.name not in first, option.name)):
        values = _yaml(conf_folder() / group / f"{option.name}.yaml")
        target = values.get("_target_") or (values.get(group) or {}).get("_target_")
        yield option, part_class(target) if target else None, values


def _sweepers(group: str) -> Iterator[tuple[Option, Any, dict[str, Any]]]:
    """Yield kmseg's options of a group of Hydra's: option, class, and the values that its YAML sets."""
    for path in sorted((conf_folder() / group).glob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        help_ = next(line[2:] for line in text.splitlines() if line.startswith("# "))
        values = _yaml(path)
        yield Option(group, path.stem, help_, values["_target_"], "built in"), part_class(values["_target_"]), values


def _section(group: str, option: Option | None, part: Any, values: dict[str, Any]) -> list[str]:
    lines = []
    if option is not None:
        assignment = f"+{group}={option.name}" if group == "experiment" else f"{group}={option.name}"
        lines += [f"### `{assignment}`", "", _escape(option.help), ""]
    if part is None or not dataclasses.is_dataclass(part):
        return lines
    meanings = _meanings(part)
    key = f"{group}.{option.name}" if group == "writers" and option is not None else group.replace("/", ".")
    rows = []
    for field in dataclasses.fields(part):
        if field.init:
            default = values.get(field.name, _default(field))
            rows.append(f"| `{key}.{field.name}` | {_shown(default)} | {_escape(meanings.get(field.name, ''))} |")
    return [*lines, "| setting | default | meaning |", "|---|---|---|", *rows, ""] if rows else lines


def _meanings(part: type) -> dict[str, str]:
    """Return what the Parameters sections of a class and of its bases say about each field, in one line."""
    meanings: dict[str, str] = {}
    for kind in reversed(part.__mro__[:-1]):
        for parameter in NumpyDocString(inspect.cleandoc(kind.__dict__.get("__doc__") or ""))["Parameters"]:
            text = " ".join(parameter.desc)
            for name in parameter.name.split(", "):
                if not text.startswith("As in") or name not in meanings:
                    meanings[name] = text
    return meanings


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default is not dataclasses.MISSING:
        return field.default
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return "needed"


def _shown(value: Any) -> str:
    if value == "needed":
        return "needed"
    if value is None or value == () or value == {} or value == []:
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, dict):
        return "[its jobs](../schedule.md)"
    if isinstance(value, tuple | list):
        return f"`[{','.join(map(str, value))}]`"
    if str(value).startswith("${"):
        return f"as `{str(value)[2:-1]}`"
    return f"`{value}`"


def _escape(text: str) -> str:
    """Return text of a docstring for a table's cell: literals as code, bars escaped."""
    return re.sub(r"``(.+?)``", r"`\1`", text).replace("|", r"\|")


def _yaml(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text(encoding="utf-8")) or {}

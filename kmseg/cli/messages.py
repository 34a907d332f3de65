"""One-sentence messages for the errors of libraries."""

from __future__ import annotations

import difflib
import errno
import re
import sys
from collections.abc import Iterable

from hydra import compose, initialize
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from kmseg.errors import UserError
from kmseg.plugins import conf_folder, options

USER_ERRORS = (UserError, HydraException, OmegaConfBaseException, OSError)
"""Errors the user can fix; anything else is a bug in kmseg and keeps its traceback."""


MAX_LINE = 200
"""Characters of a line of a message; a message has two lines at most, apart from lists."""

EXTRAS = {"joblib": "sweep", "submitit_local": "sweep", "submitit_slurm": "sweep"}
"""The extra of kmseg that brings a launcher of Hydra."""


def explain(error: Exception) -> str:
    """Return the message for one of `USER_ERRORS`: at most two lines, apart from lists."""
    return fit(_explain(error))


def fit(message: str) -> str:
    """Wrap a message into two lines of `MAX_LINE` characters; what is too long loses its middle.

    >>> len(fit("x" * 1000).splitlines())
    2
    """
    if "\n" in message or len(message) <= MAX_LINE:
        return message
    room = 2 * MAX_LINE - 10
    if len(message) > room:
        message = f"{message[: room * 2 // 3]} ... {message[-(room // 3) :]}"
    cut = message.rfind(" ", len(message) - MAX_LINE, MAX_LINE)
    cut = cut if cut > 0 else MAX_LINE
    return f"{message[:cut]}\n{message[cut:].strip()}"


def _explain(error: Exception) -> str:
    if isinstance(error, HydraException):
        return _explain_hydra_error(error)
    if isinstance(error, OmegaConfBaseException):
        return _first_lines(error)
    if isinstance(error, OSError) and error.strerror:
        fix = "free disk space or choose another path" if error.errno == errno.ENOSPC else "choose another path"
        return f"{error.filename}: {error.strerror}; {fix}" if error.filename else f"{error.strerror}; {fix}"
    return str(error)


def _explain_hydra_error(error: HydraException) -> str:
    text = str(error)
    if key := re.search(r"Could not override '([^']+)'", text):
        return _unknown_key(key[1])
    if option := re.search(
        r"Could not find '([^']+)/([^'/]+)'(?:\s+Available options in '[^']+':\s+(.*?)\nConfig)?", text, re.S
    ):
        offered = (option[3] or "").split()
        if option[1] == "hydra/launcher" and option[2] in EXTRAS:
            return (
                f"hydra/launcher={option[2]} needs an extra; install it with: pip install 'kmseg[{EXTRAS[option[2]]}]'"
            )
        return f"{option[1]} has no option {option[2]!r}; choose {', '.join(offered) or 'another'}"
    if several := re.search(r"Ambiguous value for argument '([^=']+)=([^']*)'", text):
        name, values = several.groups()
        return (
            f"{name}={values} has several values: add -m (--multirun) to run each, or write a list as {name}=[{values}]"
        )
    if group := re.search(r"Could not load '([^']+)'", text):
        kind, _, wrong = group[1].rpartition("/")
        known = [option.name for option in options() if option.group == kind]
        if known:
            return f"{kind} has no option {wrong!r}; choose {', '.join(known)}"
        return f"{group[1]!r} is not an option; --help lists the groups and their options"
    return _first_lines(error)


def _first_lines(error: Exception) -> str:
    """Return what a message of Hydra or OmegaConf and its cause say, without their internals, in two lines."""
    if "Cannot merge" in str(error):
        file = re.search(r"In '([^']+)'", str(error))
        return (
            f"{file[1] if file else 'an option file'} has a list or a value where settings are expected; writers are "
            "chosen in its defaults list, as in - override /writers: [index_png]"
        )
    cause = "" if error.__cause__ is None else str(error.__cause__)
    lines = [line.strip() for line in f"{error}\n{cause}".splitlines()]
    noise = ("full_key:", "object_type=", "reference_type=", "See https", "LexerNoViableAlt")
    telling = list(dict.fromkeys(line[:MAX_LINE] for line in lines if line and not line.startswith(noise)))
    return "\n".join(telling[:2])


def _unknown_key(key: str) -> str:
    known = list(_list_keys(_compose_without(key)))
    close = difflib.get_close_matches(key, known, n=3, cutoff=0.6)
    close += [name for name in known if name.rpartition(".")[2] == key.rpartition(".")[2] and name not in close]
    if key == "experiment":
        return "experiments are added with a plus: +experiment=paper"
    writer = re.match(r"writers\.(\w+)", key)
    if writer and (conf_folder() / "writers" / f"{writer[1]}.yaml").exists():
        own = [name for name in known if name.startswith(f"{writer[0]}.")]
        if writer[0] not in known and not own:
            return f"{key!r} is for a writer that is not chosen; add {writer[1]} to writers=[...]"
        settings = ", ".join(name.rpartition(".")[2] for name in own)
        return f"the writer {writer[1]} has no setting {key.rpartition('.')[2]!r}; it has {settings or 'none'}"
    group = key.partition(".")[0]
    if group != key and group in known and not any(name.startswith(f"{group}.") for name in known):
        return f"{group}=VALUE leaves no place for {key}, since {group} has several settings; give {key}=VALUE alone"
    meant = f"; did you mean {' or '.join(close[:3])}?" if close else ";"
    return f"no setting is called {key!r}{meant} --cfg job lists the settings of a command"


def _compose_without(unknown: str) -> DictConfig:
    """Compose the config that the command line chose, without the setting that does not exist."""
    choices = [word for word in sys.argv[1:] if re.match(r"[+~]?\w+=", word) and not word.startswith(f"{unknown}=")]
    with initialize(version_base="1.3", config_path=None):
        try:
            return compose("config", choices)
        except HydraException:
            return compose("config")


def _list_keys(config: DictConfig) -> Iterable[str]:
    def walk(node: object, path: str) -> Iterable[str]:
        if not isinstance(node, dict):
            yield path
            return
        if path:
            yield path
        for name, value in node.items():
            if name != "_target_":
                yield from walk(value, f"{path}.{name}" if path else str(name))

    return walk(OmegaConf.to_container(config, resolve=False), "")

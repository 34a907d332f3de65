"""The words of the command line, checked and put in order before Hydra parses them.

Hydra's own parser answers mistakes here with its grammar or with ten lines of usage. What can only mean one thing is
put right; the rest is one sentence with the line to type.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path

from kmseg.errors import UserError
from kmseg.plugins import options

CONFIG_DIR = "KMSEG_CONFIG_DIR"
"""Environment variable that hands the folder of `--config-dir` to the search path of options."""

VALUED = ("--cfg", "-c", "--package", "-p", "--config-path", "-cp", "--config-name", "-cn", "--experimental-rerun")
"""Flags of Hydra that are followed by a value."""

PLAIN = ("--help", "-h", "--hydra-help", "--version", "--resolve", "--run", "-r", "--multirun", "-m", "--info", "-i")
"""Flags of Hydra that stand alone."""

COMPLETION = ("--shell-completion", "-sc")
"""Flags of Hydra that print or complete words for a shell; their command line is left to Hydra."""

PATH_KEYS = re.compile(r"(^|[._])(root|dir|photos|file|folder|masks|legend|uri)$")
"""Settings whose value is a path or an address, so that characters of Hydra's grammar in it can only be text."""


def order_arguments(words: Sequence[str]) -> list[str]:
    """Return the words of a command with Hydra's flags first and every override readable.

    Parameters
    ----------
    words : sequence of str
        The command line without the program's name.

    Raises
    ------
    UserError
        For an unknown flag, or an override that cannot be read and whose value is not an existing path.

    Examples
    --------
    >>> order_arguments(["clusterer.k=2,3", "-m", "task=discover"])
    ['-m', 'clusterer.k=2,3', 'task=discover']
    """
    if any(word in COMPLETION for word in words):
        return list(words)
    flags: list[str] = []
    overrides: list[str] = []
    rest = iter(words)
    for word in rest:
        name, equals, value = word.partition("=")
        if name in ("--config-dir", "-cd"):
            _set_config_dir(value if equals else next(rest, ""))
        elif name in VALUED:
            flags += [word] if equals else [word, *_next_value(word, rest)]
        elif name in PLAIN:
            flags.append("--info=all" if word in ("--info", "-i") else word)
        elif word.startswith("-"):
            raise UserError(_unknown_flag(word))
        else:
            overrides.append(word)
    return flags + [readable_override(word) for word in overrides]


def readable_override(word: str) -> str:
    """Return an override that Hydra can read: a value that is an existing path is quoted where it must be.

    Parameters
    ----------
    word : str
        As typed, `dataset.root=/data/a (1)`.

    Raises
    ------
    UserError
        If the word is no override, cannot be read, or gives a group a value that names no option.
    """
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.core.override_parser.types import ChoiceSweep
    from hydra.errors import HydraException

    key, equals, value = word.partition("=")
    if not equals and not word.startswith("~"):
        raise UserError(f"{word!r} is no setting; expected key=value, such as dataset.root=FOLDER or task=discover")
    quoted = f"{key}={quote_value(value)}"
    names_path = bool(value) and value[0] not in "'\"[{$" and _exists(Path(value).expanduser())
    try:
        parsed = OverridesParser.create().parse_override(word)
        chosen = parsed.value()
        for option in chosen.list if isinstance(chosen, ChoiceSweep) else [chosen]:
            if equals and (option == "" or option is None or isinstance(option, bool | int | float)):
                _refuse_no_option(word, key.lstrip("+"))
        return quoted if names_path and re.search(r"[(),{}\[\]:=]", value) else word
    except HydraException:
        if names_path or (PATH_KEYS.search(key) and value[:1] not in ("'", '"')):
            return quoted
        raise UserError(f"{word!r} cannot be read; if its value is text, quote it: {shlex.quote(quoted)}") from None


def _refuse_no_option(word: str, group: str) -> None:
    """Fail if a word gives a group null or a number in the place of an option."""
    names = [option.name for option in options() if option.group == group]
    if names:
        none = "; writers=[] writes nothing" if group == "writers" else ""
        raise UserError(f"{word} names no option of {group}; choose {', '.join(names)}, or leave it out{none}")


def quote_value(value: str) -> str:
    """Quote a text as a value of Hydra's override grammar.

    >>> quote_value("it's (1)")
    "'it\\\\'s (1)'"
    """
    escaped = re.sub(r"(\\*)'", lambda match: match[1] * 2 + "\\'", value)
    escaped = re.sub(r"(\\+)$", lambda match: match[1] * 2, escaped)
    return f"'{escaped}'"


def paste(words: Iterable[str]) -> str:
    """Return a command that can be pasted into a shell: values quoted for Hydra, words quoted for the shell.

    >>> paste(["kmseg", "dataset.root=/data/a (1)"])
    'kmseg "dataset.root=\\'/data/a (1)\\'"'
    """
    return " ".join(_shell_word(word) for word in words)


def _shell_word(word: str) -> str:
    key, equals, value = word.partition("=")
    if equals and not re.fullmatch(r"[\w./@%+-]+", value, re.ASCII) and value[:1] not in ("'", '"', "[", "{"):
        word = f"{key}={quote_value(value)}"
    if "'" in word and not re.search(r"[\"$`\\!]", word):
        return f'"{word}"'
    return shlex.quote(word)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name that is too long for the file system
        return False


def _next_value(flag: str, rest: Iterable[str]) -> list[str]:
    value = next(iter(rest), None)
    if value is None:
        raise UserError(f"{flag} needs a value, such as --cfg job; kmseg --hydra-help lists the flags")
    return [value]


def _set_config_dir(folder: str) -> None:
    path = Path(folder).expanduser()
    if not folder or not path.is_dir():
        raise UserError(
            f"--config-dir {folder} is not an existing folder; give the folder that holds your option files"
        )
    os.environ[CONFIG_DIR] = str(path.absolute())


def _unknown_flag(word: str) -> str:
    bare = word.lstrip("-")
    if "=" in bare or "." in bare:
        return f"{word!r}: settings have no dashes; write {bare if '=' in bare else bare + '=VALUE'}"
    return f"{word!r} is no flag of kmseg; --help lists settings and options, --hydra-help the flags"


INPUT_KEYS = ("dataset.root", "dataset.photos", "dataset.splits", "truth.masks")
"""Settings that name a folder of the user's files."""


def refuse_output_in_input(words: Sequence[str]) -> None:
    """Fail if a command would write into a folder that it reads, before Hydra makes a file there.

    Only what the words say is known here; `kmseg.pipeline.outputs` checks again what option files say.

    Parameters
    ----------
    words : sequence of str
        The command line as `order_arguments` returns it.

    Raises
    ------
    UserError
        Naming both folders.
    """
    said = {key.lstrip("+"): value for key, equals, value in (word.partition("=") for word in words) if equals}
    many = "-m" in words or "--multirun" in words or said.get("hydra.mode") == "MULTIRUN"
    key, usual = ("hydra.sweep.dir", "multirun") if many else ("hydra.run.dir", "outputs")
    output = _as_folder(said.get(key, usual))
    for name in INPUT_KEYS:
        given = _as_folder(said.get(name, ""))
        if output and given and given.is_dir() and output.is_relative_to(given):
            raise UserError(
                f"the output folder {output} lies in {name}={said[name]}, which a run never writes into\n"
                f"choose another with {key}=FOLDER"
            )


def _as_folder(value: str) -> Path | None:
    """Return the folder that a value names; None for one that Hydra computes, or for several."""
    text = value[1:-1].replace("\\'", "'") if value[:1] == value[-1:] == "'" and len(value) > 1 else value
    text = text.split("/${")[0]  # the date of the default, below a folder
    if not text or any(mark in text for mark in "${[") or ("," in text and text == value):
        return None
    return Path(text).expanduser().resolve()

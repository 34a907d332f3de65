"""Every command of README.md and of the how-to guides runs, and prints what the page says it prints."""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from zipfile import ZipFile

import numpy as np
import pytest

from tests.conftest import REPO

sys.path.insert(0, str(REPO / "docs"))
import example_data

PAGES = ["README.md", "docs/get-started.md", "docs/plugins.md"]
PAGES += sorted(str(path.relative_to(REPO)) for path in (REPO / "docs" / "how-to").glob("*.md"))

NOT_RUN = {
    "kmseg task=ui": "serves pages until it is stopped; see tests/trackers/test_view.py",
    "kmseg -m hydra/sweeper=search": "minutes; see tests/sweeps",
    "kmseg task=schedule schedule=nightly dataset": "runs until it is stopped; see tests/scheduling",
}
"""Beginnings of commands that are not run here, and why."""

ELSEWHERE = ("://", "gtFine.zip")
"""Parts of commands that need a server or other files; see tests/storage."""

PRINTED: dict[str, list[str]] = {}
"""What commands printed, so that one that stands on several pages runs once."""

FOLDER = "FOLDER"
"""Stands for the reader's data set in a command."""


def commands_of(page: str) -> list[tuple[str, list[str]]]:
    """Return the kmseg commands of a page, each with the lines of output that the page shows."""
    found: list[tuple[str, list[str]]] = []
    text = (REPO / page).read_text(encoding="utf-8")
    for kind, block in re.findall(r"^```(bash|console)\n(.*?)^```", text, re.M | re.S):
        for line in block.replace("\\\n", " ").splitlines():
            command = line.removeprefix("$ ")
            if (kind == "bash" or command != line) and command.startswith("kmseg"):
                found.append((command, []))
            elif kind == "console" and found and command == line:
                found[-1][1].append(line)
    return found


@pytest.fixture(scope="session")
def drawn(tmp_path_factory):
    """The folders that the commands name, drawn once."""
    folder = tmp_path_factory.mktemp("examples")
    example_data.draw(folder)
    with ZipFile(folder / "CamVid.zip", "w") as packed:
        for path in [*folder.glob("labels/*"), *folder.glob("photos/*")]:
            packed.write(path, path.relative_to(folder))
    shutil.copytree(REPO / "examples" / "plugins", folder / "mine")
    return folder


def normal(line: str) -> str:
    """Return a line of output without what differs from run to run: times and blanks."""
    line = re.sub(r"\d{4}-\d\d-\d\d( \d\d:\d\d)?", "DATE", line)
    return " ".join(re.sub(r"\d+\.\d+ s\b|^seconds +.*", "N s", line).split())


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_a_page_runs_and_prints_what_the_page_shows(page, kmseg, drawn, tmp_path):
    for source in drawn.iterdir():
        (tmp_path / source.name).symlink_to(source)
    for command, shown in commands_of(page):
        if command.startswith(tuple(NOT_RUN)) or any(part in command for part in ELSEWHERE):
            continue
        words = [word.replace(FOLDER, "pairs") for word in shlex.split(command, comments=True)[1:]]
        words = words or ["dataset=sample", "dataset.scenes=4"]  # fewer than the first run draws
        if shlex.join(words) not in PRINTED:
            shutil.rmtree(tmp_path / "run", ignore_errors=True)
            ran = kmseg(*words)
            assert ran.code in (0, 3), f"{command}\n{ran.out}{ran.err}"
            PRINTED[shlex.join(words)] = [normal(line) for line in (ran.out + ran.err).splitlines()]
        printed = PRINTED[shlex.join(words)]
        for line in shown:
            if line.strip() not in ("", "..."):
                assert normal(line) in printed, f"{command}\nnot printed: {line}\n" + "\n".join(printed)


@pytest.mark.parametrize("page", PAGES)
def test_the_python_of_a_page_runs(page, drawn, tmp_path, monkeypatch):
    monkeypatch.chdir(drawn)
    text = (REPO / page).read_text(encoding="utf-8")
    for code in re.findall(r"^```python\n(.*?)^```", text, re.M | re.S):
        if any(part in code for part in ("import mlflow", "farthest_first", "import webdataset")):
            continue  # see tests/trackers/test_model.py, tests/test_plugins.py and tests/writers
        names = {}
        exec(code, names)
        if "Masks" in names:
            (tmp_path / "masks").mkdir()
            shutil.copytree(drawn / "truth", tmp_path / "masks", dirs_exist_ok=True)
            shutil.copy(drawn / "legend.csv", tmp_path / "palette.csv")
            dataset = names["Masks"](drawn / "photos", tmp_path)
            photo, mask = dataset[0]
            assert photo.shape == (*mask.shape, 3)
            assert mask.max() < len(dataset.classes)
            assert mask.dtype == np.int64

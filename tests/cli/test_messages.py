"""Errors of libraries become short sentences that say what to type."""

from __future__ import annotations

import pytest
from hydra.errors import MissingConfigException

from kmseg.cli.messages import MAX_LINE, explain, fit
from kmseg.errors import UserError

SAYS = {
    "a setting that a chosen writer lacks": (
        ["writers.index_png.val=0.1"],
        "the writer index_png has no setting 'val'",
    ),
    "a setting of a writer that is not chosen": (["writers.coco.val=0.1"], "add coco to writers="),
    "a writer that is not there": (["writers=[index]"], "writers has no option 'index'; choose cityscapes"),
    "an interval in a grid": (["-m", "clusterer.k=interval(1,20)"], "names no values to try; write clusterer.k=range"),
    "a folder as the store": (["tracker=mlflow", "tracker.uri=./mlruns"], "for a folder: tracker.folder=DIR"),
}


@pytest.mark.parametrize("case", SAYS)
def test_a_command_that_cannot_be_done_is_told_in_two_lines_at_most(kmseg, case):
    words, says = SAYS[case]
    ran = kmseg(*words)
    assert ran.code == 1
    assert says in " ".join(ran.err.split())
    lines = ran.err.strip().splitlines()
    assert len(lines) <= 2
    assert max(map(len, lines)) <= MAX_LINE + len("kmseg: ")


def test_a_long_message_loses_its_middle_and_keeps_what_to_do():
    lines = fit(f"the legend {'x' * 3000} is wrong; save it as CSV").splitlines()
    assert len(lines) == 2
    assert max(map(len, lines)) <= MAX_LINE
    assert lines[1].endswith("save it as CSV")
    assert explain(UserError("short")) == "short"


def test_a_launcher_whose_extra_is_not_installed_names_what_to_install():
    error = MissingConfigException("Could not find 'hydra/launcher/joblib'\n\nAvailable options in ...", "joblib.yaml")
    assert explain(error).endswith("install it with: pip install 'kmseg[sweep]'")

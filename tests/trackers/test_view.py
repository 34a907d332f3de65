"""MLflow's pages, served by `task=ui` and opened in a browser."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import time
import urllib.error
import urllib.request

import pytest

from tests.conftest import draw_label, write_rgb
from tests.support.browser import broken_pictures
from tests.support.crashes import Forked

pytestmark = pytest.mark.slow

SOON = 60_000
"""Milliseconds: MLflow's pages are large, and the machine may be busy."""


@pytest.fixture(scope="module")
def address(home, prepared):
    """The printed address of `task=ui`, whose port is taken; it is stopped by SIGTERM, and nothing is left."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.MonkeyPatch.context() as changed:
            changed.setenv("KMSEG_HOME", str(home))
            served = Forked(prepared(), home, words=["task=ui", f"task.port={taken.getsockname()[1]}"])
        try:
            while "Stop with Ctrl-C" not in served.said():
                assert served.poll() is None, served.said()
                time.sleep(0.05)
            (address,) = re.findall(r"^view     (http://127\.0\.0\.1:\S+)$", served.said(), re.MULTILINE)
            assert f":{taken.getsockname()[1]}/" not in address
            yield address
        finally:
            os.kill(served.pid, signal.SIGTERM)
            said, _ = served.communicate(timeout=60)
    assert served.returncode == 0, said
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(address, timeout=5)


@pytest.fixture(scope="module")
def home(tmp_path_factory, prepared, store_with_tables):
    """A store with a sweep of two runs."""
    root = tmp_path_factory.mktemp("pages")
    for number in range(4):
        write_rgb(root / "labels" / f"{number}.png", draw_label(number))
    words = ["-m", "dataset=folder", f"dataset.root={root}/labels", "clusterer.k=3,4", f"hydra.sweep.dir={root}/sweep"]
    (root / "home").mkdir()
    shutil.copy(store_with_tables, root / "home")
    env = {**os.environ, "KMSEG_HOME": str(root / "home")}
    said = str(root / "said.txt")
    code = prepared().ask(words=words, cwd=str(root), env=env, out=said, err=said)
    assert code == 0, (root / "said.txt").read_text()
    return root / "home"


def runs(home):
    """Return the parent run, and the children by name."""
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{home}/mlflow.db")
    recorded = client.get_experiment_by_name("kmseg")
    assert recorded is not None, (home.parent / "said.txt").read_text()
    experiment = recorded.experiment_id
    found = client.search_runs([experiment])
    children = [run for run in found if "mlflow.parentRunId" in run.data.tags]
    (parent,) = [run for run in found if run not in children]
    return experiment, parent, sorted(children, key=lambda run: run.info.run_name)


def see(page, address, *texts):
    """Open an address and wait until each text is visible; the first is on no page that was open before."""
    page.goto(address)  # which loads MLflow's application once: later addresses differ after # alone
    for text in texts:
        page.get_by_text(re.compile(text)).first.wait_for(state="visible", timeout=SOON)


def test_what_a_user_looks_for_is_on_mlflows_pages(page, home, address):
    experiment, parent, children = runs(home)
    first, second = children
    host = address.split("/#/")[0]
    see(page, address, re.escape(parent.info.run_name), "^palette/classes$")

    at = f"{host}/#/experiments/{experiment}/runs/"
    see(page, at + parent.info.run_id, "Best of 2 runs", "Command:")
    see(page, at + first.info.run_id, "Changed on the command line", r"palette/classes", r"clusterer\.k=3")
    see(page, f"{at}{first.info.run_id}/artifacts/preview.png")
    page.locator("img[src*='preview.png'], img[src^='blob:']").first.wait_for(state="visible", timeout=SOON)
    for name in ("palette.csv", "preview.png"):
        page.get_by_text(name).first.wait_for(state="visible", timeout=SOON)
    assert not broken_pictures(page)

    both = f'["{first.info.run_id}","{second.info.run_id}"]'
    compared = f'{host}/#/compare-runs?runs={both}&experiments=["{experiment}"]'
    see(page, compared, "Comparing 2 Runs", re.escape(first.info.run_name), re.escape(second.info.run_name))


def test_the_server_rejects_hosts_that_are_not_this_machine(address):
    strange = urllib.request.Request(
        f"{address.split('/#/')[0]}/ajax-api/2.0/mlflow/experiments/search?max_results=1",
        headers={"Host": "evil.example"},
    )
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(strange, timeout=20)


def test_without_a_record_there_is_nothing_to_look_at(kmseg):
    ran = kmseg("task=ui")
    assert ran.code == 1
    assert "tracker=none records nothing" in ran.err

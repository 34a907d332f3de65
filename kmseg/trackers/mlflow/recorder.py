"""Where a run is recorded: in a second process that imports MLflow, while the first looks at images, or in the first.

Importing MLflow takes more than two seconds. A thread would take them from the work on images, since both hold Python's
lock. The process gets the record of a run and then one call after the other as a line of JSON, and answers each with a
line. The command line starts it, on more than one core, for one run or for all runs of a sweep that this process makes.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

from kmseg.errors import UserError
from kmseg.second_process import Answer, Channel, claim_output, take
from kmseg.trackers.mlflow.errors import faults

if TYPE_CHECKING:
    import subprocess

    from kmseg.trackers import TrackedRun
    from kmseg.trackers.mlflow import MlflowTracker
    from kmseg.trackers.mlflow.spool import Record

HEAD_START = 5
"""Seconds before MLflow is imported without a second process: by then the legend of a few hundred images is found.
After that, the main thread imports it while others work on images; a thread of its own could collide with other imports
of the same libraries."""


class StoreFault(Exception):
    """A fault of the store, told by the second process in the store's words.

    Attributes
    ----------
    calls : list
        Earlier calls that the store has not taken, as in `Record.calls`.
    """

    calls: Sequence[list[Any]] = ()


class RecorderEnded(StoreFault):
    """The second process has ended before it has answered, or cannot."""


def fault_types() -> tuple[type[Exception], ...]:
    """Return the exceptions of a store that fails, here or in the second process, without importing MLflow for them."""
    return (StoreFault, *(faults() if "mlflow" in sys.modules else ()))


_SHARED: list[Recorder] = []
"""The second process of the run that is open, and of the runs that begin meanwhile: those of a sweep."""


class Opening:
    """When and where a run is opened in its store; leaving the block ends the second process if it began with this run.

    Parameters
    ----------
    tracker : MlflowTracker
    record : Record
    new : bool
        Whether the run shall be created, not looked for.
    """

    def __init__(self, tracker: MlflowTracker, record: Record, new: bool) -> None:
        self._tracker, self._record, self._new = tracker, record, new
        process = take(__name__)
        self._own = Recorder(process) if process is not None else None
        if self._own is not None:
            _SHARED.append(self._own)
        self._recorder = _SHARED[-1] if _SHARED else None
        self._opened = self._recorder.begin(tracker, record, new) if self._recorder is not None else None
        self._until = time.monotonic() + (0 if "mlflow" in sys.modules else HEAD_START)

    def __enter__(self) -> Opening:
        return self

    def __exit__(self, *error: object) -> None:
        if self._own is not None:
            _SHARED.remove(self._own)
            self._own.close()

    def is_due(self) -> bool:
        """Whether the run can be opened without a wait, or shall be opened here."""
        return self.is_ready() if self._opened is not None else time.monotonic() >= self._until

    def is_ready(self) -> bool:
        """Whether the second process has opened the run, or has failed to."""
        return self._opened is not None and self._opened.is_there()

    def open(self) -> TrackedRun:
        """Open the run in the second process, or here if there is none or it has been killed."""
        if self._recorder is not None and self._opened is not None:
            with suppress(RecorderEnded):
                self._record.run = result_of(self._opened)
                return cast("TrackedRun", RecordedRun(self._recorder, self._record.id))
        return self._tracker.begin(self._record, self._new and self._recorder is None)


class Recorder:
    """The first process's end: tells the second one which runs to open, and makes calls of `TrackedRun` in it."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._channel: Channel[dict[str, Any]] = Channel(process, lambda output: json.loads(output.readline()))

    def begin(self, tracker: MlflowTracker, record: Record, new: bool) -> Answer[dict[str, Any]]:
        """Let the second process open a run; the answer is the run's id in the store."""
        return self.call(record.id, "begin", asdict(tracker), asdict(record), new)

    def call(self, run: str, method: str, *values: Any) -> Answer[dict[str, Any]]:
        """Let the second process make a call of the run with a record's `id`."""
        return self._channel.send(json.dumps([run, method, *values]).encode() + b"\n")

    def close(self) -> None:
        """End the second process: at once while it imports, else after its present call. An open run is killed."""
        self._channel.close()


def result_of(answer: Answer[dict[str, Any]]) -> Any:
    """Wait for the answer to a call; return the call's result, or raise as it did."""
    said = answer.get()
    if said is None:
        raise RecorderEnded("the process that records in MLflow has ended")
    if "fault" in said:
        raise StoreFault(said["fault"])
    if "user" in said:
        raise UserError(said["user"])
    if "bug" in said:  # maybe of the second process alone: this one makes the call, too
        raise RecorderEnded(said["bug"])
    return said["result"]


class RecordedRun:
    """A run that is open in the second process: calls go there, and are waited for at the run's end.

    A fault is raised by a later call than the one that met it, and has the calls from that one on.
    """

    def __init__(self, recorder: Recorder, run: str) -> None:
        self._recorder, self._run = recorder, run
        self._sent: deque[tuple[list[Any], Answer[dict[str, Any]]]] = deque()

    def __getattr__(self, method: str) -> Callable[..., Any]:
        return partial(self._call, method)

    def end(self, status: str, at: int) -> None:
        """Record the end of the run, after all else of it."""
        self._settle(wait=True)
        result_of(self._recorder.call(self._run, "end", status, at))

    def view(self) -> str:
        """Return the address of the run."""
        self._settle(wait=True)
        return str(result_of(self._recorder.call(self._run, "view")))

    def _call(self, method: str, *values: Any) -> None:
        self._settle()
        self._sent.append(([method, *values], self._recorder.call(self._run, method, *values)))

    def _settle(self, wait: bool = False) -> None:
        """Look at the answers that have come, or `wait` for all; raise the first fault."""
        while self._sent and (wait or self._sent[0][1].is_there()):
            try:
                result_of(self._sent[0][1])
            except StoreFault as fault:
                fault.calls = [call for call, _ in self._sent]
                raise
            self._sent.popleft()


OPTIONAL = "scipy", "pyarrow", "pygments", "matplotlib"
"""Packages that MLflow, pandas and Mako import where they are installed, and that recording does not need."""

GATEWAY = "mlflow.gateway"
"""Package of MLflow of which constants are imported, and whose `__init__` imports FastAPI for it."""


@contextmanager
def _fewer_imports() -> Iterator[None]:
    """Import MLflow without packages that recording does not need: 2.1 s of CPU time for 3.0 (medians of three)."""
    absent = [name for name in OPTIONAL if name not in sys.modules]
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]  # None: cannot be imported
    found = find_spec("mlflow")
    if found is not None:
        package = sys.modules[GATEWAY] = ModuleType(GATEWAY)
        package.__path__ = [str(Path(place, "gateway")) for place in found.submodule_search_locations or ()]
    yield
    for name in absent:
        del sys.modules[name]


def main() -> None:
    """Be the second process: open runs and make their calls, each a line, until the input ends."""
    answers = os.fdopen(claim_output(), "w", encoding="utf-8")
    gc.disable()  # a fifth of the time that the imports take
    from kmseg.trackers.mlflow import MlflowTracker, silence_mlflow
    from kmseg.trackers.mlflow.spool import Record, now

    silence_mlflow()
    with _fewer_imports():
        import mlflow.pyfunc
        import mlflow.store.tracking.sqlalchemy_store  # noqa: F401  # what opening a store and saving a model import
    store_faults = faults()
    gc.enable()
    gc.freeze()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # the end of the input ends it, between two calls

    def answer(call: Callable[[], Any]) -> None:
        try:
            said = {"result": call()}
        except store_faults as fault:
            said = {"fault": str(fault) or type(fault).__name__}
        except UserError as error:
            said = {"user": str(error)}
        except Exception:
            said = {"bug": traceback.format_exc().strip().splitlines()[-1]}
        with suppress(BrokenPipeError):  # nobody waits for it any more
            print(json.dumps(said), file=answers, flush=True)

    runs: dict[str, Any] = {}

    def begin(run: str, settings: dict[str, Any], known: dict[str, Any], new: bool) -> str:
        record = Record(**known)
        runs[run] = MlflowTracker(**settings).begin(record, new)
        return record.run

    for line in sys.stdin:
        run, method, *values = json.loads(line)
        if method == "begin":
            answer(partial(begin, run, *values))
        else:
            answer(lambda run=run, method=method, values=values: getattr(runs[run], method)(*values))  # type: ignore[misc]
        if method == "end":
            runs.pop(run, None)
    for open_run in reversed(runs.values()):
        with suppress(*store_faults):
            open_run.end("KILLED", now())


if __name__ == "__main__":
    main()
    os._exit(0)  # MLflow's libraries take a third of a second to end

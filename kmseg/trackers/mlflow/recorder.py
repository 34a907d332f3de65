"""Where a run is recorded: in a second process that imports MLflow, while the first looks at images, or in the first.

Importing MLflow takes more than two seconds. A thread would take them from the work on images, since both hold Python's
lock. The process gets the record and then one call after the other as a line of JSON, and answers each with a line.
The command line starts it, for one run on more than one core; a sweep imports MLflow once and records many runs.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from queue import Empty, SimpleQueue
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

from kmseg.errors import UserError
from kmseg.second_process import claim_output, end, input_of, take
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

WAKE_UP = 0.1
"""Seconds of one wait for an answer: a wait without timeout ignores Ctrl-C on Windows."""


class StoreFault(Exception):
    """A fault of the store, told by the second process in the store's words."""


class RecorderEnded(StoreFault):
    """The second process has ended before it has answered, or cannot."""


def fault_types() -> tuple[type[Exception], ...]:
    """Return the exceptions of a store that fails, here or in the second process, without importing MLflow for them."""
    return (StoreFault, *(faults() if "mlflow" in sys.modules else ()))


class Opening:
    """When and where a run is opened in its store; leaving the block ends the second process.

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
        self._recorder = Recorder(process, tracker, record, new) if process is not None else None
        self._until = time.monotonic() + (0 if "mlflow" in sys.modules else HEAD_START)

    def __enter__(self) -> Opening:
        return self

    def __exit__(self, *error: object) -> None:
        if self._recorder is not None:
            self._recorder.close()

    def is_due(self) -> bool:
        """Whether the run can be opened without a wait, or shall be opened here."""
        return self.is_ready() if self._recorder is not None else time.monotonic() >= self._until

    def is_ready(self) -> bool:
        """Whether the second process has opened the run, or has failed to."""
        return self._recorder is not None and self._recorder.is_ready()

    def open(self) -> TrackedRun:
        """Open the run in the second process, or here if there is none or it has been killed."""
        if self._recorder is not None:
            with suppress(RecorderEnded):
                return self._recorder.open()
        return self._tracker.begin(self._record, self._new and self._recorder is None)


class Recorder:
    """The first process's end: tells the second one what to open, and makes calls of `TrackedRun` in it."""

    def __init__(self, process: subprocess.Popen[bytes], tracker: MlflowTracker, record: Record, new: bool) -> None:
        self._process = process
        self._answers: SimpleQueue[dict[str, Any] | None] = SimpleQueue()
        self._record = record
        threading.Thread(target=self._listen, name="kmseg-recorder", daemon=True).start()
        with suppress(RecorderEnded):  # told by `open`
            self._send([asdict(tracker), asdict(record), new])

    def is_ready(self) -> bool:
        """Whether the store is open, or cannot be opened."""
        return not self._answers.empty()

    def open(self) -> TrackedRun:
        """Wait until the run is open in the store; raise as opening it did."""
        self._record.run = self._answer()
        return cast("TrackedRun", RecordedRun(self))

    def call(self, method: str, *values: Any) -> Any:
        """Make a call in the second process and return its result."""
        self._send([method, *values])
        return self._answer()

    def close(self) -> None:
        """End the second process: at once while it imports, else after its present call. An open run is killed."""
        end(self._process)

    def _listen(self) -> None:
        for line in self._process.stdout or ():
            self._answers.put(json.loads(line))
        self._answers.put(None)

    def _send(self, message: list[Any]) -> None:
        try:
            pipe = input_of(self._process)
            pipe.write(json.dumps(message).encode() + b"\n")
            pipe.flush()
        except (OSError, ValueError):  # broken, or closed
            raise RecorderEnded("the process that records in MLflow has ended") from None

    def _answer(self) -> Any:
        while True:
            with suppress(Empty):
                answer = self._answers.get(timeout=WAKE_UP)
                break
        if answer is None:
            self._answers.put(None)
            raise RecorderEnded("the process that records in MLflow has ended")
        if "fault" in answer:
            raise StoreFault(answer["fault"])
        if "user" in answer:
            raise UserError(answer["user"])
        if "bug" in answer:  # maybe of the second process alone: this one makes the call, too
            raise RecorderEnded(answer["bug"])
        return answer["result"]


class RecordedRun:
    """A run that is open in the second process: calls go there."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def __getattr__(self, method: str) -> Callable[..., Any]:
        return lambda *values: self._recorder.call(method, *values)


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
    """Be the second process: open the run of the first line, make the calls of the others, until the input ends."""
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

    first = sys.stdin.readline()
    if not first:
        return
    settings, known, new = json.loads(first)
    record = Record(**known)
    run: Any = None

    def begin() -> str:
        nonlocal run
        run = MlflowTracker(**settings).begin(record, new)
        return record.run

    answer(begin)
    ended = run is None
    for line in sys.stdin:
        method, *values = json.loads(line)
        if method == "file":
            values[0] = Path(values[0])
        answer(lambda method=method, values=values: getattr(run, method)(*values))  # type: ignore[misc]
        ended = ended or method == "end"
    if not ended:
        with suppress(*store_faults):
            run.end("KILLED", now())


if __name__ == "__main__":
    main()
    os._exit(0)  # MLflow's libraries take a third of a second to end

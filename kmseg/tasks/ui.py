"""The pages of MLflow for the store in use, until Ctrl-C."""

from __future__ import annotations

import signal
from dataclasses import dataclass

from kmseg.pipeline.plan import Listing, Plan
from kmseg.validation import check_integer


@dataclass(frozen=True)
class Ui:
    """Serves the tracking store's pages on this machine, and nothing else: no run, and no files.

    Parameters
    ----------
    port : int
        Port of 127.0.0.1; a free one is taken if another program has it.
    """

    port: int = 5000

    def __post_init__(self) -> None:
        check_integer("task.port", self.port, at_least=0, at_most=65535)

    def run(self, plan: Plan) -> Listing:
        """Serve until the process is interrupted or told to end."""
        ended = signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            with plan.tracker.pages(self.port) as (address, wait):
                print(f"look at  {address}\nstop with Ctrl-C", flush=True)
                wait()
        except KeyboardInterrupt:
            return Listing(("stopped",), ())
        finally:
            signal.signal(signal.SIGTERM, ended)
        return Listing(("the server ended",), ())

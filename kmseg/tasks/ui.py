"""Serve MLflow's pages of the tracking store until Ctrl-C."""

from __future__ import annotations

import signal
from dataclasses import dataclass

from kmseg.pipeline.plan import Listing, Plan
from kmseg.validation import check_integer


@dataclass(frozen=True)
class Ui:
    """Serve the tracking store's pages on this machine; writes no files.

    Parameters
    ----------
    port : int
        Port on 127.0.0.1; if it is in use, a free one is chosen.
    """

    port: int = 5000

    def __post_init__(self) -> None:
        check_integer("task.port", self.port, at_least=0, at_most=65535)

    def run(self, plan: Plan) -> Listing:
        """Serve until the process receives SIGINT or SIGTERM."""
        ended = signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            with plan.tracker.pages(self.port) as (address, wait):
                print(f"view     {address}\nStop with Ctrl-C", flush=True)
                wait()
        except KeyboardInterrupt:
            return Listing(("stopped",), ())
        finally:
            signal.signal(signal.SIGTERM, ended)
        return Listing(("the server stopped",), ())

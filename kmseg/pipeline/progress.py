"""Progress and run times of the stages of a run."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from kmseg.executors import Executor
from kmseg.pipeline.merging import Merger

T = TypeVar("T")
R = TypeVar("R")


class Progress:
    """Time the stages of one run and show their progress on stderr, if it shall be `shown`.

    On a terminal each stage over images has a bar with rate and remaining time; otherwise one line when it ends.

    Attributes
    ----------
    watch : callable
        Called after each result of a stage; an exception that it raises ends the run.
    """

    def __init__(self, shown: bool = True) -> None:
        self._shown = shown
        self.seconds: dict[str, float] = {}
        self.watch: Callable[[], None] = lambda: None

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Add the run time of the block to stage `name`, in seconds."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - start

    def run_stage(
        self,
        name: str,
        what: str,
        executor: Executor,
        work: Callable[[Sequence[T]], R],
        items: Sequence[T],
        merge: Callable[[Sequence[R]], R],
    ) -> R:
        """Run `work` over chunks of `items` on the executor and return the merged result.

        Results are merged as they come, so that memory grows only with the merged result.
        """
        with self.timed(name), _progress(what, len(items), self._shown) as advance:
            merger = Merger(merge)
            results = executor.map(work, items)
            try:
                for result in results:
                    self.watch()
                    advance(getattr(result, "images", 0))
                    merger.add(result)
            finally:
                if isinstance(results, Generator):
                    results.close()  # stops the threads of `executor=threads` if the run was interrupted
            return merger.total()


def show_end(what: str, total: int, seconds: float) -> None:
    """Print the line with which a stage ends, where there is no terminal for a bar."""
    if not sys.stderr.isatty():
        print(f"{what}: {total} images in {seconds:.1f} s", file=sys.stderr)


@contextmanager
def _progress(what: str, total: int, shown: bool) -> Iterator[Callable[[int], None]]:
    if not shown:
        yield lambda done: None
        return
    if not sys.stderr.isatty():
        start = time.perf_counter()
        yield lambda done: None
        show_end(what, total, time.perf_counter() - start)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=False) as bars:
        bar = bars.add_task(what, total=total, rate="")

        def advance(done: int) -> None:
            bars.advance(bar, done)
            speed = bars.tasks[0].finished_speed or bars.tasks[0].speed
            bars.update(bar, rate=f"{speed:.0f} images/s" if speed else "")

        yield advance

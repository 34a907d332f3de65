"""Find the palettes of a sweep's next runs in a second process, while the first makes masks.

The second process has scikit-learn, the counted colors and the fits, the first the label images and all that is
written. What the second process fails at, the first does itself, so that every message comes from there.
"""

from __future__ import annotations

import gc
import os
import pickle
import sys
import time
from collections import deque
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kmseg.datasets import Dataset, Item, label_state
from kmseg.pipeline.progress import Progress, show_end
from kmseg.second_process import Answer, Channel, claim_output, end, is_started, take

if TYPE_CHECKING:
    import subprocess

    from kmseg.discovery.palette import Clusters, Found
    from kmseg.pipeline.count_colors import Counted, Learning

AHEAD = 4
"""Palettes that are asked for and not yet used, at most: each is held with the colors that it was found in."""


@dataclass(frozen=True)
class Learned:
    """A palette that the second process has found.

    Attributes
    ----------
    states : list
        Key and state of each label file that was read.
    found : Found
    counted : Counted
    seconds : mapping of str to float
        Seconds of each stage.
    """

    states: list[tuple[str, Hashable]]
    found: Found
    counted: Counted[Any]
    seconds: dict[str, float]


class LearnApart:
    """The first process's end: asks for palettes in the order of the runs, a few ahead of them."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._channel: Channel[Learned] = Channel(process, pickle.load)
        self._next: deque[Learning] = deque()
        self._asked: deque[tuple[str, Answer[Learned]]] = deque()

    def plan(self, learnings: Sequence[Learning]) -> None:
        """Ask for the palettes of the next runs."""
        self._next.extend(learnings)
        self._ask()

    def take(self, key: str) -> Learned | None:
        """Wait for the palette with a key; those asked for before it belong to runs that did not need them."""
        if key not in [asked for asked, _ in self._asked] + [learning.key for learning in self._next]:
            return None
        while True:
            self._ask()
            asked, answer = self._asked.popleft()
            if asked == key:
                learned = answer.get()
                self._ask()
                return learned

    def _ask(self) -> None:
        while self._next and len(self._asked) < AHEAD:
            learning = self._next.popleft()
            try:
                answer = self._channel.send(pickle.dumps(learning))
            except Exception:  # a part that cannot be pickled
                answer = Answer()
                answer.put(None)
            self._asked.append((learning.key, answer))


_APART: list[LearnApart] = []
"""The second process of this command, once palettes were asked of it."""


def is_there() -> bool:
    """Whether there is a second process."""
    return bool(_APART) or is_started(__name__)


def learn_ahead(learnings: Sequence[Learning]) -> None:
    """Let the second process find the palettes of the next runs, if there is one; it ends if there are none to find."""
    if not _APART and (process := take(__name__)) is not None:
        if not learnings:
            end(process)
            return
        _APART.append(LearnApart(process))
    for apart in _APART:
        apart.plan(learnings)


def take_learned(
    key: str, dataset: Dataset, sampled: Sequence[Item], progress: Progress
) -> tuple[Found, Counted[Any]] | None:
    """Return the palette that was found in the second process in the same files, and its counts; None if there is none.

    The time that it took there counts as this run's.
    """
    if not _APART:
        return None
    start = time.perf_counter()
    learned = _APART[0].take(key)
    if learned is None or learned.states != _states(dataset, sampled):
        return None
    waited = time.perf_counter() - start
    for stage, seconds in learned.seconds.items():
        progress.seconds[stage] = progress.seconds.get(stage, 0.0) + seconds
    progress.seconds["total"] = progress.seconds.get("total", 0.0) + max(sum(learned.seconds.values()) - waited, 0.0)
    show_end("reading colors", len(sampled), learned.seconds["discover"])
    return learned.found, learned.counted


def _states(dataset: Dataset, items: Sequence[Item]) -> list[tuple[str, Hashable]]:
    return [(item.key, label_state(dataset, item)) for item in items]


@dataclass(frozen=True)
class _Fit:
    """A fit that is done; functions that hold their values cannot be sent."""

    clusters: Clusters

    def __call__(self) -> Clusters:
        return self.clusters


def _learn(learning: Learning) -> Learned:
    from kmseg.datasets import list_items
    from kmseg.pipeline.count_colors import learn

    progress = Progress(shown=False)
    sampled = learning.sampling.choose(list_items(learning.dataset)[0])
    states = _states(learning.dataset, sampled)
    found, counted = learn(learning, sampled, progress)
    with progress.timed("fit"):
        found = replace(found, fit=_Fit(found.clusters))
    return Learned(states, found, counted, progress.seconds)


def main() -> None:
    """Be the second process: find palettes until the input ends."""
    answers = os.fdopen(claim_output(), "wb")
    gc.disable()  # imports make many objects, and no garbage
    import sklearn.cluster  # noqa: F401  # while the first process composes the runs' configs

    import kmseg.pipeline.count_colors  # noqa: F401  # as above

    gc.enable()
    gc.freeze()
    while True:
        try:
            learning = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        try:
            learned = pickle.dumps(_learn(learning))
        except Exception:  # the first process meets it too, and says so
            learned = pickle.dumps(None)
        try:
            answers.write(learned)
            answers.flush()
        except BrokenPipeError:  # the first process is gone
            os._exit(1)


if __name__ == "__main__":
    from kmseg.pipeline import learn_apart  # under its name: what is sent names the module of its class

    learn_apart.main()

"""Look at the input in a second process, while the first counts colors: both would hold Python's lock."""

from __future__ import annotations

import gc
import os
import pickle
import sys
from collections.abc import Sequence
from contextlib import suppress

from kmseg.audit.input_kinds import LookAtImages, Looked
from kmseg.datasets import Item
from kmseg.errors import UserError
from kmseg.second_process import claim_output, end, input_of, take
from kmseg.storage import is_elsewhere


class LookApart:
    """The first process's end: a look that the second one takes."""

    def __init__(self, work: LookAtImages, chosen: Sequence[Item]) -> None:
        self._process = None if _needs_this_process(work, chosen) else take(__name__)
        if self._process is not None:
            try:
                with input_of(self._process) as pipe:
                    pickle.dump((work, list(chosen)), pipe)
            except Exception:  # a dataset that cannot be pickled, or a process that has ended
                end(self._process)
                self._process = None

    def result(self) -> Looked | None:
        """Wait for what was seen; raise as the look did; None if there is no second process, or it has ended."""
        if self._process is None or self._process.stdout is None:
            return None
        with suppress(EOFError, pickle.UnpicklingError):
            try:
                answer: Looked | UserError = pickle.load(self._process.stdout)
            finally:
                end(self._process)
            if isinstance(answer, UserError):
                raise answer
            return answer
        return None


def _needs_this_process(work: LookAtImages, chosen: Sequence[Item]) -> bool:
    """Return whether a dataset is a plugin's, or lies in an archive or a bucket, which this process has open."""
    own = type(work.dataset).__module__.startswith("kmseg.")
    return not own or any(is_elsewhere(item.label) for item in chosen)


def main() -> None:
    """Be the second process: take one look, and answer what was seen."""
    gc.disable()
    answers = os.fdopen(claim_output(), "wb")
    import kmseg.datasets.folder
    import kmseg.datasets.pairs
    import kmseg.image_kinds  # noqa: F401  # while the first process lists the files

    with suppress(EOFError, BrokenPipeError):
        work, chosen = pickle.load(sys.stdin.buffer)
        answer: Looked | UserError
        try:
            answer = work(chosen)
        except UserError as error:
            answer = error
        with answers:
            pickle.dump(answer, answers)


if __name__ == "__main__":
    main()

"""Say what the files below a folder are: labels, photos, legend, splits and the rest. Nothing is masked."""

from __future__ import annotations

from dataclasses import dataclass

from kmseg.datasets.decide import decide
from kmseg.datasets.decision import Decision
from kmseg.draw.inspection import inspection_picture
from kmseg.errors import Undecided, UserError
from kmseg.files import write_json
from kmseg.images import write_png
from kmseg.pipeline.outputs import prepare_folder
from kmseg.pipeline.plan import Listing, Plan


@dataclass(frozen=True)
class Inspect:
    """Look at a folder and write what was found as `dataset.json` and as the contact sheet `inspect.png`."""

    def run(self, plan: Plan) -> Listing:
        """Write both files into the run's folder, and return what was found as a table."""
        prepare_folder(plan)
        decision = plan.decision or _look(plan)
        write_json(plan.folder / "dataset.json", decision.record())
        write_png(plan.folder / "inspect.png", inspection_picture(decision))
        files = ("files", f"{plan.folder / 'dataset.json'}, inspect.png")
        # What dataset=auto decided is printed before any work.
        return Listing(("", ""), (files,) if plan.decision else (*decision.lines(), files))


def _look(plan: Plan) -> Decision:
    """Look at the folder of a dataset that the user chose."""
    root = getattr(plan.dataset, "root", None)
    if not isinstance(root, str) or plan.choices.get("dataset") == "sample":
        raise UserError("task=inspect looks at a folder; give it as dataset.root=FOLDER")
    decision, given = decide(root), plan.palette.file
    if given is None and decision.legend_question:
        raise Undecided(decision.legend_question)
    return (decision.with_legend(given) if given else None) or decision

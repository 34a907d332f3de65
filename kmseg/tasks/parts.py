"""List every option of every group and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass

from kmseg.pipeline.plan import Listing, Plan
from kmseg.plugins import options


@dataclass(frozen=True)
class Parts:
    """Print all options, built in and from plugins; writes no files."""

    def run(self, plan: Plan) -> Listing:
        """List the options."""
        groups: dict[str, list[tuple[str, ...]]] = {}
        for option in options():
            groups.setdefault(option.group, []).append((option.name, option.help, option.origin))
        rows = [
            (group if number == 0 else "", *row)
            for group in sorted(groups)
            for number, row in enumerate(sorted(groups[group]))
        ]
        return Listing(("group", "option", "what it is", "from"), tuple(rows))

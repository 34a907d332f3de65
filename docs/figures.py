"""Put the figures that benchmarks measured into the pages: `python docs/figures.py`.

A page marks a table with `<!-- figures: NAME -->` and `<!-- end of figures -->`; `TABLES` makes it from a file in
`benchmarks/results/`, which the benchmark wrote. `tests/docs/test_figures.py` fails where a page says something else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
PAGES = [ROOT / "README.md", ROOT / "docs" / "quality.md"]
MARKED = re.compile(r"(<!-- figures: (\S+) -->\n).*?(<!-- end of figures -->)", re.S)

SUMMARY = {
    "K-Means k=13": "K-Means as in the report (k=13, ten images, nearest color)",
    "K-Means k=30": "K-Means, k=30",
    "ours, no legend": "**kmseg**",
    "HSV ranges, best": "given the true legend: HSV ranges, the best of 20 tolerances",
    "nearest, true legend": "given the true legend: nearest color",
    "ours, true legend": "**given the true legend: kmseg**",
}
"""Rows of the README's table: how a method's name begins in the results, and what the README calls it."""


def read_results(name: str) -> dict[str, Any]:
    """Read what a benchmark wrote."""
    return json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))


def summary_table() -> str:
    """Return kmseg against other methods on kitti_pairs."""
    result = read_results("quality")
    lines = ["| | classes found | spurious colors | mean IoU |", "|---|---|---|---|"]
    for start, title in SUMMARY.items():
        (row,) = [r for r in result["rows"] if r["set"] == "kitti_pairs" and r["method"].startswith(start)]
        found = re.match(r"(\d+ of \d+), (\d+) spurious", row["legend"])
        cells = [title, *(found.groups() if found else ("-", "-")), f"{row['miou']:.2f}"]
        bold = title.startswith("**")
        lines.append("| " + " | ".join(f"**{c.strip('*')}**" if bold and c else c for c in cells) + " |")
    return "\n".join([*lines, "", f"Measured on {result['date']} ({result['machine']}): `{result['command']}`."])


def quality_table() -> str:
    """Return every method on every data set that was measured."""
    result = read_results("quality")
    lines = ["| data set | method | legend found | mean IoU |", "|---|---|---|---|"]
    for row in result["rows"]:
        miou = "-" if row["miou"] is None else f"{row['miou']:.3f}"
        lines.append(f"| {row['set']} | {row['method'].replace('ours', 'kmseg')} | {row['legend']} | {miou} |")
    return "\n".join([*lines, "", f"Measured on {result['date']} ({result['machine']}): `{result['command']}`."])


TABLES: dict[str, Callable[[], str]] = {"summary": summary_table, "quality-lossy": quality_table}


def filled(text: str) -> str:
    """Return a page's text with its marked tables made from the results."""
    return MARKED.sub(lambda match: f"{match[1]}{TABLES[match[2]]()}\n{match[3]}", text)


def main() -> None:
    """Fill the tables of all pages."""
    for page in PAGES:
        page.write_text(filled(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()

"""What a tree of files is taken for: the explicit settings, and the lines and the record that say so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from kmseg.datasets.folder import describe_splits
from kmseg.datasets.inspection import UNIFORM, LabelSet, Series, group_by_folder, read_sample
from kmseg.datasets.legend_search import LegendFit, find_rivals
from kmseg.datasets.overrides import quote_override
from kmseg.datasets.splits import NAMES

SHOWN = 4
"""Names that a line lists at most."""


@dataclass(frozen=True, eq=False)
class Decision:
    """What a tree of files is taken for.

    Attributes
    ----------
    root : str
        The tree, as the user gave it.
    dataset : str
        The option of the group `dataset`.
    settings : mapping of str to str or list of str
        Its settings, by their names without `dataset.`.
    labels : LabelSet
    photos : mapping of str to str
        The photo of each label that has one, by paths below the tree's root.
    legend : LegendFit or None
        The legend file whose colors occur.
    other_legends : sequence of LegendFit
        Legend files that are not used.
    splits : mapping of str to str
        The split of each label by its path; empty where none is named.
    unused : mapping of str to str
        Every file that is not used, with what it is.
    series : sequence of Series
        All images of the tree.
    layout : str
        The known layout; empty for none.
    files : int
        Files in the tree.
    hints : mapping of str to str
        Settings that take what could be used instead, by what it is.
    blend : str
        What is known of the blend, where the labels are overlays on photos.
    set_aside : str
        The legend file that fits and is not used, why, and the settings that take it.
    names_only : bool
        Whether the legend file only names the classes that are found.
    """

    root: str
    dataset: str
    settings: Mapping[str, Any]
    labels: LabelSet
    photos: Mapping[str, str]
    legend: LegendFit | None
    other_legends: Sequence[LegendFit]
    splits: Mapping[str, str]
    unused: Mapping[str, str]
    series: Sequence[Series]
    layout: str = ""
    files: int = 0
    hints: Mapping[str, str] = field(default_factory=dict)
    blend: str = ""
    set_aside: str = ""
    names_only: bool = False

    def with_names_only(self) -> Decision:
        """Return the decision in which the legend file names the classes that are found by their colors."""
        return replace(self, names_only=True)

    def without_legend(self, reason: str, remedy: str, setting: str = "palette.file") -> Decision:
        """Return the decision without the legend file, which is then among those not used.

        Parameters
        ----------
        reason : str
            Why the legend is not used.
        remedy, setting : str
            What to do to take it, and the setting that does, whose value is the file.
        """
        if self.legend is None:
            return self
        unused = {**self.unused, self.legend.file: "a legend that fits"}
        file = quote_override(setting, str(Path(self.root) / self.legend.path))
        said = f"{self.legend.path} ({self.legend.describe()}) is not used: {reason}; {remedy} {file}"
        others = (self.legend, *self.other_legends)
        return replace(self, legend=None, other_legends=others, unused=unused, set_aside=said)

    def with_legend(self, file: str) -> Decision | None:
        """Return the decision with a legend file of the tree that the user gave; None where it is none of these."""
        fits = [*([self.legend] if self.legend else []), *self.other_legends]
        given = Path(file).resolve()
        taken = next((fit for fit in fits if (Path(self.root) / fit.path).resolve() == given), None)
        if taken is None:
            return None
        unused = {path: what for path, what in self.unused.items() if path != taken.file}
        if self.legend is not None and taken is not self.legend:
            unused[self.legend.file] = "a legend that fits"
        return replace(self, legend=taken, other_legends=[fit for fit in fits if fit is not taken], unused=unused)

    @property
    def legend_question(self) -> str:
        """The question where other legends fit equally and name the classes differently; empty where none does."""
        if self.legend is None:
            return ""
        rivals = [self.legend, *find_rivals(self.legend, self.other_legends)]
        lines = [f"  {quote_override('palette.file', str(Path(self.root) / fit.path))}" for fit in rivals]
        names = ", ".join(fit.path for fit in rivals)
        said = f"{len(rivals)} legends fit the labels and name them differently: {names}; add one of:\n"
        return said + "\n".join(lines) if len(rivals) > 1 else ""

    @property
    def overrides(self) -> list[tuple[str, Any]]:
        """The explicit settings, as keys and values of the command line."""
        found: list[tuple[str, Any]] = [("dataset", self.dataset)]
        found += [(f"dataset.{name}", value) for name, value in self.settings.items()]
        if self.legend is not None:
            key = "palette.names" if self.names_only else "palette.file"
            found.append((key, str(Path(self.root) / self.legend.path)))
        return found

    @property
    def command(self) -> str:
        """The explicit settings as words to paste behind `kmseg`."""
        return " ".join(quote_override(key, value) for key, value in self.overrides)

    def lines(self) -> list[tuple[str, str]]:
        """Say what was decided: a word and a sentence for each thing."""
        found = [("labels", f"{_list_folders(self.labels.folders)} ({self._describe(self.labels)})")]
        if self.blend:
            found.append(("blend", f"labels blended onto photos: {self.blend}"))
        if self.dataset in ("pairs", "panels"):
            side = {"pairs": "photo and label side by side", "panels": "panels"}[self.dataset]
            found.append(("photos", f"in the same files: {side}, label {self.settings.get('label', '')}".rstrip(", ")))
        elif self.photos:
            folders = sorted({path.rpartition("/")[0] or "." for path in self.photos.values()})
            without = len(self.labels.paths) - len(self.photos)
            found.append(("photos", f"{_list_folders(folders)} ({len(self.photos)} paired, {without} without)"))
        else:
            found.append(("photos", "none"))
        legend = (
            f"{self.legend.path} ({self.legend.describe()}){' names the classes that are found' * self.names_only}"
            if self.legend
            else self.set_aside or "none; the classes are found in the labels"
        )
        found.append(("legend", legend))
        others = self.other_legends[1:] if self.set_aside else self.other_legends
        found += [("", f"{fit.path} ({fit.describe()})") for fit in others[:SHOWN]]
        if self.splits:
            found.append(("splits", describe_splits(self.splits)))
        if self.unused:
            found.append(("not used", describe_unused(self.unused)))
        found += [("", f"{what}: {line} to use them") for what, line in list(self.hints.items())[:SHOWN]]
        if len(self.hints) > SHOWN:
            found.append(("", f"{len(self.hints) - SHOWN} more sets could be used"))
        found.append(("same as", self.command))
        return found

    def _describe(self, labels: LabelSet) -> str:
        suffixes = Counter(Path(path).suffix.lower().lstrip(".").upper() for path in labels.paths)
        kinds = " and ".join(suffix or "no suffix" for suffix, _ in suffixes.most_common(2))
        return f"{len(labels.paths)} {kinds}, {plural(labels.kind)}{self._size()}"

    def _size(self) -> str:
        pixels = read_sample(Path(self.root) / self.labels.series[0].example)
        return "" if pixels is None else f", {pixels.shape[1]}x{pixels.shape[0]}"

    def record(self) -> dict[str, Any]:
        """Return the decision as `dataset.json` has it."""
        photos = sorted(self.photos.values())
        return {
            "root": self.root,
            "layout": self.layout or None,
            "dataset": self.dataset,
            "labels": {
                "folders": self.labels.folders,
                "pattern": name_pattern(self.labels.series),
                "count": len(self.labels.paths),
                "kind": self.labels.kind,
            },
            "photos": {
                "folders": sorted({path.rpartition("/")[0] or "." for path in photos}),
                "paired": len(photos),
                "without": len(self.labels.paths) - len(photos),
            }
            if photos
            else None,
            "legend": self.legend.path if self.legend else None,
            "legends_not_used": {fit.path: fit.describe() for fit in self.other_legends},
            "splits": {name: count for name in NAMES if (count := Counter(self.splits.values())[name])},
            "settings": dict(self.settings),
            "not_used": {"count": len(self.unused), "groups": unused_record(self.unused)},
            "files": self.files,
            "command": f"kmseg {self.command}",
        }


def unused_record(unused: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the files that are not used by folder and reason, a few of them by name."""
    groups: dict[tuple[str, str], list[str]] = {}
    for folder, paths in group_by_folder(unused).items():
        for path in paths:
            groups.setdefault((folder, unused[path]), []).append(path.rpartition("/")[2])
    return [
        {"folder": folder or ".", "what": what, "count": len(names), "examples": names[:SHOWN]}
        for (folder, what), names in sorted(groups.items())
    ]


def describe_unused(unused: Mapping[str, str]) -> str:
    """Say in a line how many files are not used, and which."""
    entries = unused_record(unused)
    total = sum(entry["count"] for entry in entries)
    said = []
    for entry in sorted(entries, key=lambda one: -one["count"]):
        folder = "" if entry["folder"] == "." else f"{entry['folder']}/"
        if entry["count"] <= 2:
            said += [f"{folder}{name}" for name in entry["examples"]]
        else:
            what = "other files" if entry["what"] == "not an image" else entry["what"]
            said.append(f"{folder or './'} ({entry['count']} {what})")
    more = f" and more in {len(said) - 6} places" if len(said) > 6 else ""
    return f"{total} file{'s' * (total != 1)}: {', '.join(said[:6])}{more}"


def plural(kind: str) -> str:
    """Return a kind of images as a line lists it."""
    return kind if kind.endswith("s") or kind in ("mixed", "unreadable", UNIFORM) else f"{kind}s"


def _list_folders(folders: Sequence[str]) -> str:
    shown = [f"{folder}/" if folder != "." else "./" for folder in folders]
    more = f" and {len(shown) - SHOWN} more" if len(shown) > SHOWN else ""
    return ", ".join(shown[:SHOWN]) + more


def name_pattern(series: Sequence[Series]) -> str:
    """Return the pattern of names that all of some series have; `*` where they differ."""
    patterns = sorted({one.named.pattern for one in series})
    return patterns[0] if len(patterns) == 1 else "*"

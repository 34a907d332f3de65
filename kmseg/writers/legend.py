"""The legend in the file formats of other tools."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kmseg.errors import UserError
from kmseg.files import write_text
from kmseg.legends.formats import FORMATS, USUAL
from kmseg.palette import Palette
from kmseg.validation import check_choice
from kmseg.writers import PerImage, Segmented, WholeRun


@dataclass(frozen=True)
class Legend(PerImage):
    """`legend/`: the classes with the colors in which they are painted, one file per format.

    Parameters
    ----------
    formats : list of str, one str, or None
        Any of `kmseg.legends.formats.FORMATS`, such as `class_dict`, `cvat`, `camvid`, `itksnap`, `gimp`, `qgis`,
        `supervisely` and `label_studio`; None writes the eight usual ones. Readers of `camvid` and `freesurfer` split
        at blanks, so that a name has `_` for each there; the files of `huggingface` and `roboflow` have no colors.
    """

    formats: Sequence[str] | str | None = None

    def __post_init__(self) -> None:
        for form in self._selected:
            check_choice("writers.legend.formats", form, list(FORMATS))

    def check(self, palette: Palette) -> None:
        """Raise `UserError` if one of the formats cannot hold a class."""
        fitting, reason = [], ""
        for form in self._selected:
            try:
                FORMATS[form].to_text(palette)
                fitting.append(form)
            except UserError as error:
                reason = reason or str(error)
        if reason:
            raise UserError(f"{reason}: writers.legend.formats=[{','.join(fitting)}]")

    def write(self, image: Segmented, palette: Palette, folder: Path) -> None:
        """Write nothing: all images have one legend."""

    def finish(self, notes: Sequence[Any], run: WholeRun) -> list[Path]:
        """Write the files."""
        return [
            write_text(run.folder / "legend" / FORMATS[form].file, FORMATS[form].to_text(run.palette))
            for form in self._selected
        ]

    @property
    def _selected(self) -> list[str]:
        return (
            [self.formats] if isinstance(self.formats, str) else list(USUAL if self.formats is None else self.formats)
        )

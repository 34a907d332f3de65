"""The legend in the files that other tools have for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kmseg.errors import UserError
from kmseg.files import write_text
from kmseg.legends.forms import FORMS
from kmseg.palette import Palette
from kmseg.validation import check_choice
from kmseg.writers import PerImage, Segmented, WholeRun


@dataclass(frozen=True)
class Legend(PerImage):
    """`legend/`: the classes with the colors in which they are painted, one file for each form.

    Parameters
    ----------
    formats : list of str, one str, or None
        `class_dict`, `cvat`, `camvid`, `datumaro`, `fiftyone`, `huggingface`, `mmsegmentation`, `json`; None writes
        all of them. CamVid's readers split at blanks, so that a name has `_` for each there; Hugging Face's file has
        no colors.
    """

    formats: Sequence[str] | str | None = None

    def __post_init__(self) -> None:
        for form in self._wanted:
            check_choice("writers.legend.formats", form, list(FORMS))

    def check(self, palette: Palette) -> None:
        """Fail if one of the forms cannot hold a class."""
        for form in self._wanted:
            try:
                FORMS[form].of(palette)
            except UserError as error:
                raise UserError(f"{error}: writers.legend.formats is {', '.join(self._wanted)}") from None

    def write(self, image: Segmented, palette: Palette, folder: Path) -> None:
        """Write nothing: all images have one legend."""

    def finish(self, notes: Sequence[Any], run: WholeRun) -> list[Path]:
        """Write the files."""
        return [
            write_text(run.folder / "legend" / FORMS[form].file, FORMS[form].of(run.palette)) for form in self._wanted
        ]

    @property
    def _wanted(self) -> list[str]:
        return (
            [self.formats] if isinstance(self.formats, str) else list(FORMS if self.formats is None else self.formats)
        )

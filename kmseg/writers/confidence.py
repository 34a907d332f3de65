"""How sure each pixel's class is, as a gray picture."""

from dataclasses import dataclass
from pathlib import Path

from kmseg.confidence import measure_confidence
from kmseg.images import write_png
from kmseg.palette import Palette
from kmseg.writers import PerImage, Segmented


@dataclass(frozen=True)
class Confidence(PerImage):
    """`confidence/<stem>.png`: 8-bit gray PNG, 255 times the probability that the pixel's class is right.

    For a loss that weighs pixels, or to choose `masker.ignore_below`, whose ignored pixels have their confidence, too.
    """

    def write(self, image: Segmented, palette: Palette, folder: Path) -> None:
        """Write the confidence of one image's pixels."""
        mask = image.mask if image.complete is None else image.complete
        write_png(folder / "confidence" / f"{image.key}.png", measure_confidence(image.label, mask, palette))

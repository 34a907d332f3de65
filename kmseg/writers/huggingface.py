"""A data set that Hugging Face's `datasets` loads from its folder."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kmseg.files import write_json, write_text
from kmseg.images import write_png
from kmseg.palette import Palette
from kmseg.writers import Segmented, WholeRun
from kmseg.writers.dataset_layout import Layout

Row = tuple[str, str | None, str]
FOLDERS = {"train": "train", "val": "validation", "test": "test"}


@dataclass(frozen=True)
class HuggingFace(Layout):
    """`huggingface/train` and `validation`, for `load_dataset("huggingface")`: columns `image` and `mask`.

    Each has its files and a `metadata.jsonl`; `id2label.json` names the classes, 255 (65535) = ignore. See `Layout` for
    the settings.
    """

    def write(self, image: Segmented, palette: Palette, folder: Path) -> Row:
        """Write photo and mask of one image; return its part and its files."""
        part, key = FOLDERS[self.assign_split(image)], self.make_key(image)
        root = folder / "huggingface" / part
        mask = write_png(root / "masks" / f"{key}.png", image.mask)
        photo = self.put_photo(image, root / "images", key)
        return part, photo.relative_to(root).as_posix() if photo else None, mask.relative_to(root).as_posix()

    def finish(self, notes: Sequence[Row], run: WholeRun) -> list[Path]:
        """Write the lists of files and the classes' names."""
        root = run.folder / "huggingface"
        lines: dict[str, list[str]] = defaultdict(list)
        for part, photo, mask in notes:
            columns = ({"image_file_name": photo} if photo else {}) | {"mask_file_name": mask}
            lines[part].append(json.dumps(columns, ensure_ascii=False) + "\n")
        listed = [write_text(root / part / "metadata.jsonl", "".join(rows)) for part, rows in lines.items()]
        return [*listed, write_json(root / "id2label.json", {str(k): name for k, name in enumerate(run.palette.names)})]

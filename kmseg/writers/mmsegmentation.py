"""A data set as mmsegmentation reads it (BaseSegDataset, version 1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kmseg.errors import UserError
from kmseg.files import write_json, write_text
from kmseg.images import write_png
from kmseg.palette import Palette
from kmseg.writers import Segmented, WholeRun
from kmseg.writers.dataset_layout import Layout, refuse_more_than_8_bits, splits_written, usual_suffix


@dataclass(frozen=True)
class MMSegmentation(Layout):
    """`mmsegmentation/img_dir` and `ann_dir`, each with `train` and `val`; `dataset.py` to inherit from.

    `metainfo.json` has the same `classes` and `palette`, and is a legend file that kmseg reads. See `Layout` for the
    settings.
    """

    def check(self, palette: Palette) -> None:
        """Raise `UserError` if 8 bits cannot hold the classes."""
        refuse_more_than_8_bits(palette, "mmsegmentation")

    def write(self, image: Segmented, palette: Palette, folder: Path) -> list[str]:
        """Write photo and mask of one image; return its split and the suffix of the photo."""
        root, part, key = folder / "mmsegmentation", self.assign_split(image), self.make_key(image)
        write_png(root / "ann_dir" / part / f"{key}.png", image.mask)
        photo = self.put_photo(image, root / "img_dir" / part, key)
        return [part, photo.suffix if photo else ""]

    def check_photos(self, photos: Sequence[Path]) -> None:
        """Fail if the photos have several suffixes, since mmsegmentation knows one."""
        suffixes = sorted({usual_suffix(photo) for photo in photos})
        if len(suffixes) > 1 and self.photos != "png":
            raise UserError(
                f"mmsegmentation reads photos of one suffix, and these have {', '.join(suffixes)}; "
                "give them one suffix with writers.mmsegmentation.photos=png"
            )

    def finish(self, notes: Sequence[Sequence[str]], run: WholeRun) -> list[Path]:
        """Write the data set's config."""
        suffixes = sorted({suffix for _, suffix in notes if suffix})
        root = run.folder / "mmsegmentation"
        classes, colors = list(run.palette.names), run.palette.painted.tolist()
        loaders = "".join(
            _loader(part, suffixes[0] if suffixes else ".jpg") for part in splits_written([part for part, _ in notes])
        )
        config = (
            "# A data set of kmseg; inherit from this file with _base_ in a config of mmsegmentation.\n"
            f"data_root = {str(root.resolve())!r}\n"
            f"metainfo = dict(\n    classes={classes!r},\n    palette={colors!r},\n)\n{loaders}"
        )
        return [
            write_json(root / "metainfo.json", {"classes": classes, "palette": colors}),
            write_text(root / "dataset.py", config),
        ]


def _loader(part: str, suffix: str) -> str:
    return f"""{part}_dataloader = dict(
    dataset=dict(
        type="BaseSegDataset",
        data_root=data_root,
        metainfo=metainfo,
        data_prefix=dict(img_path="img_dir/{part}", seg_map_path="ann_dir/{part}"),
        img_suffix={suffix!r},
        seg_map_suffix=".png",
        reduce_zero_label=False,
    )
)
"""

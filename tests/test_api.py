"""kmseg from Python: images in, palette and masks out, with swatches in notebooks."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import kmseg as package
from kmseg.errors import UserError
from kmseg.images import read_rgb
from kmseg.maskers.nearest import Nearest
from tests.conftest import COLORS, draw_label


def colors_of(palette) -> set[tuple[int, ...]]:
    return {tuple(color) for color in palette.colors.tolist()}


def test_a_folder_files_and_arrays_give_the_same_palette_and_masks(labels):
    files = sorted(labels.rglob("*.png"), key=lambda path: path.relative_to(labels).as_posix())
    arrays = [read_rgb(path) for path in files]
    palette = package.discover(labels)
    assert colors_of(palette) == set(COLORS.values())
    for images in (str(labels), files, iter(arrays)):
        assert np.array_equal(package.discover(images).colors, palette.colors)
    for images in (labels, files, arrays):
        masks = package.segment(images, palette)
        assert all(np.array_equal(palette.paint(m), label) for m, label in zip(masks, arrays, strict=True))
    assert np.array_equal(package.segment(labels, palette, workers=2)[3], masks[3])


def test_the_papers_way_and_the_users_wishes(labels, legend):
    assert len(package.discover(labels, k=3)) == 3
    assert (9, 9, 9) in colors_of(package.discover(labels, pin=[(9, 9, 9)]))
    mask = package.segment(draw_label(), legend, masker=Nearest())[0]
    assert np.array_equal(package.read_palette(legend).paint(mask), draw_label())
    with pytest.raises(UserError, match="k='auto'"):
        package.discover(labels, k=3, pin=[(9, 9, 9)])


@pytest.mark.parametrize(
    ("images", "says"),
    [
        ([], "no images"),
        (np.zeros((4, 4), np.uint8)[None, ..., None], r"shape \(4, 4, 1\).*\(H, W, 3\) uint8"),
        ([np.full((4, 4, 3), 0.5)], r"float64.*255 \* image"),
        ([np.zeros((4, 4, 4), np.uint8)], r"image\[..., :3\]"),
        (None, "images is NoneType"),
        (np.zeros((0, 4, 3), np.uint8), "without pixels"),
        (["nowhere.png"], "nowhere.png: cannot be opened"),
    ],
)
def test_what_is_no_label_image_is_refused_in_one_sentence(images, says):
    with pytest.raises(UserError, match=says):
        package.discover(images)


def test_numpys_numbers_read_only_and_memory_mapped_arrays_are_taken(labels, palette, tmp_path):
    label = draw_label()
    label.flags.writeable = False
    np.save(tmp_path / "label.npy", label)
    mapped = np.load(tmp_path / "label.npy", mmap_mode="r")
    assert len(package.discover([label, mapped], k=np.int64(3), seed=np.uint32(1))) == 3
    assert colors_of(package.discover(label[::-1, ::-1], pin=[np.array((9, 9, 9))])) == {*COLORS.values(), (9, 9, 9)}
    first, second = package.segment((image for image in (label, mapped)), palette)
    assert np.array_equal(first, second)
    assert np.array_equal(palette.paint(first), label)


def test_whole_levels_of_any_type_pillows_images_and_names_with_colors_are_taken(palette):
    label = draw_label()
    (expected,) = package.segment(label, palette)
    for image in (
        label.astype(np.uint16),
        label.astype(float),
        Image.fromarray(label),
        Image.fromarray(label).quantize(4),
    ):
        assert np.array_equal(package.segment(image, COLORS)[0], expected)


def test_arrays_in_bgr_order_or_of_other_colors_are_warned_of(palette):
    with pytest.warns(UserWarning, match="red and blue exchanged"):
        package.segment(draw_label()[..., ::-1], palette)
    with pytest.warns(UserWarning, match="photos, or another legend"):
        package.segment(np.full((8, 8, 3), 255, np.uint8), palette)


def test_parts_and_masks_that_are_none_are_refused(palette):
    with pytest.raises(UserError, match="masker is 'nearest'; expected one such as"):
        package.segment(draw_label(), palette, masker="nearest")
    with pytest.raises(UserError, match="color_space is 'lab'"):
        package.discover(draw_label(), color_space="lab")
    with pytest.raises(UserError, match="the mask has the value 77"):
        palette.paint(np.full((2, 2), 77))


def test_swatches_show_every_class_and_names_are_only_text(capsys):
    palette = package.Palette(["road", "<script>alert(1)</script>"], [(128, 64, 128), (0, 0, 142)])
    html = palette._repr_html_()
    assert "#804080" in html
    assert "&lt;script&gt;" in html
    assert "<script>" not in html
    palette.show()
    assert "128 64 128" in capsys.readouterr().out
    assert repr(palette) == "Palette(2 classes: road #804080, <script>alert(1)</script> #00008e)"


def test_importing_kmseg_is_light_and_says_what_it_offers():
    code = "import sys, kmseg; dir(kmseg); print([m for m in ('numpy', 'cv2', 'sklearn', 'rich') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert {"discover", "segment", "Palette", "read_palette", "write_palette"} <= set(dir(package))
    with pytest.raises(AttributeError, match="public names"):
        _ = package.find

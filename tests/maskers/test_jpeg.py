import cv2
import numpy as np
import pytest

from kmseg.color_spaces.rgb import Rgb
from kmseg.encoding import JPEG_CHROMA_TABLE, JPEG_LUMA_TABLE
from kmseg.errors import UserError
from kmseg.executors.processes import Processes
from kmseg.executors.serial import Serial
from kmseg.executors.threads import Threads
from kmseg.images import Box, LabelImage, read_label_image
from kmseg.maskers import examine
from kmseg.maskers.boundary import Boundary
from kmseg.maskers.jpeg import Jpeg
from kmseg.maskers.jpeg.coefficients import read_coefficients
from kmseg.maskers.jpeg.decoded import Sampling, compress, scale, to_rgb
from kmseg.maskers.jpeg.file_model import axis, cosines
from kmseg.maskers.jpeg.resized import search_resized
from kmseg.maskers.jpeg.resized_model import cubic, fine_axis, whole_pixels
from kmseg.maskers.nearest import Nearest
from kmseg.palette import Palette
from kmseg.pixels.ycbcr import to_ycbcr

pytest.importorskip("jpeglib", reason="has no wheel for this platform")

PLAN = Palette(
    ["room", "wall", "window", "door", "stair"],
    np.array([(250, 252, 248), (40, 88, 130), (150, 176, 80), (200, 160, 104), (70, 150, 96)]),
)


def draw(height=90, width=118, seed=0):
    """Rooms with walls, and windows and doors of one to three pixels; the size is no multiple of a block."""
    random = np.random.default_rng(seed)
    mask = np.zeros((height, width), np.uint8)
    for _ in range(6):
        x, y = int(random.integers(4, width - 30)), int(random.integers(4, height - 30))
        w, h = (int(side) for side in random.integers(12, 28, 2))
        cv2.rectangle(mask, (x, y), (x + w, y + h), 1, int(random.integers(1, 4)))
        cv2.line(mask, (x, y + 4), (x, y + 10), 2, 1)
        cv2.line(mask, (x + 4, y), (x + 9, y), 3, 2)
    cv2.circle(mask, (width - 20, height - 20), 14, 4, -1)
    mask[-1, ::7] = 1
    return mask


def save(path, mask, quality=80, sampling=cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420, palette=PLAN):
    options = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling]
    assert cv2.imwrite(str(path), cv2.cvtColor(palette.paint(mask), cv2.COLOR_RGB2BGR), options)
    return read_label_image(path)


def wrong(masker, label, mask, palette=PLAN):
    return int((masker.for_palette(palette, Rgb())(label) != mask).sum())


@pytest.mark.parametrize("sampling", ["420", "422", "440", "444"])
def test_a_label_saved_directly_comes_back_and_every_block_is_proved(tmp_path, sampling):
    mask = draw()
    label = save(tmp_path / "a.jpg", mask, sampling=getattr(cv2, f"IMWRITE_JPEG_SAMPLING_FACTOR_{sampling}"))
    found = examine(Jpeg().for_palette(PLAN, Rgb()), label)
    assert (found.mask != mask).sum() <= 8
    assert found.consistent == found.blocks > 0
    assert not found.contradicted.any()
    assert (found.mask != mask).sum() <= min(wrong(m, label, mask) for m in (Boundary(), Nearest()))


def test_the_same_file_has_the_same_mask_every_time(tmp_path):
    label = save(tmp_path / "a.jpg", draw(seed=3), quality=60)
    mask = Jpeg().for_palette(PLAN, Rgb())
    first = mask(label)
    assert np.array_equal(mask(label), first)
    assert np.array_equal(Jpeg().for_palette(PLAN, Rgb())(label), first)


def test_a_class_between_two_others_is_not_put_on_their_border(tmp_path):
    # The middle of sky and tree is the color of text: in 4:2:0 two of each in a chroma sample look like four of text.
    palette = Palette(["sky", "tree", "text"], np.array([(130, 130, 130), (130, 130, 0), (130, 130, 66)]))
    mask = np.zeros((96, 96), np.uint8)
    cv2.circle(mask, (40, 50), 30, 1, -1)
    cv2.ellipse(mask, (80, 20), (13, 9), 30, 0, 360, 1, -1)
    label = save(tmp_path / "a.jpg", mask, quality=75, palette=palette)
    found = Jpeg().for_palette(palette, Rgb())(label)
    assert (found == 2).sum() <= 4
    assert (found != mask).sum() < wrong(Nearest(), label, mask, palette) / 5


def test_a_part_is_read_from_its_own_blocks(tmp_path):
    mask = np.hstack([draw(96, 112, seed=1), draw(96, 75, seed=2)])
    label = save(tmp_path / "a.jpg", mask)
    part = label.crop(Box(top=0, bottom=96, left=112, right=mask.shape[1]))
    found = examine(Jpeg().for_palette(PLAN, Rgb()), part)
    assert found.blocks == 6 * 5
    assert (found.mask != mask[:, 112:]).sum() <= 8


def test_what_has_no_coefficients_of_its_own_gets_the_boundary_maskers_mask(tmp_path):
    label = save(tmp_path / "a.jpg", draw())
    mask = Jpeg().for_palette(PLAN, Rgb())
    resized = cv2.resize(label.pixels, (100, 80), interpolation=cv2.INTER_AREA)
    for other in (LabelImage.from_array(resized), LabelImage.from_array(label.pixels[3:, 3:].copy())):
        found = examine(mask, other)
        assert found.blocks == 0
        assert np.array_equal(found.mask, Boundary().for_palette(PLAN, Rgb())(other))
    assert examine(mask, label.crop(Box(0, 90, 0, 50))).blocks == 0
    assert examine(mask, LabelImage.from_array(PLAN.paint(draw()))).blocks == 0  # lossless


PURE = Palette(["sky", "red", "cyan", "yellow"], np.array([(0, 0, 0), (255, 0, 0), (0, 255, 255), (255, 255, 0)]))


@pytest.mark.parametrize(("palette", "sampling"), [(PLAN, "420"), (PURE, "420"), (PURE, "444")])
def test_coefficients_of_a_jpeg_that_was_saved_as_png_are_computed_back(tmp_path, palette, sampling):
    mask = np.kron(draw(60, 75, seed=1), np.ones((2, 2), np.uint8))  # PURE: nearly every block has clipped colors
    mask = np.minimum(mask, len(palette.names) - 1)
    factor = getattr(cv2, f"IMWRITE_JPEG_SAMPLING_FACTOR_{sampling}")
    file = save(tmp_path / "a.jpg", mask, 75, factor, palette)
    cv2.imwrite(str(tmp_path / "a.png"), cv2.cvtColor(file.pixels, cv2.COLOR_RGB2BGR))
    label = read_label_image(tmp_path / "a.png")
    found = examine(Jpeg().for_palette(palette, Rgb()), label)
    assert found.blocks > 0
    assert (found.mask != mask).sum() <= wrong(Boundary(), label, mask, palette) / 3


def test_gray_labels_and_repeated_chroma_are_computed_back():
    gray = Palette(["a", "b", "c"], np.array([(40, 40, 40), (100, 100, 100), (190, 190, 190)]))
    mask = np.minimum(draw(120, 160), 2)
    written = cv2.imencode(".jpg", gray.paint(mask)[..., 0], [cv2.IMWRITE_JPEG_QUALITY, 80])[1]
    label = LabelImage.from_array(cv2.cvtColor(cv2.imdecode(written, 0), cv2.COLOR_GRAY2RGB))
    assert wrong(Jpeg(), label, mask, gray) < wrong(Boundary(), label, mask, gray) / 4
    steps = tuple(scale(table, 80) for table in (JPEG_LUMA_TABLE, JPEG_CHROMA_TABLE, JPEG_CHROMA_TABLE))
    mask = np.tile(draw(96, 128), (2, 1))
    painted, sampling = to_ycbcr(PLAN.colors)[:, mask], Sampling(2, 2, smooth=False)
    samples = painted[0], sampling.mean(painted[1]), sampling.mean(painted[2])
    pixels = np.clip(np.round(to_rgb(compress(samples, steps, sampling)[1])), 0, 255).astype(np.uint8)
    assert (
        wrong(Jpeg(), LabelImage.from_array(pixels), mask) < wrong(Nearest(), LabelImage.from_array(pixels), mask) / 4
    )


def test_a_palette_that_is_not_the_files_is_noticed(tmp_path):
    label = save(tmp_path / "a.jpg", draw())
    off = Palette(PLAN.names, np.clip(PLAN.colors.astype(int) + 9, 0, 255))
    found = examine(Jpeg().for_palette(off, Rgb()), label)
    assert found.consistent < 0.5 * found.blocks
    assert found.contradicted.shape == found.mask.shape
    assert found.contradicted.mean() > 0.5
    assert np.array_equal(found.mask, Boundary().for_palette(off, Rgb())(label))


def test_a_label_resized_before_it_was_saved_is_no_worse_than_the_boundary_maskers(tmp_path):
    mask = np.kron(draw(80, 96), np.ones((3, 3), np.uint8))
    small = cv2.resize(PLAN.paint(mask), (192, 160), interpolation=cv2.INTER_AREA)
    true = mask[0::3, 0::3][: 160 * 80 // 160]
    path = tmp_path / "a.jpg"
    cv2.imwrite(str(path), cv2.cvtColor(small, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 75])
    label = read_label_image(path)
    at = np.clip(((np.arange(160) + 0.5) * 240 / 160).astype(int), 0, 239)
    across = np.clip(((np.arange(192) + 0.5) * 288 / 192).astype(int), 0, 287)
    true = mask[at][:, across]
    assert wrong(Jpeg(), label, true) <= 1.05 * wrong(Boundary(), label, true)


def test_lines_that_both_starts_lose_do_not_make_the_palette_wrong(tmp_path):
    """Two colors of like luma: chroma of half the resolution shows a line of one pixel as a tint."""
    alike = Palette(["ground", "line"], np.array([(214, 66, 27), (76, 105, 208)]))
    mask = np.zeros((96, 96), np.uint8)
    for x in (5, 37, 69):
        cv2.line(mask, (x, 0), (x + 3, 95), 1, 1)
    mask[40:60, 70:90] = 1
    found = examine(Jpeg().for_palette(alike, Rgb()), save(tmp_path / "a.jpg", mask, quality=90, palette=alike))
    assert found.consistent == found.blocks == 36


def test_a_class_that_the_start_lacks_is_found_in_a_resized_label(tmp_path):
    """An object of 6x5 pixels that the start calls the surroundings; its class is elsewhere in the image."""
    fine = np.zeros((128, 128), np.uint8)
    cv2.circle(fine, (32, 96), 21, 3, -1)
    cv2.rectangle(fine, (84, 22), (95, 31), 3, -1)
    small = cv2.resize(PLAN.paint(fine), (64, 64), interpolation=cv2.INTER_AREA)
    path = tmp_path / "a.jpg"
    cv2.imwrite(str(path), cv2.cvtColor(small, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 75])
    true = fine[::2, ::2].astype(np.uint16)
    start = true.copy()
    start[:24, 32:] = 0
    file = read_label_image(path).coefficients(read_coefficients)
    labels, _ = search_resized(file, to_ycbcr(PLAN.colors), start, 1.0, 5.0, seed=1)
    assert (start != true).sum() == 30
    assert (labels != true)[:24, 32:].sum() <= 6


def test_subpixels_of_a_pixel_add_up_to_it():
    axes = fine_axis(40, 2, False, cubic, 2)
    for fine, whole in zip(axes, (whole_pixels(each, 2) for each in axes), strict=True):
        assert len(whole[0]) == 40
        assert np.allclose(whole[1].sum(axis=1), fine[1].reshape(40, 2, 2, 8).sum(axis=(1, 2)), atol=1e-5)


def test_the_model_of_the_file_is_libjpegs():
    assert to_ycbcr(np.array([[0, 0, 0], [255, 255, 255]])).T.tolist() == [[-128, 0, 0], [127, 0, 0]]
    assert np.allclose(cosines().T @ cosines(), np.eye(8))
    luma, chroma = axis(13, 2, rows=False)
    assert luma[:8] @ np.ones(8) == pytest.approx(cosines() @ np.ones(8), abs=1e-6)
    assert chroma.sum(0)[1:] == pytest.approx(0, abs=1e-6)  # a flat row has no frequency but 0, edges included


@pytest.mark.parametrize("option", [{"smoothness": -1}, {"label_cost": "much"}])
def test_an_option_out_of_range_is_refused(option):
    with pytest.raises(UserError, match=f"masker.{next(iter(option))}"):
        Jpeg(**option)


class MaskFiles:
    """Masks the files of a chunk, with a masker made in the process that does."""

    def __call__(self, chunk):
        mask = Jpeg().for_palette(PLAN, Rgb())
        return [mask(read_label_image(path)).tobytes() for path in chunk]


def test_masks_are_the_same_bytes_on_every_executor(tmp_path):
    paths = [tmp_path / f"{seed}.jpg" for seed in range(4)]
    for seed, path in enumerate(paths[:3]):
        save(path, draw(seed=seed), quality=60)
    small = cv2.resize(PLAN.paint(draw(288, 288)), (192, 192), interpolation=cv2.INTER_AREA)  # the other search
    cv2.imwrite(str(paths[3]), cv2.cvtColor(small, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 75])
    alone = [mask for chunk in Serial().map(MaskFiles(), paths) for mask in chunk]
    for executor in (Threads(workers=3), Processes(workers=2)):
        assert [mask for chunk in executor.map(MaskFiles(), paths) for mask in chunk] == alone


def test_an_array_gets_the_mask_of_a_lossless_image():
    palette = Palette(["a", "b"], [(0, 0, 0), (200, 30, 40)])
    pixels = np.zeros((32, 32, 3), np.uint8)
    pixels[8:20, 8:20] = (200, 30, 40)
    assert np.array_equal(Jpeg().for_palette(palette, Rgb())(pixels), pixels[..., 0] > 0)

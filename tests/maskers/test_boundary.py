import cv2
import numpy as np
import pytest

from kmseg.color_spaces.rgb import Rgb
from kmseg.errors import UserError
from kmseg.maskers.boundary import Boundary
from kmseg.maskers.nearest import Nearest
from kmseg.metrics.masks import confusion, mask_scores
from kmseg.palette import Palette
from kmseg.pixels import strips as tiles
from tests.support.damage import CHROMA_FULL, DAMAGES, PALETTES, draw_scene, jpeg, resized, webp

STREET = Palette(
    ["void", "road", "building", "pole", "sky", "sign"],
    np.array([(0, 0, 0), (128, 64, 128), (70, 70, 70), (153, 153, 153), (70, 130, 180), (220, 220, 0)]),
)


def boundary(palette):
    return Boundary().for_palette(palette, Rgb())


def iou(mask, true, k):
    return ((mask == k) & (true == k)).sum() / ((mask == k) | (true == k)).sum()


@pytest.mark.parametrize("k", [1, 2, 29, 255, 400])
def test_a_lossless_label_is_looked_up_exactly_be_it_noise_lines_or_single_pixels(k):
    random = np.random.default_rng(k)
    codes = random.choice(1 << 24, k, replace=False)
    palette = Palette([str(n) for n in range(k)], np.stack([codes >> 16, codes >> 8 & 255, codes & 255], axis=1))
    noise = random.integers(0, k, (61, 83))
    lines = np.zeros((61, 83), int)
    lines[:, 9] = lines[20] = lines[40, 60] = k - 1
    lines[np.arange(61), np.arange(61)] = k // 2
    masked = boundary(palette)
    for mask in (noise, lines):
        assert np.array_equal(masked(palette.colors[mask]), mask)
        assert masked(palette.colors[mask]).dtype == palette.index_dtype


def test_a_third_classs_color_at_a_border_is_not_that_class():
    true = np.full((64, 96), 4, np.uint8)  # sky over a black void: the gray between them is "building" and "pole"
    true[25:] = 0
    damaged = jpeg(resized(STREET.paint(true), 0.5, cv2.INTER_AREA), 75)
    assert len(np.unique(Nearest().for_palette(STREET, Rgb())(damaged))) > 2
    assert set(np.unique(boundary(STREET)(damaged))) == {0, 4}


@pytest.mark.parametrize("quality", [50, 75, 95])
@pytest.mark.parametrize("name", ["pole", "void"])
def test_one_pixel_lines_survive_jpeg_with_halved_chroma(name, quality):
    k = STREET.find_class(name)
    true = np.full((128, 128), 1, np.uint8)
    true[:64] = 4
    true[:, 8::16] = k
    mask = boundary(STREET)(jpeg(STREET.paint(true), quality))
    assert iou(mask, true, k) > 0.9


PLAN = Palette(
    ["room", "wall", "window", "door"], np.array([(250, 252, 248), (40, 88, 130), (150, 176, 80), (200, 160, 104)])
)


def test_windows_and_doors_in_thin_walls_are_no_worse_than_with_the_nearest_color():
    true = np.zeros((64, 64), np.uint8)  # walls of two pixels; windows and a door of five in them
    true[9:11] = true[33:35] = true[:, 11:13] = true[:, 40:42] = 1
    true[9:11, 30:35] = true[33:35, 20:25] = true[40:45, 11:13] = true[4:9, 40:42] = 2
    true[33:35, 48:53] = 3
    label = jpeg(PLAN.paint(true), 80)
    mask, nearest = boundary(PLAN)(label), Nearest().for_palette(PLAN, Rgb())(label)
    for k in range(len(PLAN)):
        assert iou(mask, true, k) >= iou(nearest, true, k) - 0.005, PLAN.names[k]


def test_both_colors_of_a_merged_class_give_that_class():
    merged = Palette(["ground", "car"], np.array([(128, 64, 128), (0, 0, 142)]), also=[(0, (244, 35, 232))])
    label = np.zeros((32, 32, 3), np.uint8)
    label[:] = (244, 35, 232)
    label[:, 16:] = (128, 64, 128)
    label[20:28, 4:12] = (0, 0, 142)
    mask = boundary(merged)(jpeg(label, 90))
    assert mask[2, 2] == mask[2, 30] == 0
    assert mask[24, 8] == 1


def test_strips_give_the_same_mask_as_the_whole_image(monkeypatch):
    palette = PALETTES["sample"]
    scene = palette.paint(draw_scene(np.random.default_rng(3))[::2, ::2])
    damaged = jpeg(resized(scene, 0.8, cv2.INTER_AREA), 70)
    whole = boundary(palette)(damaged)
    monkeypatch.setattr(tiles, "STRIP_PIXELS", 1 << 14)
    assert len(list(tiles.strips(*damaged.shape[:2]))) > 3
    assert np.array_equal(boundary(palette)(damaged), whole)


@pytest.mark.parametrize("option", [{"tolerance": 0}, {"radius": 0}, {"radius": 17}, {"remote_penalty": -1}])
def test_an_option_out_of_range_fails_at_birth(option):
    with pytest.raises(UserError, match=f"masker.{next(iter(option))} is"):
        Boundary(**option)


def damaged_scene(palette, seed, damage):
    """Return a damaged label and its true mask, both scaled down from a finer scene."""
    fine = draw_scene(np.random.default_rng([seed, 9]))
    true = fine[2::4, 2::4]
    return np.ascontiguousarray(damage(resized(palette.paint(fine), 0.25, cv2.INTER_AREA))), true


@pytest.mark.slow
@pytest.mark.parametrize("palette", PALETTES)
@pytest.mark.parametrize(
    ("damage", "floor"),
    [
        (DAMAGES["none"], 0.9),
        (DAMAGES["jpeg 95 4:4:4"], 0.9),
        (DAMAGES["jpeg 75"], 0.83),
        (lambda a: jpeg(a, 50, CHROMA_FULL), 0.85),
        (DAMAGES["jpeg 90, jpeg 75"], 0.83),
        (lambda a: webp(a, 80), 0.83),
    ],
    ids=["resized", "jpeg 95 4:4:4", "jpeg 75", "jpeg 50 4:4:4", "jpeg twice", "webp 80"],
)
def test_masks_of_damaged_labels_beat_the_nearest_color(palette, damage, floor):
    """Floors: measured mean IoU lies some points above; nearest must stay below in every case."""
    true_palette = PALETTES[palette]
    maskers = {"boundary": boundary(true_palette), "nearest": Nearest().for_palette(true_palette, Rgb())}
    counts = {name: np.zeros((len(true_palette), len(true_palette) + 1), np.int64) for name in maskers}
    for seed in range(8):
        label, true = damaged_scene(true_palette, seed, damage)
        for name, mask in maskers.items():
            counts[name] += confusion(true.astype(np.int64), mask(label), len(true_palette), len(true_palette))
    miou = {name: mask_scores(c, true_palette, true_palette)["mask/miou"] for name, c in counts.items()}
    assert miou["boundary"] >= floor, miou
    assert miou["boundary"] > miou["nearest"], miou

from dataclasses import replace

import cv2
import numpy as np
import pytest

from kmseg.image_kinds import LABEL_KINDS, classify, panels
from kmseg.image_kinds.content import classify_content
from tests.support.kinds import COLORS, as_jpeg, draw_figure, draw_indices, draw_label, draw_page, draw_photo


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("quality", [None, 95, 75, 50])
def test_a_label_is_a_label_whatever_jpeg_left_of_it(seed, quality):
    label = draw_label(seed)
    assert classify(label if quality is None else as_jpeg(label, quality)).kind == "color label"


def test_a_resized_label_is_a_label():
    large = cv2.resize(draw_label(1), (320, 256), interpolation=cv2.INTER_CUBIC)
    assert classify(large).kind == "color label"
    assert classify(as_jpeg(cv2.resize(draw_label(1), (150, 120), interpolation=cv2.INTER_AREA), 80)).is_label


@pytest.mark.parametrize("quality", [None, 90])
def test_a_photo_is_no_label_in_color_or_gray(quality):
    for seed in range(3):
        photo = draw_photo(seed)
        photo = photo if quality is None else as_jpeg(photo, quality)
        assert classify(photo).kind in ("photo", "overlay")
        assert not classify(np.ascontiguousarray(photo[..., 1])).is_label


def test_noise_and_gradients_are_no_labels():
    random = np.random.default_rng(0)
    assert not classify(random.integers(0, 256, (96, 128, 3)).astype(np.uint8)).is_label
    assert not classify(np.clip(random.normal(128, 20, (96, 128)), 0, 255).astype(np.uint8)).is_label
    assert not classify(np.tile(np.arange(256, dtype=np.uint8), (96, 1))).is_label


def test_masks_are_told_by_their_values():
    indices = classify(draw_indices(0))
    assert indices.kind == "index mask"
    assert indices.values == (0, 1, 2, 3, 4, 5)
    binary = classify((draw_indices(0) == 1).astype(np.uint8) * 255)
    assert binary.kind == "binary mask"
    assert binary.values == (0, 255)
    assert classify(draw_indices(0) == 1).kind == "binary mask"
    assert classify(draw_indices(0) * 40).kind == "color label"
    deep = draw_indices(0).astype(np.uint16) * 1000 + 24000
    assert classify(deep).kind == "instance ids"


def test_a_color_an_object_is_told_from_a_color_a_class():
    colors = np.random.default_rng(0).integers(0, 256, (250, 3)).astype(np.uint8)
    assert classify(colors[draw_indices(0, 120, (256, 256))]).kind == "instance ids"


@pytest.mark.parametrize("bar", [0, 10])
@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("quality", [None, 85])
def test_panels_are_found_with_their_bars_and_the_label_among_them(bar, axis, quality):
    parts = [draw_photo(0), draw_label(0), cv2.medianBlur(draw_label(0), 5)]
    height, width = parts[0].shape[:2]
    gap = np.full((height, bar, 3) if axis else (bar, width, 3), 255, np.uint8)
    together = np.concatenate([parts[0], gap, parts[1], gap, parts[2]], axis=axis)
    kind = classify(together if quality is None else as_jpeg(together, quality))
    assert kind.kind == "panels"
    assert (kind.panels.columns if axis else kind.panels.rows) == 3
    assert kind.panels.label == 1
    assert abs(kind.panels.bar - bar) <= 1
    assert kind.panels.kinds[0] not in LABEL_KINDS


def test_a_pair_is_two_panels_and_tells_the_side_of_the_label():
    assert classify(np.hstack([draw_photo(1), draw_label(1)])).panels.label == 1
    assert classify(as_jpeg(np.hstack([draw_label(1), draw_photo(1)]), 80)).panels.label == 0


def test_a_label_beside_its_prediction_is_told_by_repeating():
    repeated = classify(np.hstack([draw_label(2), cv2.medianBlur(draw_label(2), 5)]))
    assert repeated.kind == "panels"
    assert classify(draw_label(2, (160, 400))).kind == "color label"


def test_a_large_label_beside_its_prediction_or_a_map_of_other_colors_is_told_too():
    label = cv2.resize(draw_label(2), (1200, 2100), interpolation=cv2.INTER_NEAREST)
    assert classify(np.hstack([label, cv2.medianBlur(label, 5)])).kind == "panels"
    assert classify(np.hstack([label, label // 2 + 101])).kind == "panels"


@pytest.mark.parametrize("opacity", [0.3, 0.5, 0.7])
def test_a_label_blended_onto_a_photo_is_no_label(opacity):
    for seed in range(3):
        blend = np.rint(draw_photo(seed) * (1 - opacity) + draw_label(seed) * opacity).astype(np.uint8)
        assert not classify(blend).is_label
        assert not classify(as_jpeg(blend, 90)).is_label


def test_figures_and_pages_of_text_are_no_labels():
    assert classify(draw_figure()).kind == "figure"
    assert not classify(draw_page()).is_label


def test_a_label_with_a_plain_margin_and_small_objects_is_no_figure():
    label = np.zeros((240, 320, 3), np.uint8)
    cv2.circle(label, (160, 120), 70, COLORS[0].tolist(), -1)
    for number in range(12):
        cv2.circle(
            label, (15 + 26 * number, 15 + 17 * (number % 2)), 3 + number % 5, COLORS[1 + number % 5].tolist(), -1
        )
    assert classify(label).kind == "color label"


@pytest.mark.parametrize("shape", [(1, 1, 3), (2, 2), (1, 40, 3), (3, 3, 4), (40, 1)])
def test_tiny_images_are_no_trouble(shape):
    classify(np.zeros(shape, np.uint8))


def test_a_large_image_is_judged_by_tiles_of_it():
    large = cv2.resize(draw_label(3), (3000, 2400), interpolation=cv2.INTER_NEAREST)
    assert classify(large).kind == "color label"


@pytest.mark.parametrize("paper", [0, 255])
@pytest.mark.parametrize("quality", [None, 85])
def test_an_object_cut_out_of_a_photo_is_no_label(paper, quality):
    rows, columns = np.mgrid[-1:1:240j, -1:1:240j]
    inside = (rows**2 + columns**2 * 1.4 < 0.35)[..., None]
    shaded = (110 + 60 * rows + 50 * columns)[..., None] + np.array([40, 0, -30])
    cutout = np.where(inside, shaded, paper).clip(0, 255).astype(np.uint8)
    assert not classify(cutout if quality is None else as_jpeg(cutout, quality)).is_label


def test_a_gray_picture_of_two_extremes_is_no_mask():
    rows, columns = np.mgrid[:200, :240]
    waves = 127 + 140 * np.sin(rows / 4 + 3 * np.sin(columns / 20))
    assert not classify(waves.clip(0, 255).astype(np.uint8)).is_label


def test_panels_in_rows_and_columns_are_found_without_bars():
    label = draw_label(0)
    grid = np.vstack([np.hstack([draw_photo(0), label]), np.hstack([cv2.medianBlur(label, 5), draw_photo(1)])])
    kind = classify(grid)
    assert (kind.kind, kind.panels.rows, kind.panels.columns, kind.panels.label) == ("panels", 2, 2, 1)


@pytest.mark.parametrize(("reason", "kind"), [("", "panels"), ("small", "photo"), ("plain background", "photo")])
def test_a_part_that_may_be_a_label_in_jpeg_is_no_panel(monkeypatch, reason, kind):
    def classify_part(part):
        found = classify_content(part)
        return found if found.is_label else replace(found, reason=reason, measures=found.measures | {"doubt": 2.4})

    monkeypatch.setattr(panels, "classify_content", classify_part)
    found = classify(np.vstack([draw_label(0), draw_photo(0)])).kind
    assert found == kind or (found, kind) == ("overlay", "photo")


@pytest.mark.parametrize(("width", "color"), [(4, (0, 0, 0)), (14, (180, 60, 240))])
def test_walls_between_the_rooms_of_a_plan_are_no_bars(width, color):
    plan = np.full((196 + width, 240, 3), color, np.uint8)
    for number, (y, x) in enumerate([(0, 0), (0, 90), (98 + width, 0), (98 + width, 150)]):
        plan[y : y + 98, x:] = COLORS[1 + number]
        plan[y : y + 98, max(x - width, 0) : x] = color
    plan[40:44, 90:] = color
    assert classify(plan).kind == "color label"


def test_axes_whose_numbers_have_one_digit_make_a_figure():
    page = np.full((300, 360, 3), 255, np.uint8)
    page[60:220, 90:290] = draw_label(0)
    cv2.rectangle(page, (89, 59), (290, 220), (0, 0, 0), 1)
    for number in range(5):
        cv2.putText(page, str(number), (70, 75 + 35 * number), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (0, 0, 0), 1)
        cv2.putText(page, str(number), (100 + 40 * number, 240), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (0, 0, 0), 1)
    assert classify(page).kind == "figure"


@pytest.mark.parametrize("quality", [None, 85])
def test_a_photo_reduced_to_few_colors_is_no_label_and_a_ragged_mask_is_one(quality):
    random = np.random.default_rng(3)
    light = cv2.resize(random.uniform(0.2, 1, (8, 9)).astype(np.float32), (400, 320), interpolation=cv2.INTER_CUBIC)
    photo = light[..., None] * [200, 150, 90] + random.normal(0, 3, (320, 400, 1))
    reduced = cv2.medianBlur((np.clip(photo, 0, 254) // 32 * 32).astype(np.uint8), 5)
    kind = classify(reduced if quality is None else as_jpeg(reduced, quality))
    assert (kind.kind, kind.reason) == ("photo", "reduced")
    label = draw_label(3)
    specks = random.random(label.shape[:2]) < 0.03
    label[specks] = COLORS[random.integers(len(COLORS), size=specks.sum())]
    assert classify(label).kind == "color label"


def test_layers_in_the_order_of_a_color_ramp_are_a_label():
    depth = np.linspace(0, 9.99, 200)[:, None] + np.sin(np.arange(240) / 30)
    layers = np.clip(depth, 0, 9).astype(np.uint8)[..., None] * np.uint8([25, 20, 12]) + np.uint8([0, 20, 90])
    assert classify(layers).kind == "color label"
    assert classify(as_jpeg(layers, 90)).kind == "color label"


@pytest.mark.parametrize("quality", [None, 92])
def test_a_mask_with_soft_rims_is_no_label_and_an_enlarged_one_is(quality):
    mask = (draw_indices(0, 6, (240, 320)) % 2 * 255).astype(np.uint8)
    soft = cv2.GaussianBlur(mask, (0, 0), 9)
    kind = classify(soft if quality is None else as_jpeg(np.dstack([soft] * 3), quality))
    assert (kind.is_label, kind.reason) == (False, "soft")
    enlarged = cv2.resize(mask[::4, ::4], (320, 240), interpolation=cv2.INTER_CUBIC)
    assert classify(enlarged).is_label


def test_a_small_part_of_a_photo_on_black_is_no_label_and_a_small_object_is_one():
    image = np.zeros((256, 320, 3), np.uint8)
    image[100:130, 90:120] = draw_photo(0)[40:70, 40:70]
    kind = classify(image)
    assert (kind.kind, kind.reason) == ("photo", "plain background")
    image[100:130, 90:120] = (200, 120, 40)
    assert classify(as_jpeg(image, 75)).kind == "color label"


@pytest.mark.parametrize("seed", [3, 9, 19, 20])
def test_parts_of_a_small_label_in_jpeg_are_no_panels(seed):
    small = cv2.resize(draw_label(seed), (64, 64), interpolation=cv2.INTER_AREA)
    assert classify(as_jpeg(small, 75)).kind != "panels"


@pytest.mark.parametrize("quality", [None, 85])
def test_pictures_of_one_size_on_white_paper_are_a_figure(quality):
    page = np.full((300, 420, 3), 255, np.uint8)
    for k in range(3):
        mask = np.zeros((90, 110, 3), np.uint8)
        mask[20 + 5 * k : 60, 30:80] = 255
        page[100:190, 30 + k * 125 : 140 + k * 125] = mask
    assert classify(page if quality is None else as_jpeg(page, quality)).kind == "figure"


def test_objects_on_white_are_a_label():
    label = np.full((300, 420, 3), 255, np.uint8)
    for k, color in enumerate([(128, 0, 0), (0, 128, 0), (0, 0, 128)]):  # rectangles of one color each, as windows are
        label[100:190, 30 + k * 125 : 140 + k * 125] = color
    assert classify(label).kind == "color label"

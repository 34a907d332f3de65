"""The page `report.html`, used in a real browser as a person would use it."""

from __future__ import annotations

import base64
import io
import shutil
import zlib
from dataclasses import replace

import cv2
import numpy as np
import pytest
from PIL import Image

from kmseg.color_spaces.rgb import Rgb
from kmseg.datasets.truth import read_true_mask
from kmseg.images import LabelImage, read_rgb
from kmseg.legends.formats import read_palette
from kmseg.maskers.nearest import Nearest
from kmseg.palette import Palette
from kmseg.writers import Segmented
from kmseg.writers.report import Report, make_example, spread
from kmseg.writers.report.places import best_places, make_note, places_in
from tests.conftest import draw_label, whole, write_rgb

HOSTILE = [
    "</script><script>window.hurt=1</script>",
    '<img src=x onerror="window.hurt=1">',
    '=1+1,"quoted"',
    "ünï 'x' &amp;",
]


def shown_pixels(page) -> np.ndarray:
    """Read the recolored example as the browser holds it, `(H, W, 3)`."""
    png = page.evaluate("document.getElementById('mask').toDataURL()")
    return np.array(Image.open(io.BytesIO(base64.b64decode(png.partition(",")[2]))).convert("RGB"))


def opened(page, path):
    wrong = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-ready=yes]")
    return wrong


def names(page) -> list[str]:
    return page.eval_on_selector_all(".class .name", "fields => fields.map(field => field.value)")


def named(page, name: str):
    return page.locator(".class").nth(names(page).index(name))


def downloaded(page, folder):
    with page.expect_download() as download:
        page.click("#download")
    path = folder / "edited" / download.value.suggested_filename
    download.value.save_as(path)
    return path


@pytest.mark.slow
def test_the_edited_palette_gives_the_masks_that_the_page_showed(kmseg, page, labels, legend, tmp_path):
    noisy = tmp_path / "noisy"
    for number in range(5):
        label = cv2.resize(draw_label(number), (160, 160), interpolation=cv2.INTER_LINEAR)
        write_rgb(noisy / f"{number}.jpg", label, cv2.IMWRITE_JPEG_QUALITY, 70)
    words = ("dataset=folder", f"dataset.root={noisy}", "writers=[report,index_png,color_png]")
    ran = kmseg(*words, f"palette.file={legend}")
    assert ran.code == 0, ran.err
    wrong = opened(page, ran.folder / "report.html")
    assert names(page) == ["sky", "road", "car", "sign"]

    named(page, "road").locator(".name").fill("street, wet")
    page.keyboard.press("Enter")
    page.locator(".class .color").nth(1).evaluate(
        "field => { field.value = '#0a141e'; field.dispatchEvent(new Event('change')) }"
    )
    named(page, "sign").locator(".merge").click()
    page.get_by_role("button", name="car", exact=True).click()
    assert names(page) == ["sky", "street, wet", "car"]
    named(page, "sky").locator(".ignore").click()
    painted = shown_pixels(page)
    assert {tuple(color) for color in painted.reshape(-1, 3)} == {(0, 0, 0), (10, 20, 30), (0, 0, 142)}

    edited, example = downloaded(page, tmp_path), page.text_content("#example-name")
    shutil.rmtree(ran.folder)
    again = kmseg(*words, f"palette.file={edited}")
    assert again.code == 0, again.err
    assert np.array_equal(read_rgb(again.folder / "color" / f"{example}.png"), painted)
    mask = read_true_mask(again.folder / "masks" / f"{example}.png")
    assert np.array_equal(mask == 255, (painted == 0).all(-1))
    assert np.array_equal(mask == 0, (painted == (10, 20, 30)).all(-1))
    assert not wrong


@pytest.fixture
def report(tmp_path):
    """Make the page of a palette, over some masks, without a command."""

    def make(palette: Palette, masks, **more):
        writer = Report()
        notes = [
            writer.write(Segmented(str(n), n, palette.as_label(mask), mask, lambda: None), palette, tmp_path)
            for n, mask in enumerate(masks)
        ]
        masked = Nearest().for_palette(palette, Rgb())
        run = replace(
            whole(palette, tmp_path),
            read_label=lambda key: LabelImage(palette.as_label(masks[int(key)])),
            mask=masked,
            **more,
        )
        (path,) = writer.finish(notes, run)
        return path

    return make


def test_untrusted_names_are_escaped_and_read_back_unchanged(page, report, tmp_path):
    palette = Palette(HOSTILE, np.arange(12).reshape(4, 3) * 20)
    warnings = ["<b>bold</b>"]
    path = report(palette, [np.arange(64, dtype=np.uint8).reshape(8, 8) % 4], warnings=warnings)
    wrong = opened(page, path)
    assert names(page) == HOSTILE
    assert page.evaluate("window.hurt") is None
    assert page.locator(".note b").count() == 0
    again = read_palette(downloaded(page, tmp_path))
    assert list(again.names) == HOSTILE
    assert np.array_equal(again.colors, palette.colors)
    assert not wrong


def test_the_keyboard_names_merges_ignores_and_undoes(page, report, palette):
    mask = np.arange(64, dtype=np.uint8).reshape(8, 8) % 4
    opened(page, report(palette, [mask]))
    page.locator(".name").first.focus()
    page.keyboard.press("Control+a")
    page.keyboard.type("heaven")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.value") == "road"  # the next class
    page.keyboard.type("heaven")
    page.keyboard.press("Enter")  # the name is taken: both are one class
    assert names(page) == ["heaven", "car", "sign"]
    page.keyboard.type("never mind")
    page.keyboard.press("Escape")
    page.locator(".class").nth(1).locator(".ignore").focus()
    page.keyboard.press("Enter")
    assert page.locator(".index").all_text_contents() == ["0", "255", "1"]
    assert (shown_pixels(page)[mask == 2] == 0).all()
    page.locator(".merge").last.focus()
    page.keyboard.press("Enter")
    page.keyboard.type("heav")
    page.keyboard.press("Enter")
    assert names(page) == ["heaven", "car"]
    for _ in range(4):
        page.keyboard.press("Control+z")
    assert names(page) == ["sky", "road", "car", "sign"]
    assert np.array_equal(shown_pixels(page), palette.paint(mask))
    page.keyboard.press("Control+Shift+Z")
    assert names(page)[0] == "heaven"
    page.get_by_role("button", name="Undo").press("Enter")
    assert names(page)[0] == "sky"


def test_a_merged_class_is_split_again_with_its_own_name_and_place(page, report, palette):
    opened(page, report(palette, [np.arange(64, dtype=np.uint8).reshape(8, 8) % 4]))
    page.locator(".name").nth(1).fill("sign")
    page.keyboard.press("Enter")
    assert names(page) == ["sky", "car", "sign"]
    page.get_by_role("button", name="Split road from sign").click()
    assert names(page) == ["sky", "road", "car", "sign"]


def test_an_edited_palette_keeps_what_it_had_when_it_is_edited_again(page, report, palette, tmp_path):
    before = replace(palette, also=[(1, (9, 9, 9))], ignored=[("dirt", (1, 2, 3))], repainted=np.full((4, 3), 200))
    before = replace(before, ids=[0, 2, 3, 7])
    opened(page, report(before, [np.arange(64, dtype=np.uint8).reshape(8, 8) % 4]))
    again = read_palette(downloaded(page, tmp_path))
    assert again.names == before.names
    assert np.array_equal(again.painted, before.painted)
    assert (again.also, again.ignored, list(again.ids)) == (before.also, before.ignored, before.ids)


def test_the_page_stays_small_with_many_classes_noise_and_long_lists(page, report):
    random = np.random.default_rng(0)
    many = Palette([f"a class with quite a long name {k}" for k in range(260)], random.integers(0, 256, (260, 3)))
    masks = [random.integers(0, 260, (500, 700)).astype(np.uint16) for _ in range(2)]
    path = report(
        many, masks, unmatched={str(n): 0.5 for n in range(2)}, unmatched_pixels=lambda label: label.pixels[..., 0] > 9
    )
    assert path.stat().st_size < 5_000_000
    assert not opened(page, path)
    assert page.locator(".class").count() == 260
    assert np.array_equal(shown_pixels(page)[0, 0], many.paint(masks[0])[0, 0])


def test_the_page_draws_the_blocks_that_contradict_their_masks(report, palette):
    masks = [np.arange(64, dtype=np.uint8).reshape(8, 8) % 4]
    title = "Images whose files contradict their masks most"
    assert title not in report(palette, masks).read_text()
    text = report(
        palette, masks, contradicted={"0": 0.25}, contradicted_pixels=lambda label: label.pixels[..., 0] > 9
    ).read_text()
    assert title in text
    assert "25.0%" in text


def test_a_class_is_shown_where_it_stands_out_and_first_where_it_stands_out_most():
    small, large = np.zeros((256, 512), np.uint8), np.zeros((256, 512), np.uint8)
    small[100:104, 300:304] = 1
    large[40:90, 400:450] = 1
    notes = [make_note("small", small, 2), make_note("large", large, 2)]
    first, second, third = best_places(*places_in(notes), each=3)
    (place,) = [place for place in first if place.index == 1]
    assert place.image == "large"
    assert place.x <= 410 <= 440 <= place.x + place.side
    assert place.y <= 50 <= 80 <= place.y + place.side
    assert [place.image for place in second if place.index == 1] == ["small"]
    assert third == []


@pytest.mark.parametrize("shape", [(1, 1), (1, 4), (4, 1), (1, 65500), (65500, 1), (3, 3)])
def test_a_mask_of_an_odd_size_has_a_place_for_each_class(shape):
    mask = np.resize(np.arange(2, dtype=np.uint8), shape)
    rows, _, _ = places_in([make_note("a", mask, 2)])
    assert rows[:, 0].tolist() == np.unique(mask).tolist()
    assert ((rows[:, 2:4] >= 0) & (rows[:, 2:4] < (shape[1], shape[0]))).all()


def test_examples_are_spread_over_the_dataset_and_their_masks_are_exact(palette, tmp_path):
    assert spread(3, 100) == [16, 50, 83]
    assert spread(8, 3) == [0, 1, 2]
    mask = (np.arange(900 * 700) % 4).astype(np.uint8).reshape(700, 900)
    run = replace(
        whole(palette, tmp_path), read_label=lambda key: LabelImage(palette.paint(mask)), mask=lambda label: mask
    )
    example = make_example("a", run)
    pixels = np.frombuffer(zlib.decompress(base64.b64decode(example["mask"])), np.uint8)
    rows, columns = (np.arange(n) * size // n for n, size in ((example["height"], 700), (example["width"], 900)))
    assert np.array_equal(pixels.reshape(example["height"], example["width"]), mask[rows[:, None], columns])

import io
import warnings

import cv2
import numpy as np
import pytest
from PIL import Image

from kmseg import images
from kmseg.encoding import count_pages
from kmseg.errors import UnreadableImage, UserError
from kmseg.images import Box, LabelImage, encode_png, read_rgb, write_png
from tests.conftest import draw_label, write_rgb


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif", ".tiff"])
def test_a_lossless_file_gives_back_its_pixels_as_rgb(tmp_path, suffix):
    label = draw_label()
    assert np.array_equal(read_rgb(write_rgb(tmp_path / f"a{suffix}", label)), label)


def test_lossless_webp_gives_back_its_pixels(tmp_path):
    label = draw_label()
    path = tmp_path / "a.webp"
    Image.fromarray(label).save(path, lossless=True)
    assert np.array_equal(read_rgb(path), label)


def test_a_gif_gives_back_its_pixels_and_an_animation_is_refused(tmp_path):
    label, path = draw_label(), tmp_path / "a.gif"
    still = Image.fromarray(label).quantize(8)
    still.save(path)
    assert np.array_equal(read_rgb(path), np.array(still.convert("RGB")))
    still.save(path, save_all=True, append_images=[still.rotate(90)])
    with pytest.raises(UnreadableImage, match="2 pages or frames"):
        read_rgb(path)


def test_jpeg_is_read_as_rgb(tmp_path):
    label = draw_label()
    read = read_rgb(write_rgb(tmp_path / "a.jpg", label, cv2.IMWRITE_JPEG_QUALITY, 95))
    assert np.median(np.abs(read.astype(int) - label)) <= 2


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("mode", ["P", "RGBA", "L", "1"])
def test_every_kind_of_pixel_becomes_its_color(tmp_path, mode, suffix):
    rgb = Image.fromarray(draw_label())
    image = rgb.quantize(8) if mode == "P" else rgb.convert(mode)
    path = tmp_path / f"a{suffix}"
    image.save(path)
    assert np.array_equal(read_rgb(path), np.array(image.convert("RGB")))


@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp"])
def test_alpha_is_dropped_and_changes_no_color(tmp_path, suffix):
    rgba = np.full((4, 4, 4), (200, 150, 100, 128), np.uint8)
    path = tmp_path / f"a{suffix}"
    Image.fromarray(rgba).save(path, **({"lossless": True} if suffix == ".webp" else {}))
    assert np.array_equal(read_rgb(path), rgba[..., :3])


def test_16_bits_are_read_where_values_need_8_and_object_numbers_are_told(tmp_path):
    path = tmp_path / "ids.png"
    values = np.repeat(np.arange(4, dtype=np.uint16), 9)[None].repeat(8, axis=0)
    path.write_bytes(bytes(cv2.imencode(".png", values)[1]))
    assert np.array_equal(read_rgb(path)[..., 1], values)
    path.write_bytes(bytes(cv2.imencode(".png", values * 7000)[1]))
    with pytest.raises(UnreadableImage, match=r"values up to 21000: .* object numbers"):
        read_rgb(path)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_values_that_need_16_bits_are_refused_with_a_sentence(tmp_path, suffix):
    path = tmp_path / f"deep{suffix}"
    path.write_bytes(bytes(cv2.imencode(suffix, np.full((8, 8, 3), 300, np.uint16))[1]))
    with pytest.raises(UnreadableImage, match=r"deep.*8 bits"):
        read_rgb(path)


@pytest.mark.parametrize(
    ("suffix", "convert"),
    [(".png", lambda rgb: rgb * np.uint16(257)), (".tif", np.uint16), (".tif", np.float32), (".ppm", np.uint16)],
)
def test_colors_of_8_bits_that_a_program_saved_with_more_are_read_exactly(tmp_path, suffix, convert):
    rgb = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
    path = tmp_path / f"a{suffix}"
    path.write_bytes(bytes(cv2.imencode(suffix, convert(rgb[..., ::-1]))[1]))
    assert np.array_equal(read_rgb(path), rgb)


@pytest.mark.parametrize(
    "text",
    [
        b"P3\n# a comment\n2 1\n255\n7 8 9 200 100 0",
        b"P3 2 1 255 7 8 9 200 100 0\n",
        b"P6\n2 1\n255\n\x07\x08\x09\xc8\x64\0",
    ],
)
def test_ppm_is_read_in_both_its_forms(tmp_path, text):
    path = tmp_path / "a.ppm"
    path.write_bytes(text)
    assert read_rgb(path).tolist() == [[[7, 8, 9], [200, 100, 0]]]


@pytest.mark.parametrize("text", [b"P5 3 1 5\n\0\2\5", b"P2 3 1 5\n0 2 5"])
def test_pgm_of_class_numbers_keeps_its_values_whatever_its_maximum(tmp_path, text):
    path = tmp_path / "a.pgm"
    path.write_bytes(text)
    assert read_rgb(path)[0, :, 0].tolist() == [0, 2, 5]


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".gif", ".webp"])
@pytest.mark.parametrize("kept", [0.0, 0.3, 0.9])
def test_a_truncated_file_is_refused_and_not_filled_with_grey(tmp_path, suffix, kept):
    whole = write_rgb(tmp_path / f"a{suffix}", np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8))
    data = whole.read_bytes()
    whole.write_bytes(data[: int(len(data) * kept)])
    with pytest.raises(UnreadableImage, match="a" + suffix.replace(".", r"\.")):
        read_rgb(whole)


def test_a_truncated_jpeg_with_a_complete_thumbnail_is_rejected(tmp_path):
    thumbnail = io.BytesIO()
    Image.fromarray(draw_label(size=16)).save(thumbnail, "JPEG")
    picture = io.BytesIO()
    Image.fromarray(draw_label()).save(picture, "JPEG", comment=thumbnail.getvalue())
    path = tmp_path / "a.jpg"
    path.write_bytes(picture.getvalue()[:-100])
    with pytest.raises(UnreadableImage, match="truncated"):
        read_rgb(path)


def test_a_text_file_named_png_is_refused(tmp_path):
    path = tmp_path / "a.png"
    path.write_text("hello")
    with pytest.raises(UnreadableImage, match=r"a\.png: not a readable"):
        read_rgb(path)


def test_writing_replaces_a_file_atomically(tmp_path):
    path = tmp_path / "a.png"
    path.write_text("old")
    write_png(path, draw_label())
    assert np.array_equal(read_rgb(path), draw_label())
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.png"]


def test_a_part_of_a_label_image_knows_its_place_in_the_file():
    pixels = draw_label()
    part = LabelImage(pixels).crop(Box(2, 20, 3, 30)).crop(Box(1, 5, 4, 9999))
    assert part.box == Box(3, 7, 7, 30)
    assert np.array_equal(part.pixels, pixels[3:7, 7:30])
    assert np.array_equal(part, part.pixels)  # NumPy takes a label image for its pixels
    assert part.shape == (4, 23, 3)


@pytest.mark.parametrize("wrong", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8), np.zeros((4, 4, 3))])
def test_an_array_that_is_no_label_image_is_refused(wrong):
    with pytest.raises(UserError, match=r"expected RGB, \(H, W, 3\) uint8"):
        LabelImage.from_array(wrong)


def drawn(shape, dtype, kind):
    if kind == "noise":
        return np.random.default_rng(0).integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)
    image = np.zeros(shape, dtype)
    image[shape[0] // 2 :, shape[1] // 3 :] = np.iinfo(dtype).max - 1
    return image


@pytest.mark.parametrize("kind", ["noise", "classes"])
@pytest.mark.parametrize(
    ("shape", "dtype"),
    [
        *(((height, width), np.uint8) for height, width in [(1, 1), (1, 300), (300, 1), (7, 5), (64, 96)]),
        ((33, 17), np.uint16),
        ((33, 17, 3), np.uint8),
    ],
)
def test_an_encoded_png_is_read_by_pillow_and_opencv_as_the_same_pixels(shape, dtype, kind):
    image = drawn(shape, dtype, kind)
    data = encode_png(image)
    with Image.open(io.BytesIO(data)) as opened:
        opened.verify()
    with Image.open(io.BytesIO(data)) as opened:
        assert opened.mode == {1: "RGB" if len(shape) == 3 else "L", 2: "I;16"}[image.itemsize]
        assert np.array_equal(np.asarray(opened), image)
    read = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(read[..., ::-1] if image.ndim == 3 else read, image)


def test_an_array_that_is_a_part_of_another_is_encoded_as_it_looks():
    mask = np.arange(64, dtype=np.uint8).reshape(8, 8)
    for part in (mask[::2, 1:5], mask.T, mask[:, ::-1]):
        assert np.array_equal(cv2.imdecode(np.frombuffer(encode_png(part), np.uint8), -1), part)


@pytest.mark.parametrize("blob", [4, 24])
def test_masks_are_no_larger_than_those_of_opencv(blob):
    classes = np.random.default_rng(1).integers(0, 8, (256 // blob + 1, 256 // blob + 1), np.uint8)
    mask = cv2.resize(classes, (256, 256), interpolation=cv2.INTER_NEAREST)
    runs = [cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE, cv2.IMWRITE_PNG_FILTER, 0]
    assert len(encode_png(mask)) <= 1.1 * len(cv2.imencode(".png", mask, runs)[1])


@pytest.mark.parametrize(
    ("name", "says"), [("a.tif", "holds 3 pages"), ("a.webp", "holds 3 pages"), ("a.png", "holds 3 pages")]
)
def test_files_of_several_images_are_refused_since_one_of_them_would_be_read(tmp_path, name, says):
    first, *others = [Image.fromarray(draw_label(number)) for number in range(3)]
    first.save(tmp_path / name, save_all=True, append_images=others, lossless=True)
    with pytest.raises(UnreadableImage, match=says):
        read_rgb(tmp_path / name)


def test_smaller_copies_in_a_tiff_are_no_pages():
    directory = b"\1\0" + b"\xfe\0\4\0\1\0\0\0" + b"%c\0\0\0"
    first, copy = directory % 0, directory % 1
    data = b"II*\0\x08\0\0\0" + first + (8 + len(first) + 4).to_bytes(4, "little") + copy + bytes(4)
    assert count_pages(data) == 1
    assert count_pages(data.replace(copy, first)) == 2


@pytest.mark.parametrize(
    ("data", "says"), [(b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"), (b"<html>404", "a web page")]
)
def test_what_was_downloaded_in_place_of_an_image_is_said(tmp_path, data, says):
    path = tmp_path / "a.png"
    path.write_bytes(data)
    with pytest.raises(UnreadableImage, match=says):
        read_rgb(path)


def test_pillows_warnings_are_ignored_by_one_thread_at_a_time(tmp_path, monkeypatch):
    """The filters belong to the process: two threads that set and restore them in turn would leave them changed."""
    path, held, ignore = write_rgb(tmp_path / "a.jpg", draw_label()), [], warnings.catch_warnings
    monkeypatch.setattr(
        warnings, "catch_warnings", lambda **how: held.append(images._WARNINGS_LOCK.locked()) or ignore(**how)
    )
    assert images.exif_orientation(path) == 1
    assert not images.has_transparent_pixels(path)
    assert held == [True, True]

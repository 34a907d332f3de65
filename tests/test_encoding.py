import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from kmseg.encoding import UNKNOWN, read_encoding
from tests.conftest import draw_label

LABEL = Image.fromarray(draw_label())


def save(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


@pytest.mark.parametrize("quality", [10, 49, 50, 75, 90, 99, 100])
@pytest.mark.parametrize(("number", "sampling"), [(0, "4:4:4"), (1, "4:2:2"), (2, "4:2:0")])
def test_a_jpeg_tells_its_sampling_and_quality(quality, number, sampling):
    found = read_encoding(save(LABEL, "JPEG", quality=quality, subsampling=number))
    assert (found.format, found.lossy, found.sampling, found.quality) == ("jpeg", True, sampling, quality)
    assert found.subsampled == (sampling != "4:4:4")
    assert str(found) == f"JPEG {sampling} quality {quality}"


def test_a_jpeg_gives_its_tables_row_by_row_luma_first():
    luma = [1 + k for k in range(64)]
    chroma = [100 + k for k in range(64)]
    found = read_encoding(save(LABEL, "JPEG", qtables=[luma, chroma]))
    assert [list(table) for table in found.quantization] == [luma, chroma]


def test_a_gray_jpeg_has_no_chroma():
    found = read_encoding(save(LABEL.convert("L"), "JPEG"))
    assert (found.sampling, len(found.quantization), found.subsampled) == ("gray", 1, False)


def test_an_embedded_thumbnail_is_not_taken_for_the_image():
    thumbnail = save(LABEL.convert("L"), "JPEG", quality=20)
    whole = save(LABEL, "JPEG", quality=90)
    with_thumbnail = whole[:2] + b"\xff\xe1" + (len(thumbnail) + 2).to_bytes(2, "big") + thumbnail + whole[2:]
    assert read_encoding(with_thumbnail) == read_encoding(whole)


@pytest.mark.parametrize(
    ("kind", "options", "lossy", "words"),
    [
        ("PNG", {}, False, "PNG"),
        ("BMP", {}, False, "BMP"),
        ("GIF", {}, False, "GIF"),
        ("TIFF", {}, False, "TIFF"),
        ("TIFF", {"compression": "tiff_lzw"}, False, "TIFF"),
        ("TIFF", {"compression": "jpeg"}, True, "TIFF"),
        ("WEBP", {"lossless": True}, False, "WebP lossless"),
        ("WEBP", {"quality": 80}, True, "WebP 4:2:0"),
        ("WEBP", {"quality": 80, "save_all": True, "append_images": [LABEL.rotate(90)]}, True, "WebP 4:2:0"),
    ],
)
def test_a_codec_that_changes_pixels_is_told_from_one_that_does_not(kind, options, lossy, words):
    found = read_encoding(save(LABEL, kind, **options))
    assert (found.lossy, str(found)) == (lossy, words)


def test_lossy_webp_with_transparency_is_lossy():
    transparent = Image.fromarray(np.dstack([draw_label(), draw_label()[..., 0]]))
    assert read_encoding(save(transparent, "WEBP", quality=50)).lossy


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "GIF"])
def test_a_color_table_is_told(kind):
    assert read_encoding(save(LABEL.quantize(4), kind)).paletted
    assert kind == "GIF" or not read_encoding(save(LABEL, kind)).paletted


def test_deep_png_tells_its_bits():
    deep = Image.fromarray(np.zeros((4, 4), np.uint16))
    assert read_encoding(save(deep, "PNG")).bit_depth == 16


@pytest.mark.parametrize(("text", "bits"), [(b"P5 1 1 255\nx", 8), (b"P6\n# 9\n1 1\n65535\n", 16), (b"P1 1 1 0", 1)])
def test_netpbm_tells_its_bits(text, bits):
    assert (read_encoding(text).format, read_encoding(text).bit_depth) == ("pnm", bits)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF", "PPM"])
def test_a_file_cut_short_anywhere_is_no_error(kind):
    data = save(LABEL, kind)
    for end in range(min(len(data), 700)):
        read_encoding(data[:end])


@given(
    st.sampled_from([b"", b"\xff\xd8\xff", b"RIFF", b"II*\0", b"MM\0*", b"BM", b"GIF8", b"P6 "]), st.binary(max_size=80)
)
def test_no_bytes_are_an_error(signature, rest):
    read_encoding(signature + rest)


def test_what_is_no_image_is_unknown():
    assert read_encoding(b"hello") == UNKNOWN == read_encoding(b"")
    assert not UNKNOWN.lossy

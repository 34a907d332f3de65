"""Readers of files return a result or raise a `UserError` that names the file, for any bytes."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as any_

from tests.conftest import REPO
from tests.support.fuzz_readers import image, legend, seeds

SEEDS = seeds()
CELL = any_.text(max_size=8) | any_.integers(-999, 999).map(str) | any_.floats().map(str) | any_.just("#804080")
JSON = any_.recursive(
    any_.none() | any_.booleans() | any_.integers() | any_.floats() | any_.text(max_size=8) | any_.just("#804080"),
    lambda inner: (
        any_.lists(inner, max_size=4)
        | any_.dictionaries(
            any_.sampled_from(
                ["classes", "palette", "segmentation_colors", "labels", "label_map", "name", "color", "#804080"]
            )
            | any_.text(max_size=4),
            inner,
            max_size=4,
        )
    ),
)
TABLE = any_.lists(any_.lists(CELL, max_size=6), max_size=6)
EVERY_DAY = settings(max_examples=300)


@any_.composite
def damaged(draw, wholes):
    """A whole file with some of its bytes changed, cut or doubled."""
    data = bytearray(draw(any_.sampled_from(wholes)))
    for _ in range(draw(any_.integers(0, 6))):
        place = draw(any_.integers(0, len(data)))
        data[place : place + draw(any_.integers(0, 4))] = draw(any_.binary(max_size=4))
    return bytes(data[: draw(any_.integers(0, len(data)))] if draw(any_.booleans()) else data)


@EVERY_DAY
@given(any_.binary(max_size=300) | damaged(SEEDS["legend"]))
def test_any_bytes_as_a_legend(data):
    legend(data)


@EVERY_DAY
@given(JSON)
def test_any_json_as_a_legend(value):
    import json

    legend(json.dumps(value).encode())


@EVERY_DAY
@given(
    TABLE, any_.sampled_from([",", ":", " ", "\t", ";"]), any_.sampled_from(["", "name,r,g,b\n", "name,r,g,b,also\n"])
)
def test_any_table_as_a_legend(rows, between, header):
    legend((header + "\n".join(between.join(row) for row in rows)).encode("utf-8", "replace"))


@EVERY_DAY
@given(any_.binary(max_size=300) | damaged(SEEDS["image"]))
def test_any_bytes_as_an_image(data):
    image(data)


@pytest.mark.nightly
@pytest.mark.parametrize("what", ["legend", "image"])
def test_five_minutes_of_fuzzing_guided_by_coverage(tmp_path, what):
    pytest.importorskip("atheris", reason="atheris is not installed: pip install 'kmseg[fuzz]'")
    words = [sys.executable, "-m", "tests.support.fuzz_readers", what, str(tmp_path), "-max_total_time=300"]
    done = subprocess.run(words, cwd=REPO, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]

"""A small part of benchmarks/legend_stress.py: what discovery must not fall short of, whatever the damage."""

from collections import defaultdict

import numpy as np
import pytest

from benchmarks.label_sets import DAMAGES, PALETTES, deal_sets, decode, first_images, make_set, write_set
from benchmarks.legend_stress import Score, measure, score

SIZE, MOST_IMAGES, SEED = 128, 3, 5


@pytest.fixture(scope="module")
def scores() -> dict[str, list[Score]]:
    """The scores of a small set a damage, by kind of damage."""
    found, names = defaultdict(list), list(DAMAGES)
    for number, made in enumerate(deal_sets(SEED, len(names), names, SIZE, MOST_IMAGES)):
        found[DAMAGES[names[number % len(names)]].kind].append(measure(made))
    return found


def test_every_class_of_lossless_and_resized_sets_is_found_and_nothing_added(scores):
    for kind in ("lossless", "resized"):
        assert sum(s.demanded - s.found for s in scores[kind]) == 0
        assert sum(s.spurious + s.twins for s in scores[kind]) == 0


def test_jpeg_costs_few_classes_and_adds_hardly_any(scores):
    sets = scores["jpeg from 75"]
    assert sum(s.found for s in sets) >= 0.9 * sum(s.demanded for s in sets)
    assert sum(s.spurious for s in sets) <= 1


@pytest.mark.parametrize("damage", DAMAGES)
def test_one_seed_draws_one_set_whose_truth_fits(damage):
    one, other = (make_set(3, "random", damage, images=2, size=96, classes=5, styles=("polygons",)) for _ in range(2))
    assert one.files == other.files
    assert np.array_equal(one.palette, other.palette)
    for (data, _), mask in zip(one.files, one.masks, strict=True):
        image = decode(data).astype(int)
        apart = np.abs(image - one.palette[mask]).max(axis=2)
        assert (apart <= 24).mean() > 0.75  # no damage moves more than borders far


def test_a_set_begins_with_its_smaller_ones():
    large, small = (make_set(1, "clustered", "jpeg75_420", images=n, size=64) for n in (12, 10))
    assert first_images(large, 10).files == small.files


@pytest.mark.parametrize("palette", [*PALETTES, "ade20k"])
def test_every_palette_can_be_drawn(palette):
    made = make_set(0, palette, images=2, size=64, classes=6)
    assert len(np.unique(made.palette, axis=0)) == len(made.palette)
    assert made.pixels.sum() == sum(mask.size for mask in made.masks)


def test_a_score_tells_missed_added_and_twin_colors():
    made = make_set(0, np.array([(0, 0, 0), (200, 0, 0)]), images=1, size=64, styles=("cells",), even=True)
    told = score(made, (np.array([(0, 0, 0), (0, 0, 9), (0, 99, 0)], np.uint8), np.array([1.0, 0.4, 0.5])))
    assert (told.demanded, told.found, told.spurious, told.twins) == (2, 1, 1, 1)
    assert told.missed[0][0] == [200, 0, 0]
    assert told.certainties == [(1.0, True), (0.4, True), (0.5, False)]


def test_a_set_is_written_with_its_truth(tmp_path):
    made = make_set(0, "random", "jpeg75_420", images=2, size=64)
    write_set(tmp_path, made)
    assert (tmp_path / "labels" / "0001.jpg").read_bytes() == made.files[1][0]
    assert sorted(p.name for p in (tmp_path / "truth").iterdir()) == ["0000.png", "0001.png"]
    assert len((tmp_path / "PALETTE.csv").read_text().splitlines()) == 1 + len(made.palette)

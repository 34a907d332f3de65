"""Each rule on modes made by hand: what it decides, and what it leaves to the next."""

import numpy as np

from kmseg.discovery import rules
from kmseg.discovery.candidates import Demands
from kmseg.discovery.modes import Mode, Source
from kmseg.discovery.rules import Context, decide


def mode(color, source=Source.REGIONS, **features):
    usual = {"pixels": 5000, "images": 9, "interior": 0.8, "interior_pixels": 4000}
    usual |= {"largest_region": 900, "region_images": 9, "proof_regions": 3, "one_value": 0.4}
    return Mode(np.array(color), source, **(usual | features))


def context(*classes, **options):
    usual = {"demands": Demands(), "index_masks": False, "any_compressed": True, "once_lossy": False, "images": 40}
    return Context(**(usual | options), classes=list(classes))


ROAD, CAR, BLACK = mode((128, 64, 128)), mode((0, 0, 142)), mode((0, 0, 0))
THIN = {"interior": 0.0, "interior_pixels": 0, "largest_region": 0, "proof_regions": 0}


def verdict_of(candidate, *classes, **options):
    return decide(candidate, context(*classes, **options))


def test_what_the_user_pins_is_a_class():
    assert verdict_of(mode((0, 0, 141), Source.PINNED, pixels=0), CAR).reason == "pinned"


def test_what_the_user_forbids_is_none():
    assert verdict_of(mode((120, 64, 128)), demands=Demands(forbid=[(128, 64, 128)])).reason == "forbidden"


def test_the_user_decides_how_near_classes_may_come():
    near = mode((140, 64, 128))
    assert verdict_of(near, ROAD, demands=Demands(min_distance=20)).verdict == "merged"
    assert verdict_of(mode((131, 64, 128)), ROAD, demands=Demands(min_distance=2)).verdict == "accepted"


def test_a_class_has_as_many_pixels_as_the_user_asks_for():
    demands = Demands(min_pixels=30)
    few = mode((9, 9, 9), Source.EXACT, pixels=29)
    assert verdict_of(few, demands=demands).reason == "too few pixels: 29"
    assert verdict_of(few).verdict == "accepted"


def test_compression_moves_a_color_by_some_levels_and_lossless_images_are_exact():
    assert verdict_of(mode((130, 65, 129)), ROAD).reason.endswith("one color")
    assert verdict_of(mode((129, 64, 128), Source.EXACT), ROAD).verdict == "accepted"
    assert verdict_of(mode((129, 64, 128), Source.EXACT), ROAD, once_lossy=True).verdict == "merged"


def test_every_value_of_index_masks_is_a_class_but_255():
    rare = mode((3, 3, 3), Source.EXACT, pixels=2, **THIN)
    giant = mode((2, 2, 2), Source.EXACT, pixels=10**7)
    assert verdict_of(rare, giant, index_masks=True).reason == "value of index masks"
    assert verdict_of(mode((255, 255, 255), Source.EXACT), giant, index_masks=True).reason.startswith("ignore")


def test_what_lies_between_two_others_is_a_mixture_unless_it_has_an_interior_of_its_own():
    rim = mode((64, 32, 64), Source.EXACT, mixed=0.9, **THIN)
    assert verdict_of(rim, ROAD, BLACK).reason.startswith("mixture")
    border = mode((64, 32, 64), Source.EXACT, mixed=0.9, interior_pixels=40)
    assert verdict_of(border, ROAD, BLACK).verdict == "accepted"


def test_an_exact_color_is_a_class_and_a_speck_is_a_doubtful_one():
    assert verdict_of(mode((9, 99, 9), Source.EXACT), ROAD).certainty == 1
    lone = verdict_of(mode((9, 99, 9), Source.EXACT, pixels=1, **THIN), ROAD)
    assert lone.verdict == "accepted"
    assert lone.certainty < 0.75
    assert verdict_of(mode((9, 99, 9), Source.PATCH), ROAD).verdict == "accepted"


def test_a_large_flat_region_is_a_class():
    assert verdict_of(mode((70, 130, 180)), ROAD) == ("accepted", "flat regions of up to 900 pixels", 0.99)


def test_near_a_class_only_several_large_regions_are_another():
    assert verdict_of(mode((128, 64, 135)), ROAD).verdict == "accepted"
    noise = verdict_of(mode((128, 64, 135), largest_region=180, proof_regions=0), ROAD)
    assert noise.reason.endswith("without large regions of its own")
    farther = mode((128, 64, 145), largest_region=180, proof_regions=0)
    assert verdict_of(farther, ROAD).verdict == "accepted"
    assert verdict_of(farther, ROAD, proof_distance=19.2).verdict == "merged"  # JPEG quality 60


def test_resizing_rounds_a_class_to_the_next_level_in_some_files():
    assert verdict_of(mode((127, 63, 127), Source.PATCH), ROAD).verdict == "merged"
    assert verdict_of(mode((126, 64, 128), Source.PATCH), ROAD).verdict == "accepted"


def test_near_a_class_what_has_no_interior_has_bled():
    assert verdict_of(mode((128, 64, 146), interior=0.02), ROAD).reason.startswith("chroma bleeding")


def test_what_one_image_shows_close_to_a_class_is_its_shade():
    lone = {"images": 1, "region_images": 1, "proof_regions": 0, "one_value": 0.1}
    assert "in 1 of 40 images only" in verdict_of(mode((128, 64, 146), **lone), ROAD).reason
    assert verdict_of(mode((128, 64, 146), **lone), ROAD, images=3).verdict == "accepted"
    assert verdict_of(mode((128, 200, 146), **lone), ROAD).verdict == "accepted"
    assert verdict_of(mode((128, 64, 146), **(lone | {"one_value": 0.5})), ROAD).verdict == "accepted"  # drawn so
    ramp = [mode((level, level, level)) for level in (0, 100, 200)]
    assert verdict_of(mode((125, 125, 125), images=1, region_images=1), *ramp).verdict == "accepted"
    blend = mode((0, 0, 118), images=1, region_images=1)  # large, but on the way from one class to another
    assert "in 1 of 40 images only" in verdict_of(blend, CAR, BLACK).reason


def test_without_interior_a_density_mode_must_stand_far_from_all():
    def thin(color, **features):
        return mode(color, Source.PIXELS, **THIN, **features)

    assert verdict_of(thin((128, 89, 128)), ROAD).reason.startswith("no flat interior and close")
    assert verdict_of(thin((128, 99, 128)), ROAD).verdict == "accepted"
    assert verdict_of(thin((128, 99, 128), one_value=0.9), ROAD).verdict == "rejected"
    assert verdict_of(thin((128, 129, 128), one_value=0.9), ROAD).verdict == "accepted"


def test_without_interior_a_density_mode_between_two_of_few_classes_is_their_mixture():
    thin = mode((64, 32, 64), Source.PIXELS, **THIN)
    assert verdict_of(thin, ROAD, BLACK).reason.startswith("no flat interior: mixture")
    assert verdict_of(mode((64, 90, 64), Source.PIXELS, **THIN), ROAD, BLACK).verdict == "accepted"


def test_soft_edges_that_are_flat_here_and_there_are_a_mixture_and_small_classes_are_not():
    flat = THIN | {"interior": 0.2, "interior_pixels": 40}
    soft = mode((64, 32, 64), Source.PIXELS, mixed=0.2, **flat)
    assert verdict_of(soft, ROAD, BLACK).reason.startswith("no flat region: mixture")
    assert verdict_of(mode((64, 32, 64), Source.PIXELS, **flat), ROAD, BLACK).verdict == "accepted"
    ramp = [mode((level, level, level)) for level in (0, 100, 200)]
    assert verdict_of(mode((150, 150, 150), Source.PIXELS, mixed=0.2, **flat), *ramp).verdict == "accepted"


def test_without_interior_a_density_mode_must_be_in_more_images_the_more_there_are():
    thin = mode((9, 200, 9), Source.PIXELS, **(THIN | {"images": 2}))
    assert verdict_of(thin, ROAD, images=20).verdict == "accepted"
    assert verdict_of(thin, ROAD, images=200).reason == "no flat interior, in 2 of 200 images only"


def test_small_objects_are_a_class_where_no_mixture_explains_them():
    def small(color, **features):
        return mode(color, Source.OBJECTS, **({"pixels": 90, "images": 5, "one_value": 0.2} | features))

    white = mode((255, 255, 255))
    assert verdict_of(small((220, 20, 60)), ROAD, white).verdict == "accepted"
    assert "in 1 image" in verdict_of(small((220, 20, 60), images=1), ROAD, white).reason
    assert "too small" in verdict_of(small((220, 20, 60), pixels=40, images=10), ROAD, white).reason
    assert "one repeated value" in verdict_of(small((220, 20, 60), one_value=0.8), ROAD, white).reason
    assert verdict_of(small((128, 128, 130)), BLACK, white).reason.startswith("mixture")


def test_thin_objects_are_a_class_where_no_mixture_explains_them():
    def lines(color, **features):
        return mode(color, Source.THIN, **({"pixels": 10, "images": 2} | features))

    white = mode((255, 255, 255))
    assert verdict_of(lines((220, 20, 60)), ROAD, white).verdict == "accepted"
    assert "too few: 7 windows" in verdict_of(lines((220, 20, 60), pixels=7), ROAD, white).reason
    assert "in 1 image" in verdict_of(lines((220, 20, 60), images=1), ROAD, white).reason
    assert verdict_of(lines((220, 20, 60), images=1, pixels=20), ROAD, white, images=20).verdict == "accepted"
    assert "2 images of 51" in verdict_of(lines((220, 20, 60)), ROAD, white, images=51).reason
    assert verdict_of(lines((128, 128, 130)), BLACK, white).reason.startswith("mixture")
    assert "too few: 14 windows" in verdict_of(lines((220, 20, 60), images=3, pixels=14), ROAD, white).reason


def test_every_rule_has_a_name_that_tells_what_it_finds_and_is_asked_once():
    assert len(set(rules.RULES)) == len(rules.RULES)
    assert all(rule.__doc__ for rule in rules.RULES)

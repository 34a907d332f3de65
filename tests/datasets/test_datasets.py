import cv2
import numpy as np
import pytest

from kmseg.datasets import read_label
from kmseg.datasets.folder import Folder
from kmseg.datasets.pairs import Pairs
from kmseg.datasets.sample import LEGEND, Sample
from kmseg.datasets.sampling import Sampling
from kmseg.encoding import UNKNOWN
from kmseg.errors import UnreadableImage, UserError
from kmseg.images import Box, read_rgb
from tests.conftest import draw_label, write_rgb


def test_a_folder_is_searched_with_its_sub_folders(labels):
    dataset = Folder(str(labels))
    assert [item.key for item in dataset.items()] == ["0", "1", "2", "3", "4", "far/away/5"]
    assert np.array_equal(dataset.read_label(dataset.items()[5]), draw_label(5))
    assert dataset.read_photo(dataset.items()[0]) is None


def test_files_that_differ_only_in_their_suffix_keep_it(tmp_path):
    for name in ("a.png", "a.bmp", "b.png"):
        write_rgb(tmp_path / name, draw_label())
    (tmp_path / "notes.txt").write_text("not an image")
    assert [item.key for item in Folder(str(tmp_path)).items()] == ["a.bmp", "a.png", "b"]
    write_rgb(tmp_path / "a.png.png", draw_label())
    assert [item.key for item in Folder(str(tmp_path)).items()] == ["a.bmp", "a.png", "a.png.png", "b"]


def test_photos_are_found_by_path_then_by_name(tmp_path, labels):
    photos = tmp_path / "photos"
    write_rgb(photos / "0.jpg", draw_label())
    write_rgb(photos / "5.jpg", draw_label())
    found = {item.key: item.photo for item in Folder(str(labels), photos=str(photos)).items()}
    assert found["0"] == photos / "0.jpg"
    assert found["far/away/5"] == photos / "5.jpg"
    assert found["1"] is None


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_pair_is_cut_in_half(tmp_path, side):
    photo, label = draw_label(1), draw_label(2)
    write_rgb(tmp_path / "a.png", np.hstack([photo, label] if side == "right" else [label, photo]))
    dataset = Pairs(str(tmp_path), label=side)
    (item,) = dataset.items()
    assert np.array_equal(dataset.read_label(item), label)
    assert np.array_equal(dataset.read_photo(item), photo)


def test_a_label_image_tells_how_its_file_is_encoded_and_where_in_it_it_lies(tmp_path):
    write_rgb(tmp_path / "a.jpg", draw_label(), cv2.IMWRITE_JPEG_QUALITY, 90)
    write_rgb(tmp_path / "b.png", draw_label())
    height, width = draw_label().shape[:2]
    jpeg, png = (Pairs(str(tmp_path)).read_label(item) for item in Pairs(str(tmp_path)).items())
    assert (str(jpeg.encoding), png.encoding.format) == ("JPEG 4:2:0 quality 90", "png")
    assert jpeg.coefficients(lambda data, box: (data, box)) == (
        (tmp_path / "a.jpg").read_bytes(),
        Box(0, height, width // 2, width),
    )
    assert png.coefficients(lambda data, box: box) is None


class Arrays(Folder):
    """A dataset from outside the package that returns bare arrays."""

    def read_label(self, item):
        return read_rgb(item.label)


class Gray(Folder):
    """A dataset that returns what is no label image."""

    def read_label(self, item):
        return read_rgb(item.label)[..., 0]


def test_a_dataset_may_return_arrays_which_have_no_encoding(labels):
    dataset = Arrays(str(labels))
    label = read_label(dataset, dataset.items()[0])
    assert np.array_equal(label.pixels, draw_label(0))
    assert label.encoding == UNKNOWN
    assert label.coefficients(lambda data, box: box) is None


def test_a_dataset_that_returns_anything_else_is_told_what_is_expected(labels):
    dataset = Gray(str(labels))
    with pytest.raises(UserError, match=r"0, as Gray\.read_label returns it: .* expected RGB, \(H, W, 3\) uint8"):
        read_label(dataset, dataset.items()[0])


def test_a_pair_of_odd_width_is_refused(tmp_path):
    write_rgb(tmp_path / "a.png", np.zeros((4, 7, 3), np.uint8))
    dataset = Pairs(str(tmp_path))
    with pytest.raises(UnreadableImage, match="7 pixels wide"):
        dataset.read_label(dataset.items()[0])


@pytest.mark.parametrize("part", [Folder, Pairs])
def test_a_missing_or_empty_folder_is_named(part, tmp_path):
    with pytest.raises(UserError, match=r"dataset\.root=/no/such does not exist"):
        part("/no/such")
    with pytest.raises(UserError, match="holds no PNG"):
        part(str(tmp_path)).items()


def test_the_sample_measures_itself_on_lossy_labels_with_rare_classes(tmp_path, monkeypatch):
    monkeypatch.setenv("KMSEG_HOME", str(tmp_path))
    dataset = Sample()
    items, truth = dataset.items(), dataset.truth()
    assert len(items) >= 40
    share = np.zeros(len(LEGEND))
    for item in items:
        label = dataset.read_label(item)
        assert label.shape == dataset.read_photo(item).shape == (256, 256, 3)
        share += np.bincount(truth.read_mask(truth.mask_file(item.key), (256, 256)).ravel(), minlength=len(LEGEND))
    share /= share.sum()
    assert (share > 0).sum() >= 12
    assert ((share > 0) & (share < 0.001)).sum() >= 2


def test_one_seed_draws_one_sample(tmp_path, monkeypatch):
    files = []
    for name in "ab":
        monkeypatch.setenv("KMSEG_HOME", str(tmp_path / name))
        files.append([path.read_bytes() for path in sorted(Sample(scenes=3, seed=7).folder.rglob("*.*g"))])
    assert files[0] == files[1]
    assert cv2.imdecode(np.frombuffer(files[0][0], np.uint8), 1).shape == (256, 512, 3)


def test_sampling_is_without_replacement_and_repeatable():
    drawn = Sampling(images=10, seed=1).choose(range(48))
    assert len(set(drawn)) == 10
    assert drawn == sorted(drawn) == Sampling(images=10, seed=1).choose(range(48))
    assert drawn != Sampling(images=10, seed=2).choose(range(48))
    assert Sampling(images="all").choose(range(5)) == Sampling(images=99).choose(range(5)) == range(5)


@pytest.mark.parametrize("images", [0, "some", 1.5])
def test_a_sample_size_that_cannot_be_meant_is_refused(images):
    with pytest.raises(UserError, match=r"sampling\.images is"):
        Sampling(images=images)

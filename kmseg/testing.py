"""Checks that a part keeps the contract of its group, for authors of plugins.

Each `check_*` takes a part, an instance, tries it on small data that it draws itself, and raises `AssertionError` with
what was found and what was expected. They are to kmseg what `check_estimator` is to scikit-learn.

Examples
--------
>>> from kmseg.color_spaces.lab import Lab
>>> check_color_space(Lab())
"""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kmseg.clusterers import Clusterer
from kmseg.color_spaces import ColorSpace
from kmseg.color_spaces.rgb import Rgb
from kmseg.datasets import Dataset, fingerprint, read_label
from kmseg.errors import UserError
from kmseg.files import noting_files
from kmseg.images import LabelImage
from kmseg.maskers import Masker
from kmseg.palette import Palette, Row, from_rows
from kmseg.writers import Segmented, WholeRun, Writer

COLORS = {"sky": (70, 130, 180), "road": (128, 64, 128), "car": (0, 0, 142), "sign": (220, 220, 0)}
"""Classes of the drawn label image, which is lossless."""


def check_dataset(dataset: Dataset) -> None:
    """Check that a dataset lists its items and reads what they name.

    Keys must be distinct, in ascending order, and stay in the run's folder; label images are `(H, W, 3)` uint8, photos
    too, and a second reading gives the same pixels and the same fingerprint. The first three items are read.

    Parameters
    ----------
    dataset : Dataset
        A dataset with at least one item.

    Raises
    ------
    AssertionError
        If it does not keep the contract of `kmseg.datasets.Dataset`.
    """
    _check_frozen(dataset)
    items = dataset.items()
    keys = [item.key for item in items]
    assert keys, "items() is empty; expected at least one item, or a UserError that says why there is none"
    assert keys == sorted(set(keys)), f"keys are {keys[:5]}; expected distinct ones in ascending order"
    assert [item.key for item in dataset.items()] == keys, "items() lists other keys when it is called again"
    for item in items[:3]:
        label = read_label(dataset, item)
        _check_image(label.pixels, f"read_label of {item.key}")
        again = read_label(dataset, item).pixels
        assert np.array_equal(again, label.pixels), f"read_label of {item.key} differs when read again"
        known = fingerprint(dataset, item)
        assert known is None or isinstance(known, str), f"fingerprint returns {known!r}; expected a text or None"
        assert fingerprint(dataset, item) == known, f"the fingerprint of {item.key} differs when it is asked again"
        photo = dataset.read_photo(item)
        if photo is not None:
            _check_image(photo, f"read_photo of {item.key}")
    dataset.truth()


def check_color_space(space: ColorSpace) -> None:
    """Check that colors become features and come back, each channel at most one level off.

    Parameters
    ----------
    space : ColorSpace
        The color space.

    Raises
    ------
    AssertionError
        If it does not keep the contract of `kmseg.color_spaces.ColorSpace`.
    """
    _check_frozen(space)
    corners = np.array(np.meshgrid([0, 255], [0, 255], [0, 255])).reshape(3, -1).T
    drawn = np.random.default_rng(0).integers(0, 256, (500, 3))
    colors = np.concatenate([corners, drawn]).astype(np.uint8)
    features = space.to_features(colors)
    expected = (len(colors), features.shape[-1])
    assert features.shape == expected, f"features have shape {features.shape}; expected {expected}"
    assert features.dtype == np.float64, f"features are {features.dtype}; expected float64"
    assert np.isfinite(features).all(), "some features are not finite"
    assert np.array_equal(space.to_features(colors[:1]), features[:1]), "a color's features depend on other colors"
    back = space.to_rgb(features)
    assert back.dtype == np.uint8, f"to_rgb returns {back.dtype}; expected uint8"
    off = np.abs(back.astype(int) - colors)
    worst = int(off.max(axis=1).argmax())
    there, here = colors[worst].tolist(), back[worst].tolist()
    assert off.max() <= 1, f"{there} comes back as {here}; expected at most 1 level off"


def check_clusterer(clusterer: Clusterer) -> None:
    """Check that a clusterer finds separate groups, whatever their weights, and keeps the order of given centroids.

    Parameters
    ----------
    clusterer : Clusterer
        A clusterer; `dataclasses.replace` must be able to set its `k`.

    Raises
    ------
    AssertionError
        If it does not keep the contract of `kmseg.clusterers.Clusterer`.
    """
    _check_frozen(clusterer)
    three: Any = dataclasses.replace(clusterer, k=3)  # type: ignore[type-var]  # a protocol, and a dataclass by _check_frozen
    random = np.random.default_rng(0)
    groups = np.array([0.0, 80.0, 200.0])
    points = np.concatenate([random.normal(center, 1, (40, 3)) for center in groups])
    weights = np.repeat([1000.0, 1.0, 30.0], 40)
    clustering = three.cluster(points, weights)
    assert clustering.centers.shape == (3, 3), f"centers have shape {clustering.centers.shape}; expected (3, 3)"
    means = np.sort(clustering.centers.mean(axis=1))
    assert np.allclose(means, groups, atol=2), f"centers lie at {means.round(1).tolist()}; expected {groups.tolist()}"
    _check_assignment(clustering, points, weights)
    start = np.repeat(groups[::-1, None], 3, axis=1)
    started = three.cluster(points, weights, start)
    assert np.allclose(started.centers, start, atol=2), "cluster i is not what became of init[i]"
    _check_assignment(started, points, weights)
    again = three.cluster(points, weights)
    assert np.array_equal(again.centers, clustering.centers), "a second call with the same seed gives other centers"
    try:
        three.cluster(points[:2], weights[:2])
    except UserError:
        return
    raise AssertionError("2 points for k=3 are clustered; expected a UserError")


def check_masker(masker: Masker) -> None:
    """Check that a masker is exact on a lossless label image and leaves the colors of no class out.

    Parameters
    ----------
    masker : Masker
        The masker.

    Raises
    ------
    AssertionError
        If it does not keep the contract of `kmseg.maskers.Masker`.
    """
    _check_frozen(masker)
    label, true = _draw_label()
    palette = Palette(list(COLORS), np.array(list(COLORS.values())))
    mask = masker.for_palette(palette, Rgb())
    found = mask(LabelImage.from_array(label))
    assert found.shape == true.shape, f"the mask has shape {found.shape}; expected {true.shape}"
    assert found.dtype == palette.index_dtype, f"the mask is {found.dtype}; expected {palette.index_dtype}"
    wrong = int((found != true).sum())
    assert not wrong, f"{wrong} of {true.size} pixels of a lossless label image are wrong; expected none"
    before = label.copy()
    turned = mask(LabelImage.from_array(label[:, ::-1]))
    assert np.array_equal(turned, true[:, ::-1]), "an array that is not contiguous is masked otherwise"
    assert np.array_equal(label, before), "the masker changes the label image"
    rows = [Row(name, color, ignored=name == "road") for name, color in COLORS.items()]
    ignoring = from_rows(rows)
    found = masker.for_palette(ignoring, Rgb())(LabelImage.from_array(label))
    expected = np.array([0, ignoring.ignore, 1, 2])[true]
    assert np.array_equal(found, expected), f"pixels of an ignored color are not {ignoring.ignore}"


def check_writer(writer: Writer) -> None:
    """Check that a writer writes into the run's folder only, the same files when it writes again, and none unnoticed.

    Two images are written, one below a sub-folder, into a temporary folder, and the run is finished. Files of images
    must be written by the functions of `kmseg.files`, through which the manifest learns of them.

    Parameters
    ----------
    writer : Writer
        A writer that accepts the classes of `COLORS`.

    Raises
    ------
    AssertionError
        If it does not keep the contract of `kmseg.writers.Writer`.
    """
    _check_frozen(writer)
    palette = Palette(list(COLORS), np.array(list(COLORS.values())))
    label, true = _draw_label()
    mask = true.astype(palette.index_dtype)
    with tempfile.TemporaryDirectory() as work:
        written, hidden = [], []
        for name in ("once", "again"):
            folder = Path(work, name)
            folder.mkdir()
            writer.check(palette)
            with noting_files() as noted:
                notes = [
                    writer.write(Segmented(key, n, label, mask, label.copy), palette, folder)
                    for n, key in enumerate(("first", "far/away/second"))
                ]
            hidden += sorted({path for path in folder.rglob("*") if path.is_file()} - set(noted))
            again = writer.needs_again(0)
            assert isinstance(again, bool | np.bool_), f"needs_again returns {again!r}; expected true or false"
            files = writer.finish(
                [note for note in notes if note is not None], _whole_run(palette, folder, label, true)
            )
            outside = [str(file) for file in files if folder not in Path(file).parents]
            assert not outside, f"finish names {outside[0]}; expected files below {folder}"
            missing = [str(file) for file in files if not Path(file).exists()]
            assert not missing, f"finish names {missing[0]}, which does not exist"
            written.append({path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()})
        beside = sorted(path.name for path in Path(work).iterdir() if path.name not in ("once", "again"))
        assert not beside, f"{beside[0]} was written beside the run's folder"
        assert written[0], "nothing was written"
        differ = sorted(written[0] ^ written[1])
        assert not differ, f"{differ[0]} is written only sometimes"
        assert not hidden, (
            f"{hidden[0].name} is unknown to the manifest, so that incremental=true would not miss it; write files by "
            "write_bytes, write_text and replacing of kmseg.files, or write_png of kmseg.images"
        )


def _check_frozen(part: Any) -> None:
    """Check that a part is what every option is: a frozen dataclass."""
    kind = type(part)
    frozen = dataclasses.is_dataclass(kind) and kind.__dataclass_params__.frozen  # type: ignore[attr-defined]
    assert frozen, f"{kind.__name__} is not a frozen dataclass; put @dataclass(frozen=True) above the class"


def _check_image(image: NDArray[Any], name: str) -> None:
    good = image.dtype == np.uint8 and image.ndim == 3 and image.shape[2] == 3
    assert good, f"{name} returns {image.dtype} of shape {image.shape}; expected uint8 (H, W, 3)"


def _check_assignment(clustering: Any, points: NDArray[np.float64], weights: NDArray[np.float64]) -> None:
    """Check that labels and inertia are those of the centers."""
    apart = ((points[:, None] - clustering.centers) ** 2).sum(axis=-1)
    assert np.array_equal(clustering.labels, apart.argmin(axis=1)), (
        "a point is not in the cluster of the nearest center"
    )
    expected = float(weights @ apart.min(axis=1))
    close = abs(clustering.inertia - expected) <= 1e-3 * expected
    assert close, f"inertia is {clustering.inertia:g}; expected the weighted sum of squared distances, {expected:g}"


def _draw_label() -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Draw a lossless label image `(48, 64, 3)` of the classes of `COLORS`, and its true classes `(48, 64)`."""
    true = np.zeros((48, 64), np.int64)
    true[24:] = 1
    true[18:30, 8:22] = 2
    true[4:10, 50:56] = 3
    return np.array(list(COLORS.values()), np.uint8)[true], true


def _whole_run(palette: Palette, folder: Path, label: NDArray[np.uint8], true: NDArray[np.int64]) -> WholeRun:
    """Return the end of a run over the drawn label image."""
    return WholeRun(
        palette=palette,
        folder=folder,
        class_pixels=2 * np.bincount(true.ravel(), minlength=len(palette)),
        metrics={},
        warnings=(),
        unmatched={"first": 0.0, "far/away/second": 0.0},
        read_label=lambda key: LabelImage.from_array(label),
        read_photo=lambda key: label,
        mask=lambda image: _mask(image.pixels, palette),
        unmatched_pixels=lambda image: np.zeros(image.shape[:2], bool),
    )


def _mask(image: NDArray[np.uint8], palette: Palette) -> NDArray[Any]:
    """Return the index mask `(H, W)` of a lossless label image `(H, W, 3)`."""
    apart = np.abs(image[:, :, None].astype(int) - palette.colors.astype(int)).sum(axis=-1)
    return apart.argmin(axis=-1).astype(palette.index_dtype)

import numpy as np
import pytest
from sklearn.cluster import KMeans as Sklearn

from kmseg.clusterers.kmeans import CELLS_ABOVE, KMeans
from kmseg.clusterers.minibatch_kmeans import MiniBatchKMeans
from kmseg.color_spaces.hsv import Hsv
from kmseg.color_spaces.lab import Lab
from kmseg.color_spaces.rgb import Rgb
from kmseg.errors import UserError
from kmseg.histogram import Histogram
from tests.conftest import COLORS, draw_label


def noisy_labels() -> np.ndarray:
    random = np.random.default_rng(0)
    labels = np.stack([draw_label(n) for n in range(4)]).astype(int)
    return (labels + random.normal(0, 6, labels.shape)).clip(0, 255).astype(np.uint8)


def test_weighted_colors_give_the_inertia_of_every_pixel_clustered():
    labels = noisy_labels()
    histogram = Histogram.of(labels)
    pixels = labels.reshape(-1, 3).astype(float)
    for seed in range(3):
        random = np.random.default_rng(seed)
        # Whole-numbered starts are equally far from many whole-numbered colors, and such ties fall by rounding.
        start = pixels[random.choice(len(pixels), 5, replace=False)] + random.random((5, 3))
        plain = Sklearn(5, init=start, n_init=1).fit(pixels)
        ours = KMeans(k=5).cluster(histogram.colors.astype(float), histogram.counts.astype(float), init=start)
        assert ours.inertia == pytest.approx(plain.inertia_, rel=1e-6)
        assert ours.centers == pytest.approx(plain.cluster_centers_, abs=1e-3)


def test_a_start_that_is_nearest_to_no_point_is_moved_as_scikit_learn_moves_it():
    points, weights = np.array([[0.0, 0, 0], [1, 0, 0], [9, 0, 0], [12, 0, 0]]), np.ones(4)
    start = np.array([[0.0, 0, 0], [9, 0, 0], [500, 0, 0]])
    plain = Sklearn(3, init=start, n_init=1).fit(points)
    ours = KMeans(k=3).cluster(points, weights, init=start)
    assert ours.centers == pytest.approx(plain.cluster_centers_)
    assert ours.labels.tolist() == plain.labels_.tolist()


@pytest.mark.parametrize("space", [Rgb(), Hsv(), Lab()])
def test_starts_tried_out_on_cells_lead_where_starts_on_all_colors_do(space):
    """Five distant clusters with more colors than `CELLS_ABOVE`; the best clustering is unique."""
    random = np.random.default_rng(0)
    middles = np.array([(60, 60, 60), (200, 60, 60), (60, 200, 60), (60, 60, 200), (200, 200, 200)])
    rgb = np.unique(
        np.concatenate([random.normal(m, 12, (8000, 3)) for m in middles]).clip(0, 255).astype(np.uint8), axis=0
    )
    points, weights = space.to_features(rgb), random.integers(1, 50, len(rgb)).astype(float)
    assert len(points) > CELLS_ABOVE
    plain = Sklearn(5, n_init=10, random_state=0, tol=1e-9).fit(points, sample_weight=weights)
    ours = KMeans(k=5, tol=1e-9).cluster(points, weights)
    assert ours.inertia == pytest.approx(plain.inertia_, rel=1e-6)
    assert ours.labels.shape == (len(points),)


def test_more_clusters_than_cells_are_started_on_the_colors():
    random = np.random.default_rng(0)
    points = np.concatenate(
        [random.random((CELLS_ABOVE, 3)), [[1e6, 0, 0]]]
    )  # an outlier, beside which all is one cell
    assert len(np.unique(KMeans(k=7, n_init=1).cluster(points, np.ones(len(points))).labels)) == 7


@pytest.mark.parametrize("clusterer", [KMeans(k=4), MiniBatchKMeans(k=4, n_init=10)])
def test_the_classes_of_a_lossless_label_are_its_centroids(clusterer):
    histogram = Histogram.of(draw_label())
    clustering = clusterer.cluster(histogram.colors.astype(float), histogram.counts.astype(float))
    assert {tuple(np.rint(c).astype(int)) for c in clustering.centers} == set(COLORS.values())
    assert clustering.inertia == pytest.approx(0, abs=1e-6)
    assert len(clustering.labels) == 4


@pytest.mark.parametrize("part", [KMeans, MiniBatchKMeans])
def test_more_clusters_than_colors_is_an_error_with_both_numbers(part):
    histogram = Histogram.of(draw_label())
    with pytest.raises(UserError, match=r"k is 13, but .* only 4 distinct"):
        part(k=13).cluster(histogram.colors.astype(float), histogram.counts.astype(float))


@pytest.mark.parametrize("part", [KMeans, MiniBatchKMeans])
@pytest.mark.parametrize("k", [0, -1, 2.5, "many", True, None])
def test_a_k_that_cannot_be_meant_fails_at_birth(part, k):
    with pytest.raises(UserError, match="k is"):
        part(k=k)


def test_the_same_seed_gives_the_same_centroids():
    histogram = Histogram.of(noisy_labels())
    points, weights = histogram.colors.astype(float), histogram.counts.astype(float)
    first, again = (KMeans(k=6, seed=3).cluster(points, weights).centers for _ in range(2))
    assert np.array_equal(first, again)

from kmseg_farthest_first import FarthestFirst

from kmseg.testing import check_clusterer


def test_farthest_first_keeps_its_contract():
    check_clusterer(FarthestFirst())

"""Masks that stand in for missing ones."""

import pytest

from mmdet_mal.labelling.annotator import fallback_rle
from mmdet_mal.structures.rle import rle_area

NAN, INF = float('nan'), float('inf')


@pytest.mark.parametrize('bbox', [None, [], [1], 'abcd', [10**400, 1, 1, 1],
                                  [-INF, INF, 1, 1], [NAN] * 4, [{}] * 4])
@pytest.mark.parametrize('size', [None, (8, 10), (1, 1)])
def test_fallback_is_never_empty(bbox, size):
    rle = fallback_rle(bbox, size)
    assert rle['size'] == list(size or (1, 1)) and rle_area(rle) >= 1

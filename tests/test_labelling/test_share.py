"""Shares of a run: parsed, refused, and together all chunks exactly once."""

import numpy as np
import pytest

from mmdet_mal.labelling.errors import LabelRunError
from mmdet_mal.labelling.share import Share


@pytest.mark.parametrize('text, expected', [
    pytest.param('0/1', Share(0, 1), id='all'),
    pytest.param('2/3', Share(2, 3), id='last'),
    pytest.param(' 1of4 ', Share(1, 4), id='as in file names'),
])
def test_reads_a_share(text, expected):
    assert Share.parse(text) == expected
    assert Share.parse(expected.file_stem) == Share.parse(str(expected)) == expected


@pytest.mark.parametrize('text, words', [
    pytest.param('3/3', 'counted from 0', id='counted from 1'),
    pytest.param('0/0', 'counted from 0', id='no parts'),
    pytest.param('-1/3', 'expected i/n', id='negative'),
    pytest.param('1', 'expected i/n', id='no count'),
    pytest.param('a/b', 'expected i/n', id='no numbers'),
    pytest.param('', 'expected i/n', id='empty'),
])
def test_refuses_what_is_no_share(text, words):
    with pytest.raises(LabelRunError, match=words) as error:
        Share.parse(text)
    assert '\n' not in str(error.value)


@pytest.mark.parametrize('count', [1, 2, 3, 7, 50])
def test_shares_cover_every_chunk_once_and_evenly(count):
    sizes = np.random.default_rng(count).integers(1, 17, 40)
    ranges = [Share(i, count).chunk_range(sizes) for i in range(count)]
    covered = [chunk for first, last in ranges for chunk in range(first, last)]
    assert covered == list(range(40))
    boxes = [sizes[first:last].sum() for first, last in ranges]
    assert max(boxes) - sizes.sum() / count < 17

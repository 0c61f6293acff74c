import pytest

from mmdet_mal.experiments.dealing import deal


@pytest.mark.parametrize('costs, jobs, busy, dealt, end', [
    pytest.param([3., 1., 1., 1.], 2, (), [0, 1, 1, 1], 3., id='free first'),
    pytest.param([1., 2., 3.], 1, (), [0, 0, 0], 6., id='one job'),
    pytest.param([1.] * 5, 4, (), [0, 1, 2, 3, 0], 2., id='a last one alone'),
    pytest.param([1.], 2, (4., 2.), [1], 4., id='others are busy'),
    pytest.param([1., 1.], 3, (4., ), [1, 2], 4., id='some are free'),
    pytest.param([], 2, (1., 5.), [], 5., id='nothing is left to begin'),
    pytest.param([], 2, (), [], 0., id='nothing at all'),
    pytest.param([2.], 8, (), [0], 2., id='more jobs than parts'),
])
def test_by_hand(costs, jobs, busy, dealt, end):
    assert deal(costs, jobs, busy) == (dealt, pytest.approx(end))

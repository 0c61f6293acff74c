"""Linear warm-up of a weight."""
import pytest

from mmdet_mal.models.losses.warmup import warmup_scale


@pytest.mark.parametrize('iteration, warmup_iters, scale', [
    (0, 0, 1.), (99, 0, 1.), (0, 4, .25), (2, 4, .75), (3, 4, 1.), (99, 4, 1.),
], ids=str)
def test_weight_rises_to_one_and_stays(iteration, warmup_iters, scale):
    assert warmup_scale(iteration, warmup_iters) == scale

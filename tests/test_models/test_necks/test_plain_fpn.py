"""A pyramid from maps of one resolution."""
import pytest
import torch

from mmdet_mal.models.heads.errors import DecoderError
from mmdet_mal.models.necks import PlainFPN


def as_identity(neck):
    """1x1 and 3x3 convolutions that pass their input on."""
    with torch.no_grad():
        for module in neck.modules():
            if isinstance(module, torch.nn.Conv2d):
                torch.nn.init.dirac_(module.weight)
                module.bias.zero_()
    return neck


@pytest.mark.parametrize('num_maps', [1, 3])
def test_levels_have_the_scaled_sizes(num_maps):
    neck = PlainFPN([3] * num_maps, out_channels=5)
    levels = neck((torch.randn(2, 3, 8, 6), ) * num_maps)
    assert [tuple(level.shape) for level in levels] == [
        (2, 5, 16, 12), (2, 5, 8, 6), (2, 5, 4, 3)]


def test_finer_levels_add_up_the_coarser_ones():
    neck = as_identity(PlainFPN([1], out_channels=1))
    fine, middle, coarse = neck((torch.full((1, 1, 4, 4), 2.), ))
    for level, value in ((coarse, 2.), (middle, 4.), (fine, 6.)):
        torch.testing.assert_close(level, torch.full_like(level, value))


def test_of_several_maps_each_makes_its_level():
    neck = as_identity(PlainFPN([1, 1], out_channels=1, scales=(1, .5)))
    deep = torch.ones(1, 1, 4, 4)
    fine, coarse = neck((torch.zeros(1, 1, 4, 4), deep))
    assert torch.equal(coarse, torch.ones(1, 1, 2, 2))
    assert torch.equal(fine, deep)
    fine, coarse = neck((deep, torch.zeros(1, 1, 4, 4)))
    assert torch.equal(coarse, torch.zeros(1, 1, 2, 2))
    assert torch.equal(fine, deep)


def test_another_number_of_maps_is_refused():
    with pytest.raises(DecoderError, match='3 levels.* gives 2'):
        PlainFPN([8, 8])


@pytest.mark.parametrize('scales', [(), (1, 0), (-1, )], ids=str)
def test_wrong_scales_are_refused(scales):
    with pytest.raises(ValueError, match='scales'):
        PlainFPN([8], scales=scales)

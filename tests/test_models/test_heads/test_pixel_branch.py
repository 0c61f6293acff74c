"""V: convolutions and one doubling."""
import pytest
import torch

from mmdet_mal.models.heads.pixel_branch import PixelBranch


@pytest.mark.parametrize('upsample_after', range(5))
def test_the_resolution_doubles_wherever_the_doubling_stands(upsample_after):
    branch = PixelBranch(3, 5, upsample_after)
    assert branch(torch.randn(2, 3, 4, 6)).shape == (2, 5, 8, 12)


def test_identity_kernels_leave_the_bilinear_doubling():
    branch = PixelBranch(1, 1)
    with torch.no_grad():
        for conv in branch:
            conv.weight.zero_()[..., 1, 1] = 1.
            conv.bias.zero_()
    x = torch.tensor([[1., 3.]]).view(1, 1, 1, 2)
    torch.testing.assert_close(branch(x)[0, 0],
                               torch.tensor([[1., 1.5, 2.5, 3.]] * 2))


def test_convolutions_before_the_doubling_see_the_coarse_map():
    sizes = []
    branch = PixelBranch(1, 1, upsample_after=2)
    for conv in branch:
        conv.register_forward_pre_hook(
            lambda _, args: sizes.append(args[0].shape[-1]))
    branch(torch.randn(1, 1, 4, 4))
    assert sizes == [4, 4, 8, 8]


@pytest.mark.parametrize('wrong', [-1, 5])
def test_a_place_outside_the_convolutions_is_refused(wrong):
    with pytest.raises(ValueError, match='upsample_after'):
        PixelBranch(1, 1, wrong)

"""Resizing of maps."""
import pytest
import torch

from mmdet_mal.models.heads.resize import resize_bilinear


def test_same_size_is_the_same_tensor():
    x = torch.randn(1, 2, 3, 4)
    assert resize_bilinear(x, (3, 4)) is x


def test_enlarging_is_bilinear():
    x = torch.tensor([1., 3.]).view(1, 1, 1, 2)
    torch.testing.assert_close(
        resize_bilinear(x, (1, 4)).flatten(), torch.tensor([1., 1.5, 2.5, 3.]))


def test_shrinking_counts_every_pixel():
    """Without antialiasing every other pixel would be lost."""
    x = torch.zeros(1, 1, 8, 8)
    x[..., 0::4] = 1.
    assert (resize_bilinear(x, (2, 2)) > 0).all()
    assert resize_bilinear(x, (4, 4)).mean().item() > .2


@pytest.mark.parametrize('size', [(2, 2), (8, 8), (2, 8)], ids=str)
@pytest.mark.parametrize('dtype', [torch.bfloat16, torch.float32], ids=str)
def test_the_precision_is_kept(dtype, size):
    assert resize_bilinear(torch.ones(1, 1, 4, 4, dtype=dtype),
                           size).dtype == dtype

"""The four decoders, small."""
import pytest
import torch

from mmdet_mal.models.heads import (AttentionMaskHead, ConvMaskHead,
                                    FCMaskHead, QueryMaskHead)

SMALL = dict(
    attention=(AttentionMaskHead, dict(channels=16)),
    conv=(ConvMaskHead, dict(channels=16)),
    fc=(FCMaskHead, dict(channels=16, crop_size=(128, 96),
                         hidden_channels=32, grid=2)),
    query=(QueryMaskHead, dict(channels=16, num_layers=2, num_heads=2,
                               feedforward_channels=32)))


@pytest.fixture(params=list(SMALL))
def make_head(request):
    """Build one of the decoders for crops of 128×96 px; runs for each."""

    def make(in_channels=(8, ), **kwargs):
        torch.manual_seed(0)
        cls, defaults = SMALL[request.param]
        head = cls(list(in_channels), **{**defaults, **kwargs})
        head.init_weights()
        return head

    return make

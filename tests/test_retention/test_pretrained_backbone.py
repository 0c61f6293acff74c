"""The backbone of the light detector: what RoIAlign reads of its maps."""

import pytest
import torch
from mmcv.ops import roi_align

from mmdet_mal.models.necks.plain_fpn import PlainFPN
from mmdet_mal.retention.pretrained_backbone import PretrainedBackbone

_TINY_VIT = dict(
    type='mmpretrain.VisionTransformer',
    arch=dict(
        embed_dims=16, num_layers=2, num_heads=2, feedforward_channels=32),
    img_size=64,
    patch_size=16,
    out_type='featmap',
    final_norm=False,
    out_indices=(0, 1))


@pytest.fixture
def maps():
    torch.manual_seed(0)
    with torch.no_grad():
        return PretrainedBackbone(_TINY_VIT)(torch.randn(2, 3, 64, 96))


def values_at(feat, cells):
    """RoIAlign of one sample in the middle of each cell (image, y, x)."""
    rois = feat.new_tensor([[img, x, y, x + 1, y + 1] for img, y, x in cells])
    return roi_align(feat, rois, (1, 1), 1.0, 1, 'avg', True).flatten(1)


def test_one_map_for_each_output_index(maps):
    assert [tuple(feat.shape) for feat in maps] == [(2, 16, 4, 6)] * 2


def test_roi_align_reads_each_cell_of_the_maps(maps):
    cells = [(0, 0, 0), (0, 1, 4), (1, 3, 5), (1, 2, 0)]
    for feat in maps:
        expected = torch.stack([feat[img, :, y, x] for img, y, x in cells])
        torch.testing.assert_close(values_at(feat, cells), expected)


def test_roi_align_reads_each_cell_of_the_pyramid(maps):
    neck = PlainFPN([16], 8, scales=(2, 1), norm_cfg=dict(type='BN')).eval()
    with torch.no_grad():
        fine, coarse = neck(maps[-1:])
    for feat, cells in ((fine, [(0, 7, 11), (1, 0, 3)]),
                        (coarse, [(0, 3, 1), (1, 1, 5)])):
        expected = torch.stack([feat[img, :, y, x] for img, y, x in cells])
        torch.testing.assert_close(values_at(feat, cells), expected)

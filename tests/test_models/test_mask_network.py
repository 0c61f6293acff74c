"""One network of encoder and decoder, with any of the decoders."""
import pytest
import torch

from mmdet_mal.models.box_geometry import rectangle_mask
from mmdet_mal.models.losses import MILLoss
from mmdet_mal.registry import MODELS

SIZE = 64
FPN = dict(
    maps='pyramid', neck_channels=[16] * 3,
    neck=dict(type='mmdet_mal.PlainFPN', out_channels=16))
DECODERS = dict(
    attention=dict(type='mmdet_mal.AttentionMaskHead', channels=16),
    attention_fpn=dict(type='mmdet_mal.AttentionMaskHead', channels=16, **FPN),
    conv=dict(type='mmdet_mal.ConvMaskHead', channels=16),
    fc=dict(type='mmdet_mal.FCMaskHead', crop_size=(SIZE, SIZE),
            hidden_channels=32, grid=2),
    query=dict(type='mmdet_mal.QueryMaskHead', channels=16, num_layers=2,
               num_heads=2, feedforward_channels=32),
    query_fpn=dict(type='mmdet_mal.QueryMaskHead', channels=16, num_layers=1,
                   num_heads=2, feedforward_channels=32, **FPN))


def build(decoder):
    torch.manual_seed(0)
    network = MODELS.build(dict(
        type='mmdet_mal.MaskNetwork',
        encoder=dict(
            type='mmpretrain.VisionTransformer', img_size=SIZE, patch_size=16,
            out_type='featmap',
            arch=dict(embed_dims=32, num_layers=2, num_heads=2,
                      feedforward_channels=64)),
        decoder={'in_channels': [32], **decoder}))
    network.init_weights()
    return network


@pytest.mark.parametrize('decoder', DECODERS.values(), ids=DECODERS)
def test_every_decoder_learns_to_fill_a_box_from_its_rows_and_columns(decoder):
    network = build(decoder)
    crops = torch.randn(1, 3, SIZE, SIZE)
    areas = torch.tensor([1e5])
    box = rectangle_mask(torch.tensor([[8., 16., 40., 56.]]),
                         (SIZE // 4, ) * 2, 4)
    valid = torch.ones_like(box)
    optimizer = torch.optim.AdamW(network.parameters(), 2e-3)
    losses = []
    for _ in range(40):
        logits = network(crops, areas)
        loss = MILLoss(loss_weight=1.)(logits, box, valid)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert losses[-1] < .5 * losses[0]


def test_scores_with_classes_are_those_without():
    network = build(dict(DECODERS['attention'], num_classes=4)).eval()
    crops, areas = torch.randn(2, 3, SIZE, SIZE), torch.tensor([10., 1e5])
    output = network.decode_with_classes(network.extract(crops), areas,
                                         (SIZE, SIZE))
    assert output.class_logits.shape == (2, 4)
    assert torch.equal(output.logits, network(crops, areas))

"""One config for each encoder: published size, a step forward and back."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.config import Config
from mmengine.structures import InstanceData

from mmdet_mal.models.encoders.licences import UNKNOWN, licence_of
from mmdet_mal.registry import MODELS

FOLDER = Path(__file__).resolve().parents[2] / 'configs/mal'

# Parameters of the published networks without their head and (DINOv2) mask
# token, and how many tokens of them have a position.
PUBLISHED = {
    'vit-mae-b': (86_567_656 - 769_000, 197),  # DeiT-B's network
    'vit-mae-l': (304_326_632 - 1_025_000, 197),
    'deit-ti': (5_717_416 - 193_000, 197),
    'deit-s': (22_050_664 - 385_000, 197),
    'deit-b': (86_567_656 - 769_000, 197),
    'dinov2-s': (22_056_576 - 384, 1370),
    'dinov2-b': (86_580_480 - 768, 1370),
    'dinov2-s-reg': (22_056_576 - 384 + 4 * 384, 1370),
    'dinov2-b-reg': (86_580_480 - 768 + 4 * 768, 1370),
    'swin-b': (87_768_224 - 1_025_000, 0),
    'convnext-b': (88_591_464 - 1_025_000, 0),
}

# The same code at a size for a CPU: crop side, overrides of the encoder,
# its channels.
VIT = dict(embed_dims=32, num_layers=2, num_heads=2, feedforward_channels=64)
TINY = {
    'vit': (64, dict(arch=VIT, img_size=64), 32),
    'deit': (64, dict(arch=VIT, img_size=64), 32),
    'dinov2': (56, dict(arch=VIT, img_size=56), 32),
    'swin': (64, dict(img_size=64, arch=dict(
        embed_dims=8, depths=(2, 2, 2, 2), num_heads=(1, 2, 4, 8))), 64),
    'convnext': (64, dict(arch=dict(
        depths=(1, 1, 1, 1), channels=(8, 16, 32, 64))), 64),
}


@pytest.fixture(params=PUBLISHED)
def name(request):
    return request.param


@pytest.fixture
def cfg(name, monkeypatch):
    monkeypatch.delenv('MAL_WEIGHTS', raising=False)
    return Config.fromfile(FOLDER / f'mal_{name}_coco.py')


def test_the_encoder_has_the_published_size(cfg, name):
    """Built at full size on the meta device: no memory, no arithmetic."""
    with torch.device('meta'):
        encoder = MODELS.build(cfg.model.network.encoder)
    published, positions = PUBLISHED[name]
    parameters = dict(encoder.named_parameters())
    pos_embed = parameters.pop('pos_embed', None)
    if pos_embed is not None:
        published -= positions * pos_embed.shape[-1]
    assert sum(p.numel() for p in parameters.values()) == published


def test_crops_are_covered_by_whole_patches_and_whole_scores(cfg):
    size = cfg.crop_size
    assert size == cfg.test_dataloader.dataset.pipeline[1]['size']
    assert size == cfg.train_dataloader.dataset.pipeline[2]['size']
    encoder = cfg.model.network.encoder
    stride = encoder.get('patch_size', 32)
    assert all(side % stride == 0 and side % 4 == 0 for side in size)
    assert encoder.get('img_size', size[0]) == size[0]


def test_the_named_weights_have_a_known_licence(cfg):
    assert licence_of(cfg.model.network.pretrained) != UNKNOWN


def sample(side):
    data = DetDataSample(metainfo=dict(
        img_id=1, ann_id=7, ori_shape=(side, side), img_shape=(side, side),
        crop_window=np.array([0, 0, side, side]),
        valid_bbox=np.array([0, 0, side, side], np.float32),
        bbox=np.array([8., 8., 40., 32.], np.float32), box_area=2000.))
    data.gt_instances = InstanceData(
        bboxes=torch.tensor([[8., 8., 40., 32.]]))
    return data


def test_a_step_reaches_every_parameter_of_the_encoder(cfg, name):
    side, overrides, channels = TINY[name.split('-')[0]]
    network = cfg.model.network
    network.pretrained = None
    network.encoder = {**network.encoder, **overrides}
    network.decoder.update(in_channels=[channels], channels=16)
    torch.manual_seed(0)
    model = MODELS.build(cfg.model)
    model.init_weights()
    views = {view: [torch.randint(0, 255, (3, side, side), dtype=torch.uint8)]
             for view in ('student', 'teacher')}
    data = model.data_preprocessor(
        dict(inputs=views,
             data_samples={view: [sample(side)] for view in views}), True)
    loss, _ = model.parse_losses(model(**data, mode='loss'))
    loss.backward()
    assert torch.isfinite(loss)
    for key, parameter in model.student.encoder.named_parameters():
        assert parameter.grad is not None, key
        assert torch.isfinite(parameter.grad).all(), key

"""The instant labeller's config: it loads, and its parts fit one another."""

from pathlib import Path

import torch
from mmengine.config import Config

from mmdet_mal.registry import MODELS

CONFIG = Path(__file__).resolve().parents[2] / 'configs/mal/instant_deit-ti.py'


def test_the_encoder_takes_the_pipelines_crops_whole():
    """Without memory or arithmetic: on the meta device."""
    config = Config.fromfile(CONFIG)
    encoder, size = config.model.encoder, config.test_pipeline[1]['size']
    assert config.test_dataloader.dataset.pipeline == config.test_pipeline
    assert encoder.img_size == size[0] == size[1]
    assert size[0] % encoder.patch_size == 0
    assert encoder.arch.num_layers == max(encoder.out_indices) + 1
    with torch.device('meta'):
        model = MODELS.build(config.model)
        feats = model.encoder(torch.zeros(2, 3, *size))
    assert len(feats) == len(encoder.out_indices)
    assert feats[0].shape == (2, 192, *(side // 16 for side in size))


def test_it_labels_and_does_not_train():
    config = Config.fromfile(CONFIG)
    assert config.test_dataloader.dataset.type == 'mmdet_mal.LabelChunkDataset'
    assert [hook.type for hook in config.custom_hooks] == [
        'mmdet_mal.PseudoLabelHook']
    assert config.train_dataloader is None
    assert not {'optim_wrapper', 'train_cfg'} & config.keys()

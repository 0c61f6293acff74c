"""Presets: what they set, what takes them, and that a run with them trains."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.runner import Runner

from mmdet_mal.registry import MODELS
from mmdet_mal.utils.errors import UserError
from mmdet_mal.utils.tool import load_config

REPO = Path(__file__).resolve().parents[2]
MAL = REPO / 'configs/mal'
PRESETS = MAL / '_base_/presets'
# What a config says after its bases to take a preset.
LINES = (MAL / 'mal_vit-mae-b_released_coco.py').read_text().partition(
    'released.py\']\n')[2]
TINY = dict(embed_dims=32, num_layers=1, num_heads=2, feedforward_channels=32)


def take(tmp_path, base, preset):
    """A config with a preset over it."""
    path = tmp_path / 'leaf.py'
    path.write_text(f'_base_ = [{str(MAL / base)!r}, '
                    f'{str(PRESETS / preset)!r}]\n{LINES}')
    return path


def settings(cfg):
    """What a preset can change, built: defaults of the classes included."""
    with torch.device('meta'):
        model = MODELS.build(cfg.model)
    decoder = model.student.decoder
    return dict(
        losses={name: public(getattr(model, name)) for name in (
            'mil_loss', 'crf_loss')},
        decoder=[decoder.pool, len(decoder.key), decoder.value.upsample_after,
                 decoder.size_ranges],
        teacher_start=model.teacher_start,
        train=without_scope(cfg.train_dataloader.dataset.pipeline[:4]),
        test=without_scope(cfg.test_dataloader.dataset.pipeline),
        hooks=without_scope(cfg.custom_hooks),
        optimizer=without_scope(cfg.optim_wrapper))


def public(module):
    return {key: value for key, value in vars(module).items()
            if not key.startswith('_') and key != 'training'}


def without_scope(value):
    if isinstance(value, dict):
        defaults = dict(overhang='ignored') if value.get(
            'type') == 'mmdet_mal.CropBox' else {}
        return {**defaults, **{k: without_scope(v) for k, v in value.items()}}
    return [without_scope(v) for v in value] if isinstance(value, list) else value


def test_presets_have_the_same_settings():
    def keys(value):
        return {k: keys(v) for k, v in value.items()} if isinstance(
            value, dict) else None
    presets = [Config.fromfile(path).to_dict() for path in sorted(PRESETS.glob('*'))
               if path.suffix == '.py']
    assert [preset.pop('preset') for preset in presets] == ['paper', 'released']
    for preset in presets:
        preset.pop('preset_optim_wrapper')  # a dict on one side, None on the other
    assert keys(presets[0]) == keys(presets[1])


def test_a_config_without_a_preset_is_the_papers(tmp_path):
    plain = Config.fromfile(MAL / 'mal_vit-mae-b_coco.py')
    paper = Config.fromfile(take(tmp_path, 'mal_vit-mae-b_coco.py', 'paper.py'))
    assert settings(paper) == settings(plain)


def test_released_settings_by_hand():
    found = settings(Config.fromfile(MAL / 'mal_vit-mae-b_released_coco.py'))
    assert found['losses'] == dict(
        mil_loss=dict(bags='split', loss_weight=4.0, warmup_iters=1000, eps=.001,
                      edge_margin=0.0, edge_weight=0.0),
        crf_loss=dict(
            zeta=.1, omega=1.0, window='full', clamp=.1, box='mean_field',
            max_iters=100, tolerance=0.0, warmup_iters=4000, loss_weight=.5,
            eps=.001))
    # Linear, ReLU, linear.
    assert found['decoder'] == ['avg', 3, 3, 'open']
    assert found['teacher_start'] == 'random'
    assert found['train'][1]['rule'] == 'independent'
    assert found['train'][2] == found['test'][1] == dict(
        type='mmdet_mal.CropBox', size=(512, 512), padding='wrap', overhang='used')
    assert [hook['type'] for hook in found['hooks']] == [
        'mmdet_mal.MeanTeacherHook', 'mmdet_mal.PseudoLabelHook',
        'mmdet_mal.AtomicCheckpointHook']
    assert found['hooks'][0]['momentum'] == .004
    assert found['optimizer']['clip_grad'] is None


def test_released_keeps_everything_else(tmp_path):
    plain = settings(Config.fromfile(MAL / 'mal_vit-mae-b_coco.py'))
    released = settings(Config.fromfile(MAL / 'mal_vit-mae-b_released_coco.py'))
    assert released['train'][0] == plain['train'][0]
    assert released['train'][3] == plain['train'][3]
    assert released['test'][0] == plain['test'][0]
    assert released['optimizer']['optimizer'] == plain['optimizer']['optimizer']


@pytest.mark.parametrize('base', [
    'mal_dinov2-s_coco.py', 'mal_swin-b_coco.py', 'mal_convnext-b_coco.py',
    'mal_deit-ti_coco-mini.py', 'mal_tiny_demo.py'])
def test_any_config_takes_a_preset(tmp_path, base):
    cfg = Config.fromfile(take(tmp_path, base, 'released.py'))
    plain = Config.fromfile(MAL / base)
    found = settings(cfg)
    assert found['decoder'] == ['avg', 3, 3, 'open']
    assert found['train'][2]['padding'] == 'wrap'
    assert found['train'][2]['size'] == plain.train_pipeline[2]['size']
    assert cfg.model.network.encoder == plain.model.network.encoder


def test_the_pair_for_a_laptop_differs_in_the_preset_alone():
    paper, released = (settings(Config.fromfile(
        MAL / f'mal_deit-ti_{name}_coco-mini.py')) for name in ('paper', 'released'))
    full = settings(Config.fromfile(MAL / 'mal_vit-mae-b_released_coco.py'))
    for key in ('decoder', 'teacher_start'):
        assert released[key] == full[key]
    assert paper['decoder'] == ['max', 1, 2, 'half_open']
    shortened = released['losses']
    assert shortened['mil_loss'].pop('warmup_iters') == 100
    assert shortened['crf_loss'].pop('warmup_iters') == 400
    for name, loss in shortened.items():
        assert loss == {k: v for k, v in full['losses'][name].items()
                        if k != 'warmup_iters'}
    for key in ('train', 'test'):
        assert [step['type'] for step in paper[key]] == [
            step['type'] for step in released[key]]
    clip = 'clip_grad'
    assert {k: v for k, v in paper['optimizer'].items() if k != clip} == {
        k: v for k, v in released['optimizer'].items() if k != clip}


def test_a_missing_preset_is_a_clear_error(tmp_path):
    path = take(tmp_path, 'mal_vit-mae-b_coco.py', 'publishd.py')
    with pytest.raises(UserError, match="no preset 'publishd'; the presets are "
                                        'paper, released'):
        load_config(str(path))


@pytest.fixture
def boxes(tmp_path):
    """Four boxes in two pictures, one at the picture's edge."""
    rng = np.random.default_rng(0)
    images, annotations = [], []
    for number in range(2):
        picture = rng.integers(0, 255, (80, 96, 3), dtype=np.uint8)
        cv2.imwrite(str(tmp_path / f'{number}.png'), picture)
        images.append(dict(id=number, file_name=f'{number}.png', height=80, width=96))
        for x in (0, 40):
            annotations.append(dict(
                id=len(annotations) + 1, image_id=number, category_id=1, iscrowd=0,
                bbox=[x, 20, 50, 50]))
    path = tmp_path / 'boxes.json'
    path.write_text(json.dumps(dict(
        images=images, annotations=annotations,
        categories=[dict(id=1, name='thing')])))
    return path


@pytest.mark.parametrize('preset', ['paper', 'released'])
def test_a_run_of_two_iterations(preset, boxes, tmp_path):
    """Through runner, pipeline, losses and hooks; the teacher's start shows."""
    cfg = Config.fromfile(MAL / f'mal_deit-ti_{preset}_coco-mini.py')
    cfg.work_dir = str(tmp_path / 'work')
    cfg.model.network.pretrained = None
    cfg.model.network.encoder.update(arch=TINY, img_size=64, frozen_stages=-1)
    cfg.model.network.decoder.update(in_channels=[32], channels=16)
    cfg.train_dataloader.update(batch_size=2, num_workers=0, persistent_workers=False)
    cfg.train_dataloader.dataset.update(
        ann_file=str(boxes), data_root='', data_prefix=dict(img=f'{boxes.parent}/'))
    for step in cfg.train_dataloader.dataset.pipeline:
        if step['type'] == 'mmdet_mal.CropBox':
            step['size'] = (64, 64)
    cfg.train_cfg.max_epochs = 1
    cfg.log_level = 'ERROR'
    cfg.custom_hooks = [hook for hook in cfg.custom_hooks
                        if hook['type'].endswith('MeanTeacherHook')]
    cfg.test_dataloader = cfg.test_cfg = cfg.test_evaluator = None
    cfg.experiment_name = f'preset-{preset}'
    runner = Runner.from_cfg(cfg)
    runner.train()
    model = runner.model
    assert runner.iter == 2
    distance = max(
        (one - other).abs().max().item() for one, other in zip(
            model.student.decoder.parameters(), model.teacher.decoder.parameters(),
            strict=True))
    assert np.isfinite(distance)
    assert (distance > .05) == (preset == 'released')

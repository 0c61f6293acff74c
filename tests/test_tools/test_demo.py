"""The whole chain, as small as it gets: boxes, masks, a stock detector."""

import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

from mmdet_mal.labelling.validate import validate_labels

REPO = Path(__file__).resolve().parents[2]

CONFIG = """
_base_ = [{bases}]
model = dict(network=dict(
    encoder=dict(
        _delete_=True, type='mmpretrain.VisionTransformer',
        arch=dict(embed_dims=16, num_layers=1, num_heads=1,
                  feedforward_channels=16),
        img_size=64, patch_size=16, out_type='featmap'),
    decoder=dict(in_channels=[16], channels=8)))
train_pipeline = _base_.train_pipeline
train_pipeline[2].size = (64, 64)
test_pipeline = _base_.test_pipeline
test_pipeline[1].size = (64, 64)
train_dataloader = dict(
    num_workers=0, persistent_workers=False,
    dataset=dict(ann_file='boxes_train.json', data_prefix=dict(img='images/'),
                 min_area=100, known_faults=(), pipeline=train_pipeline))
test_dataloader = dict(
    num_workers=0,
    dataset=dict(data_prefix=dict(img='images/'), pipeline=test_pipeline))
train_cfg = dict(max_epochs=1)
"""


@pytest.mark.slow
def test_demo_runs_to_its_summary(tmp_path):
    bases = ', '.join(repr(str(REPO / 'configs/mal/_base_' / f'{name}.py')) for
                      name in ('default_runtime', 'coco_boxes_512', 'mal_vit',
                               'schedule_10e'))
    config = tmp_path / 'tiny.py'
    config.write_text(CONFIG.format(bases=bases))
    result = subprocess.run(
        [sys.executable, str(REPO / 'tools' / 'demo.py'), '--work-dir', 'demo',
         '--config', str(config), '--num-train', '2', '--num-val', '2',
         '--detector-iters', '1'],
        cwd=tmp_path, env=dict(os.environ, CUDA_VISIBLE_DEVICES=''),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=400, check=False)
    printed = result.stdout
    assert result.returncode == 0, printed[-4000:]

    demo = tmp_path / 'demo'
    summary = json.loads((demo / 'summary.json').read_text())
    assert set(summary['miou']) == {'mal', 'box', 'ellipse', 'grabcut'}
    assert all(0 < value < 1 for value in summary['miou'].values())
    assert list(summary['seconds']) == [
        'draw', 'train', 'label_val', 'evaluate', 'picture', 'label_train',
        'detector']
    for split in ('train', 'val'):
        assert validate_labels(str(demo / 'data' / f'boxes_{split}.json'),
                               str(demo / 'labels' / f'{split}.json')) == []
    assert cv2.imread(str(demo / 'pictures.png')).shape[1] > 1000
    # Progress of training, and the tables at the end.
    assert 'Epoch(train)' in printed and 'Iter(train) [1/1]' in printed
    assert 'mean IoU on drawn masks' in printed and 'seconds' in printed
    assert 'demo/pictures.png' in printed

"""The whole chain on real photographs, by the commands that people type."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from mmengine.config import Config

from mmdet_mal.datasets.annotations import load_annotation_file
from mmdet_mal.evaluation.mask_iou import mask_ious, summarise
from mmdet_mal.labelling.validate import validate_labels
from mmdet_mal.utils.stock_reader import read_with_stock_loader

REPO = Path(__file__).resolve().parents[1]
CONFIG = REPO / 'configs/mal/mal_deit-ti_coco-mini.py'
PHASE2 = REPO / 'configs/phase2/coco-mini/mask-rcnn_r50_fpn_coco-mini-cpu.py'
NUM_IMAGES = 12


@pytest.fixture(scope='module')
def some_boxes(coco_mini_root, tmp_path_factory):
    """The boxes of a dozen training photographs, with crowds among them."""
    data = json.loads(
        (coco_mini_root / 'annotations/boxes_train.json').read_text())
    crowds = {a['image_id'] for a in data['annotations'] if a['iscrowd']}
    images = sorted(data['images'], key=lambda i: i['id'] not in crowds)
    data['images'] = images[:NUM_IMAGES]
    kept = {image['id'] for image in data['images']}
    data['annotations'] = [
        a for a in data['annotations'] if a['image_id'] in kept]
    path = tmp_path_factory.mktemp('chain') / 'boxes.json'
    path.write_text(json.dumps(data))
    return path


def run(script, *args, **env):
    result = subprocess.run(
        [sys.executable, str(REPO / 'tools' / script), *map(str, args)],
        text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        timeout=400, check=False, env=dict(os.environ, **env))
    assert result.returncode == 0, result.stdout[-4000:]
    return result.stdout


@pytest.fixture(scope='module')
def masks(some_boxes, shared_dir, deit_weights):
    """Masks JSON after a dozen steps of training on those boxes."""
    folder = some_boxes.parent
    env = dict(MAL_DATA_ROOT=str(shared_dir), MAL_WEIGHTS=str(deit_weights))
    run('train.py', CONFIG, '--work-dir', folder / 'train', '--cfg-options',
        f'train_dataloader.dataset.ann_file={some_boxes}',
        'train_dataloader.dataset.indices=96', 'train_dataloader.num_workers=0',
        'train_dataloader.persistent_workers=False', 'train_cfg.max_epochs=2',
        'model.crf_loss.warmup_iters=0', **env)
    out = folder / 'masks.json'
    run('test.py', CONFIG, folder / 'train/epoch_2.pth', '--work-dir',
        folder / 'label', '--out', out, '--cfg-options',
        f'test_dataloader.dataset.ann_file={some_boxes}',
        'test_dataloader.num_workers=0', 'model.predictor=student', **env)
    return out


def test_nothing_but_the_masks_is_new(masks, some_boxes):
    assert validate_labels(str(some_boxes), str(masks)) == []
    before = json.loads(some_boxes.read_text())
    after = json.loads(masks.read_text())
    for old, new in zip(before['annotations'], after['annotations'],
                        strict=True):
        assert {k: new[k] for k in old if k != 'area'} == {
            k: old[k] for k in old if k != 'area'}
    assert before['images'] == after['images']


def test_masks_are_scored_by_human_masks(masks, coco_mini_root):
    human = load_annotation_file(
        str(coco_mini_root / 'annotations/instances_train.json'))
    labelled = {a['id'] for a in json.loads(masks.read_text())['annotations']}
    human['annotations'] = [
        a for a in human['annotations'] if a['id'] in labelled]
    columns = mask_ious(str(masks), human)
    assert not columns.missing.any()
    # A dozen steps are no training; a wrong paste or flip would be near 0.
    assert summarise(columns)['all']['miou'] > .35
    assert np.isfinite(columns.ious).all()


def test_stock_mask_rcnn_reads_every_mask(masks, shared_dir, monkeypatch):
    monkeypatch.setenv('MAL_ANN', str(masks))
    monkeypatch.setenv('MAL_DATA_ROOT', str(shared_dir))
    cfg = Config.fromfile(PHASE2)
    reading = read_with_stock_loader(cfg.train_dataloader.dataset)
    assert reading.faults == []
    assert reading.read == reading.annotations > 0
    assert reading.crowds > 0

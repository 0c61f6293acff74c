"""Encoders on the meta device; a tiny data set and a few steps for phase 2."""

import json
from functools import partial

import cv2
import numpy as np
import pytest
import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from pycocotools import mask as mask_utils


@pytest.fixture(autouse=True)
def _linspace_has_values(monkeypatch):
    """mmpretrain's Swin and ConvNeXt read their drop path rates out of
    ``torch.linspace(...)``, which holds no values on the meta device."""
    monkeypatch.setattr(torch, 'linspace',
                        partial(torch.linspace, device='cpu'))


# ------------------------------------------------------------------- phase 2
class RecordLoss(Hook):
    """Keep the losses of every iteration."""

    def __init__(self):
        self.losses = []

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        self.losses.append({key: value.item() for key, value in outputs.items()
                            if torch.is_tensor(value)})


@pytest.fixture
def train_briefly(tmp_path):
    """Train as a config says; gives the losses of each iteration by name."""

    def train(cfg):
        cfg.work_dir = str(tmp_path)
        cfg.randomness = dict(seed=0)
        runner = Runner.from_cfg(cfg)
        record = RecordLoss()
        runner.register_hook(record)
        runner.train()
        return record.losses

    return train


@pytest.fixture(scope='session')
def masks_json(tmp_path_factory):
    """Four images of 96x128 px, 12 objects and a crowd, as the labeller writes them.

    Returns:
        tuple[Path, Path]: The masks JSON and the image folder.
    """
    from mmdet.datasets import CocoDataset
    root = tmp_path_factory.mktemp('phase2')
    (root / 'images').mkdir()
    rng = np.random.default_rng(0)
    images, annotations = [], []
    for image_id in range(1, 5):
        img = rng.integers(0, 90, (96, 128, 3), dtype=np.uint8)
        images.append(dict(
            id=image_id, file_name=f'{image_id}.png', height=96, width=128))
        for x, y, w, h in ((6, 8, 40, 60), (50, 20, 33, 41), (88, 4, 36, 80)):
            mask = np.zeros((96, 128), np.uint8)
            cv2.ellipse(mask, (x + w // 2, y + h // 2), (w // 2, h // 2), 0, 0, 360,
                        1, -1)
            img[mask > 0] = rng.integers(90, 255, 3)
            rle = mask_utils.encode(np.asfortranarray(mask))
            annotations.append(dict(
                id=1000 + len(annotations), image_id=image_id,
                category_id=int(rng.integers(1, 81)), iscrowd=0,
                bbox=[float(x), float(y), float(w), float(h)],
                segmentation=dict(size=[96, 128], counts=rle['counts'].decode()),
                area=int(mask.sum()), score=0.75,
                mal=dict(fallback=None, mask_score=0.75)))
        cv2.imwrite(str(root / 'images' / f'{image_id}.png'), img)
    # A crowd as COCO ships it: uncompressed RLE, untouched by the labeller.
    annotations.append(dict(
        id=9000, image_id=1, category_id=1, iscrowd=1, area=96 * 4,
        bbox=[0.0, 0.0, 4.0, 96.0],
        segmentation=dict(size=[96, 128], counts=[0, 96 * 4, 96 * 124])))
    categories = [dict(id=i + 1, name=name) for i, name in enumerate(
        CocoDataset.METAINFO['classes'])]
    path = root / 'masks.json'
    path.write_text(json.dumps(dict(
        info=dict(mal={}), images=images, annotations=annotations,
        categories=categories)))
    return path, root / 'images'


@pytest.fixture(scope='session')
def shrink():
    """Makes a recipe small enough for a test, in place."""
    return _shrink


def _shrink(cfg):
    """Images of 128 px, fewer sampled boxes, coarser SOLO grids.

    Depth, width, heads and losses stay stock.  What shrinks costs the same on an image
    of any size: 512 boxes through the cascade's convolutions, 3872 grid cells through
    SOLOv2's, 10 to 30 s an iteration on one thread.
    """
    dataset = cfg.train_dataloader.dataset
    for step in _steps(dataset.get('dataset', dataset).pipeline):
        if 'scale' in step:
            step.scale = (128, 128)
        if 'scales' in step:
            step.scales = [(128, 128)]
        if 'crop_size' in step:
            step.crop_size = (64, 128)
    for augment in cfg.model.data_preprocessor.get('batch_augments', []):
        augment.size = (128, 128)
    if 'mask_head' in cfg.model:
        cfg.model.mask_head.num_grids = [10, 9, 6, 4, 3]
    if 'roi_head' in cfg.model:
        stages = cfg.model.train_cfg.rcnn
        for stage in stages if isinstance(stages, list) else [stages]:
            stage.sampler.num = 32


def _steps(value):
    """Every step of a nested pipeline."""
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from _steps(item)

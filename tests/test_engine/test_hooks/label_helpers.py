"""A small data set and a runner whose hook labels it; used by test_pseudo_*."""

import json
import multiprocessing
import os
import signal

import cv2
import numpy as np
import torch
from mmengine.hooks import Hook
from mmengine.model import BaseModel
from mmengine.runner import Runner

from mmdet_mal.labelling.inference import annotate_sample
from mmdet_mal.labelling.postprocess import MaskOptions

FORK = multiprocessing.get_context('fork')
SIZE = 16  # of a crop, in pixels


class DiskModel(BaseModel):
    """Sees a disk in every crop, nothing in a crop that is black."""

    def __init__(self, radius=6.):
        super().__init__()
        self.radius = torch.nn.Parameter(torch.tensor(radius))

    def forward(self, inputs, data_samples=None, mode='tensor'):
        assert mode == 'predict'
        y, x = np.mgrid[:SIZE, :SIZE] + .5 - SIZE / 2
        disk = (np.hypot(x, y) < float(self.radius)).astype(np.float32)
        for crop, sample in zip(inputs, data_samples, strict=True):
            lit = float(crop.float().max() > 0)
            annotate_sample(sample, disk * .9 * lit, MaskOptions())
        return data_samples


class DropExtras(torch.nn.Module):
    """Hands the model what a real preprocessor hands it."""

    def forward(self, data, training=False):
        return dict(inputs=data['inputs'], data_samples=data['data_samples'])


def write_boxes(tmp_path):
    """12 boxes in 4 images; one image is missing, one box is NaN, one crowd."""
    rng = np.random.default_rng(0)
    images, annotations = [], []
    for i in range(4):
        img = rng.integers(1, 255, (40, 50, 3), dtype=np.uint8)
        img[:12, :12] = 0
        if i != 2:
            cv2.imwrite(str(tmp_path / f'{i}.png'), img)
        images.append(dict(id=i, file_name=f'{i}.png', height=40, width=50))
        for j in range(3):
            annotations.append(dict(id=10 * i + j, image_id=i, category_id=1,
                                    bbox=[12 + 9. * j, 15, 8, 16], iscrowd=0))
    annotations[0].update(bbox=[2, 2, 6, 6])  # black, so the mask is empty
    annotations[4].update(bbox=[float('nan'), 1, 2, 3])
    annotations[-1].update(iscrowd=1)
    path = tmp_path / 'boxes.json'
    path.write_text(json.dumps(dict(images=images, annotations=annotations,
                                    categories=[dict(id=1, name='thing')])))
    return path


def build_runner(boxes, work_dir, hooks=(), radius=6.,
                 sampler='mmdet_mal.ChunkSampler', **hook):
    keys = ('img_id', 'ann_id', 'ori_shape', 'crop_window', 'bbox')
    pipeline = [dict(type='mmdet_mal.FixedBoxExpansion', rate=.3),
                dict(type='mmdet_mal.CropBox', size=(SIZE, SIZE), padding='zero'),
                dict(type='mmdet.PackDetInputs', meta_keys=keys)]
    model = DiskModel(radius)
    model.data_preprocessor = DropExtras()
    return Runner(
        model=model, work_dir=str(work_dir), default_scope='mmdet',
        test_dataloader=dict(
            batch_size=1, num_workers=0,
            sampler=dict(type=sampler),
            collate_fn=dict(type='mmdet_mal.collate_chunk'),
            dataset=dict(type='mmdet_mal.LabelChunkDataset', ann_file=str(boxes),
                         data_root=str(boxes.parent), data_prefix=dict(img=''),
                         chunk_boxes=3, pipeline=pipeline)),
        test_cfg=dict(type='mmdet_mal.LabelLoop'), test_evaluator=[],
        custom_hooks=[dict(type='mmdet_mal.PseudoLabelHook', **hook), *hooks],
        default_hooks=dict(runtime_info=None, timer=None, logger=None,
                           param_scheduler=None, checkpoint=None,
                           sampler_seed=dict(type='DistSamplerSeedHook')),
        log_level='WARNING', experiment_name=f'labels{os.getpid()}{work_dir.name}')


def label(boxes, work_dir, **options):
    build_runner(boxes, work_dir, **options).test()
    return (work_dir / 'masks.json').read_bytes()


class KillHook(Hook):
    """Ends the process for good after some chunks, before they are stored."""

    def __init__(self, after):
        self.after = after

    def after_test_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        if batch_idx == self.after:
            os.kill(os.getpid(), signal.SIGKILL)


class CountHook(Hook):
    """Counts the chunks that are labelled."""
    chunks = 0

    def after_test_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        self.chunks += 1

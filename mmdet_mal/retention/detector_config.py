"""A stock detector's config, pointed at one annotation file."""

import os
from collections.abc import Mapping
from typing import Any

from mmengine.config import Config

from mmdet_mal.datasets.image_source import image_source
from mmdet_mal.experiments.registered import find_registered
from mmdet_mal.experiments.schedule import squeeze_schedule
from mmdet_mal.utils.as_list import as_list
from mmdet_mal.utils.errors import UserError
from mmdet_mal.utils.num_classes import set_num_classes
from mmdet_mal.utils.tool import load_config

_SEGM = 'segm'


def base_config(path: str, options: Mapping[str, Any] | None, seed: int,
                classes: tuple[str, ...], epochs: int | None = None) -> Config:
    """What all trainings share.

    Args:
        path (str): config of a detector with a mask branch.
        options (Mapping, optional): settings by dotted key.
        seed (int): of all trainings.
        classes (tuple[str, ...]): names in the order of the files.
        epochs (int, optional): shorten the training to so many.

    Returns:
        Config: without validation while it trains; a test follows.

    Raises:
        UserError: no such config, or none of a detector that yields masks.
    """
    config = load_config(path, options)
    for part in ('model', 'train_dataloader', 'train_cfg', 'test_dataloader',
                 'test_evaluator', 'test_cfg'):
        if not config.get(part):
            raise UserError(f'{path}: has no {part}; give a config that trains '
                            'and tests a detector')
    evaluators = _evaluators(config)
    if not any(_SEGM in as_list(e.get('metric')) for e in evaluators):
        raise UserError(f"{path}: its test_evaluator does not measure '{_SEGM}', "
                        'the mask AP; give a config of a detector with a mask '
                        'branch')
    config.randomness = dict(config.get('randomness') or {}, seed=seed)
    # Evaluated once, by a test that can be repeated when it was cut off.
    config.val_dataloader = config.val_evaluator = config.val_cfg = None
    hooks = config.get('default_hooks') or {}
    (hooks.get('checkpoint') or {}).pop('save_best', None)
    if epochs is not None:
        squeeze_schedule(config, epochs)
    if classes != _classes_of(_dataset_of(config, 'train_dataloader')):
        set_num_classes(config.model, len(classes))
    for loader in ('train_dataloader', 'test_dataloader'):
        dataset = _dataset_of(config, loader)
        if classes != _classes_of(dataset):
            dataset['metainfo'] = dict(classes=classes)
    return config


def point_at(config: Config, ann_file: str, images: str, val: str,
             val_images: str) -> Config:
    """A copy of a config that trains on one file and is tested on another.

    Args:
        config (Config): of :func:`base_config`.
        ann_file (str): COCO JSON with the masks to train on.
        images (str): where its images are.
        val (str): COCO JSON with human masks.
        val_images (str): where its images are.
    """
    config = Config(config._cfg_dict.to_dict(), filename=config.filename)
    _point(_dataset_of(config, 'train_dataloader'), ann_file, images)
    _point(_dataset_of(config, 'test_dataloader'), val, val_images)
    for evaluator in _evaluators(config):
        if 'ann_file' in evaluator:
            evaluator['ann_file'] = os.path.abspath(val)
    return config


def _point(dataset: dict, ann_file: str, images: str) -> None:
    prefix, backend_args = image_source(images)
    if '://' not in prefix and backend_args is None:
        prefix = os.path.abspath(prefix)
    dataset.update(data_root='', ann_file=os.path.abspath(ann_file),
                   data_prefix=dict(img=prefix))
    if backend_args is not None:
        raise UserError(f'{images}: stock detectors read folders; unpack the '
                        'archive first')


def _dataset_of(config: Config, loader: str) -> dict:
    """The data set that reads the annotations, within its wrappers."""
    dataset = config[loader]['dataset']
    while 'ann_file' not in dataset:
        inner = dataset.get('dataset')
        if not isinstance(inner, dict):
            raise UserError(f'{config.filename}: {loader} reads no single '
                            "annotation file (its data set is a "
                            f"{dataset.get('type')}); give a config with one")
        dataset = inner
    return dataset


def _classes_of(dataset: dict) -> tuple[str, ...] | None:
    """Names that a data set has by its ``metainfo`` or its class."""
    own = (dataset.get('metainfo') or {}).get('classes')
    cls = find_registered(dataset['type'])
    return tuple(own or getattr(cls, 'METAINFO', {}).get('classes', ())) or None


def _evaluators(config: Config) -> list[dict]:
    return as_list(config.test_evaluator)

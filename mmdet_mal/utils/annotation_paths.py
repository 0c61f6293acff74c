"""A stock data set without its annotation file: said before a model is built."""

import os
import os.path as osp
from collections.abc import Iterator, Mapping
from typing import Any

from mmdet_mal.utils.errors import UserError

_LOADERS = ('train_dataloader', 'val_dataloader')
# Our readers of boxes say themselves what is wrong; these are stock below.
_OURS, _STOCK_BELOW = 'mmdet_mal.', 'mmdet_mal.Scored'
_ENVIRONMENT = ('; the configs of phase 2 take it from MAL_ANN too, those in '
                'human/ and no-masks/ from MAL_HUMAN_ANN')


def check_annotation_paths(config: Mapping[str, Any], name: str) -> None:
    """Raise where a stock data set of a training has no annotation file.

    MMDetection would build the model first and then end in a traceback that
    names the path and not the setting.  Addresses and data sets with
    ``backend_args`` are left alone.

    Args:
        config (Mapping[str, Any]): Of the training.
        name (str): Of the config, for the message.

    Raises:
        UserError: If a file is missing: which, where it is set, what to do.
    """
    for loader in _LOADERS:
        dataset = (config.get(loader) or {}).get('dataset')
        for key, entry in _innermost(dataset, f'{loader}.dataset'):
            path = _path(entry)
            if path and not osp.isfile(path):
                hint = _ENVIRONMENT if loader == 'train_dataloader' else ''
                raise UserError(
                    f'{path}: annotation file not found (working directory '
                    f'{os.getcwd()}), set by {key}.ann_file of {name}; correct '
                    f'it, or say --cfg-options {key}.ann_file=FILE '
                    f'{key}.data_root={hint}')


def _innermost(dataset: Any, key: str) -> Iterator[tuple[str, Mapping]]:
    """Data sets below wrappers such as RepeatDataset, with their dotted keys."""
    if not isinstance(dataset, Mapping):
        return
    if 'ann_file' in dataset:
        yield key, dataset
    yield from _innermost(dataset.get('dataset'), f'{key}.dataset')
    for number, entry in enumerate(dataset.get('datasets') or ()):
        yield from _innermost(entry, f'{key}.datasets.{number}')


def _path(dataset: Mapping) -> str:
    """Where a stock data set looks for its annotations; '' if not a file."""
    kind, ann_file = str(dataset.get('type')), dataset['ann_file']
    stock = not kind.startswith(_OURS) or kind.startswith(_STOCK_BELOW)
    if not stock or not ann_file or dataset.get('backend_args'):
        return ''
    path = osp.join(dataset.get('data_root') or '', ann_file)
    return '' if '://' in path else path

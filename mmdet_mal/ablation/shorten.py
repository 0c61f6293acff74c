"""A training of about so many iterations, with all its schedules in proportion."""

import json
import math

import numpy as np
from mmengine.config import Config

from mmdet_mal.experiments.schedule import squeeze_schedule
from mmdet_mal.utils.errors import UserError


class BoxCounter:
    """Number of samples of training data sets, each counted once."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}

    def __call__(self, config: Config) -> int:
        """Samples of a config's training data set.

        Args:
            config (Config): a whole config.

        Raises:
            UserError: the data set cannot be read, or is empty.
        """
        from mmengine.registry import DATASETS, DefaultScope
        cfg = config.train_dataloader.dataset.to_dict()
        # Counting needs neither images nor transforms.
        for key, value in dict(cache_images=False, check_images='none').items():
            if key in cfg or cfg['type'] == 'mmdet_mal.BoxInstanceDataset':
                cfg[key] = value
        cfg['pipeline'] = []
        key = json.dumps(cfg, sort_keys=True, default=str)
        if key not in self._known:
            with DefaultScope.overwrite_default_scope('mmdet'):
                self._known[key] = len(DATASETS.build(cfg))
        if not self._known[key]:
            raise UserError(f"{cfg['ann_file']}: no box is left to train on "
                            '(min_area, min_size)')
        return self._known[key]


def count_iterations(config: Config, samples: int) -> int:
    """Iterations of a whole training on one process."""
    indices = config.train_dataloader.dataset.get('indices')
    if isinstance(indices, (list, tuple)):
        samples = min(samples, len(indices))
    return (config.train_cfg.max_epochs
            * math.ceil(samples / config.train_dataloader.batch_size))


def shorten_training(config: Config, max_iters: int, samples: int) -> None:
    """Cut a training to at most so many iterations, in place.

    Epochs go first; where one epoch is already too long, it takes an even
    choice of the boxes.  Learning rate and warm-ups are squeezed to fit, the
    teacher's momentum stays.

    Args:
        config (Config): of a training in epochs.
        max_iters (int): at least 1; a longer training only.
        samples (int): boxes of its data set.
    """
    if max_iters < 1:
        raise UserError(f'--max-iters {max_iters}: expected 1 or more')
    if count_iterations(config, samples) <= max_iters:
        return
    batch = config.train_dataloader.batch_size
    an_epoch = math.ceil(samples / batch)
    epochs = max(1, round(max_iters / an_epoch))
    per_epoch = min(an_epoch, max(1, max_iters // epochs))
    squeeze_schedule(config, epochs, per_epoch / an_epoch, per_epoch)
    if per_epoch < an_epoch:
        chosen = np.linspace(0, samples - 1, per_epoch * batch).round().astype(int)
        dataset = config.train_dataloader.dataset
        before = dataset.get('indices')
        dataset.indices = [
            before[i] if isinstance(before, (list, tuple)) else i
            for i in np.unique(chosen).tolist()]

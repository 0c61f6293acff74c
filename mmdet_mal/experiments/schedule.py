"""The same training, shorter: everything shrinks by one factor."""

import math
from typing import Any

from mmengine.config import Config

from mmdet_mal.utils.as_list import as_list
from mmdet_mal.utils.errors import UserError

# Settings of a model that count iterations of the training.
_ITERATION_KEYS = ('warmup_iters', 'fade_iters')


def squeeze_schedule(config: Config, epochs: int, iterations: float = 1.,
                     epoch_iters: int | None = None) -> None:
    """Train fewer epochs, with schedules squeezed to fit, in place.

    Learning-rate schedules by epoch end with the training as before; warm-ups
    by iteration, those of losses too, shrink by the same factor.

    Args:
        config (Config): of a training that counts in epochs.
        epochs (int): of the shorter training, at least 1.
        iterations (float): its iterations over those of ``epochs`` whole
            epochs, where an epoch becomes shorter as well; in (0, 1].
        epoch_iters (int, optional): iterations of an epoch of the shorter
            training, if known: schedules then keep at least one iteration,
            where a fraction of a short epoch might be none.

    Raises:
        UserError: the training counts in iterations.
    """
    train = config.get('train_cfg') or {}
    if 'max_epochs' not in train:
        raise UserError(f'{config.filename}: its train_cfg has no max_epochs, '
                        'so it cannot be shortened by epochs; set max_iters '
                        'and its schedule with --cfg-options')
    if epochs < 1:
        raise UserError(f'{epochs} epochs: a training has at least 1')
    factor = epochs / train['max_epochs']
    train['max_epochs'] = epochs
    if 'val_interval' in train:
        train['val_interval'] = max(1, math.ceil(train['val_interval'] * factor))
    for schedule in as_list(config.get('param_scheduler')):
        if not schedule.get('by_epoch', True):
            _scale(schedule, factor * iterations, whole=True)
        elif epoch_iters is not None:
            _scale(schedule, factor * epoch_iters, whole=True)
            schedule['by_epoch'] = False
            schedule.pop('convert_to_iter_based', None)
        else:
            _scale(schedule, factor, whole=False)
            if factor < 1:  # fractions of an epoch
                schedule['convert_to_iter_based'] = True
    _scale_iterations(config.get('model'), factor * iterations)


def _scale(schedule: dict, factor: float, whole: bool) -> None:
    """Multiply the borders of a schedule, in place."""
    for key in ('begin', 'end', 'T_max', 'milestones'):
        value = schedule.get(key)
        if isinstance(value, (list, tuple)):
            schedule[key] = [_times(entry, factor, whole) for entry in value]
        elif value is not None:
            schedule[key] = _times(value, factor, whole)
    # MMEngine refuses an empty schedule.
    if whole and 'end' in schedule:
        schedule['end'] = max(schedule['end'], schedule.get('begin', 0) + 1)
    if whole and 'T_max' in schedule:
        schedule['T_max'] = max(schedule['T_max'], 1)


def _times(value: float, factor: float, whole: bool) -> float:
    return round(value * factor) if whole else value * factor


def _scale_iterations(value: Any, factor: float) -> None:
    if isinstance(value, dict):
        for key, entry in value.items():
            if key in _ITERATION_KEYS and isinstance(entry, (int, float)):
                value[key] = round(entry * factor)
            else:
                _scale_iterations(entry, factor)
    elif isinstance(value, (list, tuple)):
        for entry in value:
            _scale_iterations(entry, factor)

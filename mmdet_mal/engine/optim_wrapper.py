"""Precision of training, chosen by asking the machine."""

from collections.abc import Mapping
from typing import Any

import torch
from mmengine.optim import OptimWrapper
from torch.optim import Optimizer

from mmdet_mal.machine.precision import (Precision, check_precision,
                                         choose_precision,
                                         environment_precision, gpu_has_bf16)
from mmdet_mal.registry import OPTIM_WRAPPERS
from mmdet_mal.utils.setting_error import SettingError

from .deferred_guard_optim_wrapper import DeferredGuardOptimWrapper
from .guarded_amp_optim_wrapper import GuardedAmpOptimWrapper
from .guarded_autocast_optim_wrapper import GuardedAutocastOptimWrapper
from .guarded_optim_wrapper import GuardedOptimWrapper


@OPTIM_WRAPPERS.register_module()
def AutoPrecisionOptimWrapper(optimizer: Optimizer,
                              precision: str = 'auto',
                              guard: str = 'at_once',
                              **kwargs) -> OptimWrapper:
    """bf16 autocast where the device has it, fp16 with a scaler on older GPUs.

    A processor with AMX or AVX512-BF16 has it too; on others it is the plain
    wrapper, in fp32.  One config thus serves every machine.  Each of them skips
    steps whose loss or gradient is not finite.

    Args:
        optimizer (Optimizer): The optimizer.
        precision (str): ``'fp32'`` or ``'bf16'`` in place of asking.
        guard (str): ``'at_once'`` looks at loss and gradient before each step,
            for which the host waits; ``'deferred'`` lets the device decide and
            tells a step later, see :class:`DeferredGuardOptimWrapper`: wants a
            fused optimizer.  In fp16 it is ``'at_once'`` all the same, as the
            search for a loss scale wants to be watched.
        **kwargs: Passed on, such as ``clip_grad``.

    Returns:
        OptimWrapper: The wrapper.

    Raises:
        UserError: If the precision or the guard is another word.
    """
    if guard not in ('at_once', 'deferred'):
        raise SettingError("optim_wrapper.guard must be 'at_once' or "
                           f"'deferred', got {guard!r}")
    name = choose_training_precision(precision).name
    if guard == 'deferred' and name != 'fp16':
        return DeferredGuardOptimWrapper(
            optimizer, torch.bfloat16 if name == 'bf16' else None, **kwargs)
    if name == 'fp32':
        return GuardedOptimWrapper(optimizer=optimizer, **kwargs)
    if not torch.cuda.is_available():
        return GuardedAutocastOptimWrapper(optimizer=optimizer, **kwargs)
    if name == 'bf16':
        # bf16 has the range of fp32: a scale of 1 keeps the scaler idle.
        return GuardedAmpOptimWrapper(optimizer=optimizer, dtype='bfloat16',
                                      loss_scale=1.0, **kwargs)
    return GuardedAmpOptimWrapper(optimizer=optimizer, dtype='float16',
                                  loss_scale='dynamic', **kwargs)


def choose_training_precision(wish: str = 'auto') -> Precision:
    """What :func:`AutoPrecisionOptimWrapper` trains in here.

    Args:
        wish (str): ``'auto'``, ``'fp32'`` or ``'bf16'``.

    Returns:
        Precision: As for labelling, but fp16 on a GPU without bf16.
    """
    check_precision(wish)
    if not torch.cuda.is_available():
        return choose_precision(wish)
    if wish == 'auto' and not environment_precision() and not gpu_has_bf16():
        return Precision('fp16', 'the GPU has no bf16 units')
    return choose_precision(wish, 'cuda')


def training_precision(config: Mapping[str, Any]) -> Precision | None:
    """What a config trains in here, None if its wrapper decides otherwise."""
    wrapper = config.get('optim_wrapper') or {}
    if str(wrapper.get('type', '')).rpartition('.')[2] != (
            'AutoPrecisionOptimWrapper'):
        return None
    return choose_training_precision(wrapper.get('precision', 'auto'))

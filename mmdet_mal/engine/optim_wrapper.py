"""Precision of training, chosen by asking the machine."""

import torch
from mmengine.optim import OptimWrapper
from torch.optim import Optimizer

from mmdet_mal.registry import OPTIM_WRAPPERS

from .guarded_amp_optim_wrapper import GuardedAmpOptimWrapper
from .guarded_optim_wrapper import GuardedOptimWrapper


@OPTIM_WRAPPERS.register_module()
def AutoPrecisionOptimWrapper(optimizer: Optimizer,
                              **kwargs) -> OptimWrapper:
    """bf16 autocast where the GPU has it, fp16 with a scaler on older ones.

    Without a GPU it is the plain wrapper, in fp32: the AMP wrapper refuses to
    run on a CPU.  One config thus serves every machine.  Either skips steps
    whose loss or gradient is not finite.

    Args:
        optimizer (Optimizer): The optimizer.
        **kwargs: Passed on, such as ``clip_grad``.

    Returns:
        OptimWrapper: The wrapper.
    """
    if not torch.cuda.is_available():
        return GuardedOptimWrapper(optimizer=optimizer, **kwargs)
    if torch.cuda.is_bf16_supported():
        # bf16 has the range of fp32: a scale of 1 keeps the scaler idle.
        return GuardedAmpOptimWrapper(optimizer=optimizer, dtype='bfloat16',
                                      loss_scale=1.0, **kwargs)
    return GuardedAmpOptimWrapper(optimizer=optimizer, dtype='float16',
                                  loss_scale='dynamic', **kwargs)

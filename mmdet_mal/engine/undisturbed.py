"""Looking at a model in the middle of its training."""

import contextlib
from collections.abc import Iterator

import torch
from torch import nn

from mmdet_mal.utils.randomness import seeded

# Keeps these random numbers apart from those of samples, steps and epochs.
_STREAM = 3


@contextlib.contextmanager
def undisturbed(model: nn.Module) -> Iterator[None]:
    """Use a model in between, as if nothing had happened.

    Within the block no gradient is taken; afterwards the modes of all modules
    and the states of the random generators (Python, numpy, torch, the model's
    GPU) are as before, also after an error.

    Args:
        model (nn.Module): Not wrapped.
    """
    modes = {module: module.training for module in model.modules()}
    device = next(model.parameters()).device
    devices = [device] if device.type == 'cuda' else []
    try:
        with (seeded(_STREAM), torch.random.fork_rng(devices),
              torch.no_grad()):
            yield
    finally:
        # One by one: train() would wake modules that a config keeps frozen.
        for module, mode in modes.items():
            module.training = mode

"""Random numbers that depend on what is computed, not on who computes it."""

import contextlib
import random
from collections.abc import Iterator

import numpy as np
import torch
from mmengine.device import get_device


def seed_process(*entropy: int) -> None:
    """Seed the global generators of Python, numpy and torch, all devices.

    Args:
        *entropy (int): Non-negative numbers that name the moment, such as
            the run's seed, the rank and the iteration.  Their hash is the
            seed, so neighbouring moments share nothing.
    """
    for_python, for_numpy, for_torch = _seeds(entropy)
    random.seed(for_python)
    np.random.seed(for_numpy)
    if get_device() == 'cpu':
        # Without a GPU, torch.manual_seed notes the seed for later together
        # with the stack, which takes ten times as long as all the rest.
        torch.default_generator.manual_seed(for_torch)
    else:
        torch.manual_seed(for_torch)


@contextlib.contextmanager
def seeded(*entropy: int) -> Iterator[None]:
    """Seed the global generators of the CPU within a block only.

    Afterwards they go on as if the block had not been, so data read by the
    training process itself and data read by its workers are the same, and
    neither changes the random numbers of the model.

    Args:
        *entropy (int): As in :func:`seed_process`.
    """
    # Not torch.manual_seed: a forked worker must not touch its parent's GPU.
    generator = torch.default_generator
    before = random.getstate(), np.random.get_state(), generator.get_state()
    for_python, for_numpy, for_torch = _seeds(entropy)
    random.seed(for_python)
    np.random.seed(for_numpy)
    generator.manual_seed(for_torch)
    try:
        yield
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])
        generator.set_state(before[2])


def _seeds(entropy: tuple[int, ...]) -> list[int]:
    """Three independent seeds of 32 bits."""
    return np.random.SeedSequence(entropy).generate_state(3).tolist()

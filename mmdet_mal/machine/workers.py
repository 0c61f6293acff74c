"""Processes of the data loader, by the cores that there are."""

from collections.abc import Mapping
from typing import Any

AUTO = 'auto'
# More read no faster than a GPU eats in our measurements of the loader
# (docs/performance.md), and each holds images.
_MOST = 16


def choose_workers(device: str, cores: int, ranks: int = 1) -> int:
    """Processes that read and crop ahead of one device.

    Args:
        device: ``'cpu'`` or ``'cuda'``.
        cores: That this process and its siblings on this machine may use.
        ranks: Processes of the run on this machine.

    Returns:
        On a CPU 1: the cores compute, and one worker is ahead of them.  Beside
        a GPU all cores of its share but one.
    """
    if device == 'cpu':
        return 1
    return max(1, min(_MOST, cores // max(1, ranks) - 1))


def with_workers(loader: Mapping[str, Any]) -> dict[str, Any]:
    """Replace ``num_workers='auto'`` in a data loader's config by a number.

    Args:
        loader: ``train_dataloader`` or ``test_dataloader``; a number that
            stands there stays.

    Returns:
        A copy that torch understands.
    """
    loader = dict(loader)
    if loader.get('num_workers') == AUTO:
        import torch

        from .cores import local_ranks, usable_cores
        device = 'cuda' if torch.cuda.is_available() else 'cpu'
        loader['num_workers'] = choose_workers(
            device, usable_cores(), local_ranks())
    if not loader.get('num_workers'):
        loader['persistent_workers'] = False  # torch refuses it without any
    return loader

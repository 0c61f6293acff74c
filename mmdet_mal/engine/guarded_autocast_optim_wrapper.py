"""The optimizer wrapper of bf16 on a CPU, with a look before each step."""

import contextlib
from collections.abc import Iterator

import torch
from torch import nn

from mmdet_mal.registry import OPTIM_WRAPPERS

from .guarded_optim_wrapper import GuardedOptimWrapper


@OPTIM_WRAPPERS.register_module()
class GuardedAutocastOptimWrapper(GuardedOptimWrapper):
    """Runs the forward pass of a model on the CPU under bf16 autocast.

    MMEngine's AMP wrapper refuses a CPU.  bf16 has the range of fp32, so there
    is no loss to scale; weights, gradients and the optimizer stay in fp32.

    Args:
        *args, **kwargs: Of :class:`~mmengine.optim.OptimWrapper`.
    """

    @contextlib.contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Enter autocast, beside what the plain wrapper enters.

        Args:
            model (nn.Module): As for the plain wrapper.
        """
        with super().optim_context(model), \
                torch.autocast('cpu', dtype=torch.bfloat16):
            yield

"""Which of the three ways a mean field is computed: C, Triton, or tensors."""

import functools
import importlib.util
import logging
import os

import torch
from mmengine.logging import print_log
from torch import Tensor

from mmdet_mal.utils.errors import UserError

from .compiled import why_not_compiled

COMPILED, TRITON, TENSORS = 'compiled', 'triton', 'tensors'
# Forces one of the three; 'auto' and nothing leave the choice.
VARIABLE = 'MAL_MEAN_FIELD'


def choose_path(prob: Tensor, dilation: int = 1) -> str:
    """Choose for these tensors; the first choice of each kind is logged.

    Args:
        prob (Tensor): On the device in question.
        dilation (int): Distance to the neighbours in pixels.

    Returns:
        str: ``'compiled'``, ``'triton'`` or ``'tensors'``.

    Raises:
        UserError: If the environment asks for what there is not.
    """
    if dilation != 1 or torch.compiler.is_compiling():
        return TENSORS  # the others know neighbours next to each other only
    return _choose(prob.device.type, os.environ.get(VARIABLE) or 'auto')


@functools.cache
def _choose(device: str, wish: str) -> str:
    obstacles = {COMPILED: functools.partial(_why_not_compiled, device),
                 TRITON: functools.partial(_why_not_triton, device),
                 TENSORS: lambda: None}
    if wish != 'auto':
        if wish not in obstacles:
            raise UserError(f'{VARIABLE}={wish}: is none of '
                            f"{', '.join(['auto', *obstacles])}")
        if reason := obstacles[wish]():
            raise UserError(f'{VARIABLE}={wish}: {reason}; unset it')
        return _say(wish, device, f'{VARIABLE} says so')
    first = COMPILED if device == 'cpu' else TRITON
    if reason := obstacles[first]():
        # A device of another kind has no faster way, which is no news.
        known = device in ('cpu', 'cuda')
        return _say(TENSORS, device, f'not {first}: {reason}',
                    logging.WARNING if known else logging.INFO)
    return _say(first, device, 'the fastest that there is')


def _say(path: str, device: str, reason: str, level: int = logging.INFO) -> str:
    print_log(f'Mean field on {device}: {path} ({reason})', 'current', level)
    return path


def _why_not_compiled(device: str) -> str | None:
    if device != 'cpu':
        return f'it computes on the CPU, and the tensors are on {device}'
    return why_not_compiled()


def _why_not_triton(device: str) -> str | None:
    # Its interpreter, which tests use, computes on the CPU.
    if device != 'cuda' and not (
            device == 'cpu' and os.environ.get('TRITON_INTERPRET') == '1'):
        return f'it computes on CUDA devices, and the tensors are on {device}'
    if importlib.util.find_spec('triton') is None:
        return 'triton is not installed'
    from .fused import why_not_triton
    return why_not_triton(device)

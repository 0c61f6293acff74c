"""Precision of the network, chosen by asking the device."""

import contextlib
import dataclasses
import os
from typing import Any

from mmdet_mal.utils.errors import UserError

from .processor import Processor, this_processor

PRECISIONS = ('auto', 'fp32', 'bf16')
# What 'auto' means in this environment; unset, the device is asked.
VARIABLE = 'MAL_PRECISION'


@dataclasses.dataclass(frozen=True)
class Precision:
    """What a network computes in.  Losses and the mean field stay in fp32.

    Attributes:
        name: ``'fp32'``, ``'bf16'`` or, in training on an older GPU,
            ``'fp16'``.
        reason: Why, for people.
    """

    name: str
    reason: str

    def autocast(self, device: str) -> contextlib.AbstractContextManager:
        """A context in which torch computes so.

        Args:
            device: ``'cpu'``, ``'cuda'`` or ``'cuda:1'``.
        """
        import torch
        kind = device.partition(':')[0]
        if self.name == 'fp32':
            return contextlib.nullcontext()
        dtype = dict(bf16=torch.bfloat16, fp16=torch.float16)[self.name]
        return torch.autocast(kind, dtype=dtype)

    def __str__(self) -> str:
        return f'{self.name} ({self.reason})'


def choose_precision(wish: str = 'auto', device: str = 'cpu',
                     processor: Processor | None = None) -> Precision:
    """Choose what a network computes in, to label.

    Args:
        wish: ``'auto'``: bf16 where the device has units for it, else fp32; or
            ``'fp32'`` or ``'bf16'``, which every device can do, if slowly.
        device: Where the network is, ``'cpu'``, ``'cuda'`` or ``'cuda:1'``.
        processor: Of a CPU; by default this machine's.

    Returns:
        The precision.

    Raises:
        UserError: If the wish, or the environment's, is another word.
    """
    check_precision(wish)
    if wish != 'auto':
        return Precision(wish, 'as asked for')
    if chosen := environment_precision():
        return chosen
    if device.partition(':')[0] == 'cuda':
        return (Precision('bf16', 'the GPU has units for it')
                if gpu_has_bf16(device)
                else Precision('fp32', 'the GPU has no bf16 units'))
    if device != 'cpu':
        return Precision('fp32', f'nothing is known of {device}')
    unit = (processor or this_processor()).bf16_unit
    if unit:
        return Precision('bf16', f'the processor has {unit}')
    return Precision('fp32', 'the processor has neither AMX nor AVX512-BF16')


def precision_of(test_cfg: Any, device: str) -> Precision:
    """The precision that a config's ``test_cfg`` asks for, to label.

    Args:
        test_cfg: A dict with ``precision``; MMEngine's ``fp16=True`` means
            autocast as before: fp16 on a GPU, bf16 on a CPU.  None and a dict
            without either mean ``'auto'``.
        device: As for :func:`choose_precision`.

    Raises:
        UserError: If it asks for both, or for another word.
    """
    settings = test_cfg or {}
    wish = settings.get('precision', 'auto')
    if not settings.get('fp16'):
        return choose_precision(wish, device)
    if wish != 'auto':
        raise UserError(f'test_cfg: has both fp16=True and precision={wish!r}; '
                        'keep one of them')
    on_gpu = device.partition(':')[0] == 'cuda'
    return Precision('fp16' if on_gpu else 'bf16', 'test_cfg.fp16')


def environment_precision() -> Precision | None:
    """What ``MAL_PRECISION`` says, None if nothing or ``'auto'``.

    Raises:
        UserError: If it is another word.
    """
    wish = os.environ.get(VARIABLE) or 'auto'
    check_precision(wish)
    return None if wish == 'auto' else Precision(wish, f'{VARIABLE} says so')


def check_precision(wish: str) -> None:
    """Raise UserError unless ``wish`` is one of :data:`PRECISIONS`."""
    if wish not in PRECISIONS:
        raise UserError(f'precision {wish!r}: is none of {", ".join(PRECISIONS)}; '
                        'choose one of them')


def gpu_has_bf16(device: str = 'cuda') -> bool:
    """Whether a GPU computes in bf16 itself, rather than by emulation."""
    import torch
    if torch.version.hip:
        return torch.cuda.is_bf16_supported()
    # torch.cuda.is_bf16_supported() also counts emulation, slower than fp32.
    return torch.cuda.get_device_capability(device) >= (8, 0)

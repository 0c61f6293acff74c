"""The option ``--precision``."""

import argparse
from typing import TYPE_CHECKING

from mmdet_mal.utils.errors import UserError

from .precision import PRECISIONS

if TYPE_CHECKING:
    from mmengine.config import Config

# Optimizer wrappers that take ``precision``.
_ASKING = 'AutoPrecisionOptimWrapper'


def add_precision_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--precision``; None means what the config says, there ``auto``."""
    parser.add_argument(
        '--precision', choices=PRECISIONS,
        help='of the network: auto takes bf16 where processor or GPU have units '
        'for it, else fp32 (default: as in the config, auto there)')


def set_precision(config: 'Config', precision: str | None,
                  parts: tuple[str, ...] = ('train', 'label')) -> None:
    """Write what ``--precision`` asks for into a config, in place.

    Args:
        config: A labeller's.
        precision: None leaves it as it is.
        parts: What it is for, ``'train'`` and ``'label'``.

    Raises:
        UserError: If the config's optimizer wrapper has a precision of its own.
    """
    if precision is None:
        return
    if 'label' in parts:
        config.test_cfg = dict(config.get('test_cfg') or {}, precision=precision)
        config.test_cfg.pop('fp16', None)
    wrapper = config.get('optim_wrapper')
    if 'train' in parts and wrapper:
        kind = str(wrapper.get('type', 'OptimWrapper'))
        if kind.rpartition('.')[2] != _ASKING:
            raise UserError(
                f'--precision {precision}: the optimizer wrapper of this config is '
                f'{kind}, which has a precision of its own; set optim_wrapper.type='
                f'mmdet_mal.{_ASKING}, or leave the option out')
        wrapper['precision'] = precision

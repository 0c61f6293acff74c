"""How far a label run trusts the boxes that it is given."""

import argparse
from typing import TYPE_CHECKING

from mmdet_mal.utils.errors import UserError

if TYPE_CHECKING:  # help must not wait for MMEngine
    from mmengine.config import Config

TIGHT, LOOSE = 'tight', 'loose'
# Share of the box by which a mask may leave it: a trained labeller gains by it
# where boxes are off by a tenth (docs/loose_boxes.md).
LOOSE_MARGIN = .1


def add_boxes_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--boxes``.

    Args:
        parser: of a command that labels; its attribute ``boxes`` is set.
    """
    parser.add_argument(
        '--boxes', choices=(TIGHT, LOOSE),
        help='tight: masks end at their box, as the configs have it; loose: they '
        f'may leave it by {LOOSE_MARGIN:g} of its size, for boxes that are off by a '
        'tenth or more and a trained labeller; with tight boxes, or without '
        'training, that costs (docs/loose_boxes.md)')


def trust_boxes(config: 'Config', boxes: str | None) -> None:
    """Set how far masks may leave their boxes, in place.

    Args:
        config: of a labeller.
        boxes: ``'tight'``, ``'loose'``, or None for what the config says.

    Raises:
        UserError: the config has no model.
    """
    if boxes is None:
        return
    if not config.get('model'):
        raise UserError(f'{config.filename}: has no model, so it cannot label; the '
                        'shipped configs are in configs/mal')
    options = dict(config.model.get('postprocess') or {})
    options['box_margin'] = LOOSE_MARGIN if boxes == LOOSE else 0.
    config.model.postprocess = options

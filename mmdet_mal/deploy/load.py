"""Which labellers can be exported, and how one is loaded for it."""

import copy
import logging

from mmengine.config import Config
from mmengine.logging import print_log

from mmdet_mal.inferencer.build import build_labeler
from mmdet_mal.models.mask_auto_labeler import MaskAutoLabeler
from mmdet_mal.registry import MODELS

from .errors import ExportError


def load_labeler(config: Config, checkpoint: str | None) -> MaskAutoLabeler:
    """Build a trained labeller on the CPU, in evaluation mode.

    It labels by its network alone: the grouping of ``label_grouping`` solves
    equations for each box, which is no graph, and is left out with a warning.

    Args:
        config: of the labeller; not changed.
        checkpoint: file of the weights; by default the config's
            ``load_from``.

    Raises:
        ExportError: if the labeller is of a kind that is not exported, or
            there are no weights.
        CheckpointError: if the weights do not fit.
    """
    check_exportable(config)
    if not (checkpoint or config.get('load_from')):
        raise ExportError(
            f'{config.filename}: only a trained labeller is worth exporting; name '
            'its checkpoint behind the config (mal train makes one)')
    if config.model.get('label_grouping'):
        print_log(
            'model.label_grouping is left out: the exported model labels by its '
            'network alone, a little worse than `mal label`', 'current',
            logging.WARNING)
        config = copy.deepcopy(config)
        config.model.label_grouping = None
    return build_labeler(config, checkpoint)


def check_exportable(config: Config) -> None:
    """Raise an :class:`ExportError` unless a config's labeller is exported."""
    kind = (config.get('model') or {}).get('type')
    labeler = MODELS.get(kind) if isinstance(kind, str) else kind
    if isinstance(labeler, type) and issubclass(labeler, MaskAutoLabeler):
        _refuse_switches(config)
        return
    if getattr(labeler, 'needs_checkpoint', True) is False:
        raise ExportError(
            f'{config.filename}: an InstantLabeler cannot be exported: it is no '
            'network from crops to maps but solves a system of equations for '
            'each box, as often as that takes; use it from Python '
            "(docs/python.md), or train one of the 'mal_*' configs and export "
            'that')
    raise ExportError(f'{config.filename}: model.type is {kind!r}, expected '
                      "'mmdet_mal.MaskAutoLabeler'")


def _refuse_switches(config: Config) -> None:
    """Raise where masks depend on what a graph, or its user, does not know."""
    model = config.model
    found = {f'model.{key}': model.get(key) for key in ('expansions', )}
    found['model.refine'] = (
        model.get('refine') if model.get('refine') == 'mean_field_full' else None)
    options = model.get('postprocess') or {}
    found.update((f'model.postprocess.{key}', options.get(key)) for key in
                 ('tight_range', 'box_margin', 'min_part', 'max_hole'))
    switched_on = [f'{key}={value}' for key, value in found.items() if value]
    if switched_on:
        raise ExportError(
            f'{config.filename}: has {", ".join(switched_on)}, which an exported '
            'model does not do; switch it off with --cfg-options, or label with '
            'this config here')

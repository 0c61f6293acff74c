"""Which labellers can be exported, and how one is loaded for it."""

from mmengine.config import Config

from mmdet_mal.inferencer.build import build_labeler
from mmdet_mal.models.mask_auto_labeler import MaskAutoLabeler
from mmdet_mal.registry import MODELS

from .errors import ExportError


def load_labeler(config: Config, checkpoint: str | None) -> MaskAutoLabeler:
    """Build a trained labeller on the CPU, in evaluation mode.

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
    return build_labeler(config, checkpoint)


def check_exportable(config: Config) -> None:
    """Raise an :class:`ExportError` unless a config's labeller is exported."""
    kind = (config.get('model') or {}).get('type')
    labeler = MODELS.get(kind) if isinstance(kind, str) else kind
    if isinstance(labeler, type) and issubclass(labeler, MaskAutoLabeler):
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

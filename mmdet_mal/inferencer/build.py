"""The labeller of a config with its weights, without a runner."""

import copy
import os

from mmengine.config import Config
from mmengine.registry import DefaultScope

from mmdet_mal.engine.checkpoint import load_strict, load_weights
from mmdet_mal.labelling.weights import needs_checkpoint
from mmdet_mal.models.crop_labeler import CropLabeler
from mmdet_mal.registry import MODELS
from mmdet_mal.utils.errors import UserError
from mmdet_mal.utils.randomness import seeded

_SCOPE = 'mmdet'


def build_labeler(config: Config,
                  weights: str | os.PathLike | None = None) -> CropLabeler:
    """Build a labeller on the CPU, in evaluation mode.

    The random numbers of the caller and MMEngine's default scope are afterwards
    what they were before.

    Args:
        config: of a labeller; not changed.
        weights: file of a trained labeller's checkpoint, by default the
            config's ``load_from``; for a labeller that is not trained the
            weights of its encoder, by default those that its config names.

    Raises:
        UserError: if the config has no labeller, or names no weights.
        CheckpointError: if the weights cannot be read or do not fit.
    """
    name = config.filename or 'the config'
    if not config.get('model'):
        raise UserError(f'{name}: has no model, so it cannot label; the shipped '
                        'configs are in configs/mal')
    settings = copy.deepcopy(config.model)
    trained = needs_checkpoint(config)
    state = None
    if trained:
        weights = weights or config.get('load_from')
        if not weights:
            raise UserError(
                f'{name}: its labeller must have been trained; give the '
                'checkpoint as weights, or use instant_deit-ti, which labels '
                'without training')
        state = load_weights(weights)
        # The encoder's published weights are in the checkpoint already.
        if settings.get('network'):
            settings.network.pretrained = None
    elif weights:
        settings.pretrained = os.fspath(weights)
    with DefaultScope.overwrite_default_scope(_SCOPE), seeded(0):
        labeler = MODELS.build(settings)
        if not trained:
            labeler.init_weights()
    if trained:
        load_strict(labeler, state, weights)
    return labeler.eval()

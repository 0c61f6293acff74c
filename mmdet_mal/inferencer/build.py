"""The labeller of a config with its weights, without a runner."""

import copy
import os
from collections.abc import Callable

from mmcv.transforms import Compose
from mmengine.config import Config
from mmengine.registry import DefaultScope
from torch import nn

from mmdet_mal.engine.checkpoint import load_strict, load_weights
from mmdet_mal.labelling.weights import needs_checkpoint
from mmdet_mal.models.crop_labeler import CropLabeler
from mmdet_mal.registry import MODELS
from mmdet_mal.utils.errors import UserError
from mmdet_mal.utils.randomness import seeded

_SCOPE = 'mmdet'
# Of a LabelChunkDataset, where the config does not say.
_CHUNK_BOXES = 16


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


def build_pipeline(config: Config) -> Callable[[dict], dict]:
    """Build what cuts the crops of a label run with a config.

    Args:
        config: of a labeller.

    Raises:
        UserError: if it does not say how.
    """
    dataset = _test_data(config)
    if not dataset.get('pipeline'):
        raise UserError(f'{config.filename}: has no test_dataloader with a '
                        'pipeline, so nobody knows how its crops are made')
    with DefaultScope.overwrite_default_scope(_SCOPE):
        return Compose([dict(step) for step in dataset.pipeline])


def chunk_boxes(config: Config) -> int:
    """Boxes that go through the network at once in a label run.

    Args:
        config: of a labeller.
    """
    return _test_data(config).get('chunk_boxes', _CHUNK_BOXES)


def move_to_device(model: nn.Module, device: str) -> nn.Module:
    """Move a model.

    Args:
        model: moved in place, and returned.
        device: such as ``'cpu'`` or ``'cuda:0'``.

    Raises:
        UserError: if there is no such device.
    """
    try:
        return model.to(device)
    except (AssertionError, RuntimeError) as error:  # torch raises both
        reason = str(error).splitlines()[0]
        raise UserError(f'device {device!r}: cannot be used here ({reason}); '
                        "take 'cpu', or leave it out") from error


def _test_data(config: Config) -> dict:
    return (config.get('test_dataloader') or {}).get('dataset') or {}

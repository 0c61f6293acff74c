"""Where a labeller's weights come from: a checkpoint, or what its config names."""

from mmengine.config import Config
from mmengine.model import is_model_wrapper
from torch import nn

from mmdet_mal.engine.checkpoint import load_weights
from mmdet_mal.registry import MODELS
from mmdet_mal.utils.errors import UserError


def choose_weights(config: Config, checkpoint: str | None = None) -> None:
    """Set ``load_from``, and prove that the weights can be read.

    A bad file then fails in one line, before the boxes are read.

    Args:
        config: of a labeller, changed in place.
        checkpoint: file of the weights; by default what the config's
            ``load_from`` says.  A labeller that is not trained needs none.

    Raises:
        UserError: if the file is missing or broken, or is not given and
            needed.
    """
    if checkpoint is not None:
        config.load_from = checkpoint
    weights = config.get('load_from')
    if weights is None:
        if needs_checkpoint(config):
            raise UserError(
                f'{config.filename}: its labeller must have been trained; name the '
                'checkpoint behind the config (tools/train.py makes one; '
                'configs/mal/instant_deit-ti.py labels without)')
        weights = config.model.get('pretrained')
    if weights is not None and '://' not in weights:
        load_weights(weights)


def needs_checkpoint(config: Config) -> bool:
    """Whether the labeller of a config has to be trained before it labels."""
    labeller = (config.get('model') or {}).get('type')
    labeller = MODELS.get(labeller) if isinstance(labeller, str) else labeller
    return getattr(labeller, 'needs_checkpoint', True)


def load_own_weights(config: Config, model: nn.Module) -> None:
    """Load what the config names, where there is no checkpoint to be loaded.

    Args:
        config: of a labeller, after :func:`choose_weights`.
        model: of that config, perhaps wrapped for several processes.

    Raises:
        CheckpointError: if the weights do not fit the model.
    """
    if config.get('load_from') is None and not needs_checkpoint(config):
        model = model.module if is_model_wrapper(model) else model
        model.init_weights()

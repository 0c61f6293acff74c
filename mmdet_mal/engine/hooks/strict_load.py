"""A checkpoint that does not fit stops the run instead of warning."""

from collections.abc import Sequence
from typing import Any

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper

from mmdet_mal.engine.checkpoint import CheckpointError, check_keys
from mmdet_mal.registry import HOOKS


@HOOKS.register_module()
class StrictLoadHook(Hook):
    """Compares a checkpoint's keys with the model's before they are loaded.

    MMEngine's runner loads what fits and logs the rest as a warning, for
    ``load_from``, ``resume`` and the checkpoint of a test run alike.

    Args:
        allow_missing (Sequence[str]): Patterns (``fnmatch``) of the model's
            keys that a checkpoint may lack.
        allow_unexpected (Sequence[str]): Patterns of the checkpoint's keys
            that the model may lack.
    """

    def __init__(self,
                 allow_missing: Sequence[str] = (),
                 allow_unexpected: Sequence[str] = ()) -> None:
        self.allow_missing = allow_missing
        self.allow_unexpected = allow_unexpected

    def after_load_checkpoint(self, runner: Any, checkpoint: dict) -> None:
        """Check the keys; the runner calls this before it loads them.

        Args:
            runner (Runner): Its ``model`` is to take the weights.
            checkpoint (dict): The file's content.

        Raises:
            CheckpointError: If a key is missing, unexpected or of another
                shape; all are listed.
        """
        source = runner._load_from or 'the checkpoint'
        if not isinstance(checkpoint, dict):
            raise CheckpointError(
                f'{source}: holds a {type(checkpoint).__name__}, expected a '
                'dict with the weights')
        state = checkpoint.get('state_dict', checkpoint)
        # The runner takes DDP's prefix off as well, but after this hook.
        state = {key.removeprefix('module.'): t for key, t in state.items()}
        model = runner.model
        if is_model_wrapper(model):
            model = model.module
        check_keys(model.state_dict(), state, source, self.allow_missing,
                   self.allow_unexpected)

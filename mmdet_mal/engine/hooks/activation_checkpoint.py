"""Less memory for more arithmetic: activations computed again."""

import functools
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

import torch
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from torch import nn
from torch.utils.checkpoint import checkpoint

from mmdet_mal.registry import HOOKS
from mmdet_mal.utils.errors import UserError


@HOOKS.register_module()
class ActivationCheckpointHook(Hook):
    """Keeps only the inputs of modules; the backward pass computes the rest.

    Losses and gradients stay, to the last bit where the arithmetic is
    deterministic; a step takes about a third longer.

    MMEngine's ``activation_checkpointing`` uses torch's older variant, which
    gives the parameters of a module no gradient if its input has none, and
    says nothing: a block that follows frozen blocks would not be trained.

    Args:
        modules (Sequence[str]): Paths of modules in the model; of an
            ``nn.ModuleList`` each module is treated by itself.  Defaults to
            the blocks of a student's ViT.
    """

    def __init__(
        self, modules: Sequence[str] = ('student.encoder.layers', )) -> None:
        self.modules = tuple(modules)

    def before_train(self, runner: Any) -> None:
        """Wrap the modules.

        Args:
            runner (Runner): The runner.

        Raises:
            UserError: If the model has no such module.
        """
        checkpoint_modules(runner.model, self.modules)
        runner.logger.info('Activations are computed again in the backward '
                           f"pass: {', '.join(self.modules)}")


def checkpoint_modules(model: nn.Module, modules: Sequence[str]) -> None:
    """Let modules forget their activations; in place, once.

    Args:
        model (nn.Module): Perhaps under DDP.
        modules (Sequence[str]): As of :class:`ActivationCheckpointHook`.

    Raises:
        UserError: If the model has no such module.
    """
    for name in modules:
        module = find_module(model, name)
        parts = module if isinstance(module, nn.ModuleList) else [module]
        for part in parts:
            if not hasattr(part.forward, 'checkpointed'):
                part.forward = _forgetful(part.forward)


def find_module(model: nn.Module, name: str) -> nn.Module:
    """Module of a model by its path.

    Args:
        model (nn.Module): Perhaps under DDP.
        name (str): Such as ``'student.encoder'``.

    Returns:
        nn.Module: The module.

    Raises:
        UserError: If there is none.
    """
    if is_model_wrapper(model):
        model = model.module
    try:
        return attrgetter(name)(model)
    except AttributeError:
        raise UserError(
            f'the model {type(model).__name__} has no module {name!r}; it has '
            f"{', '.join(dict(model.named_children()))}; set modules=[...] in "
            'the hook') from None


def _forgetful(forward: Callable) -> Callable:
    """The same function of tensors, without what it would keep."""

    @functools.wraps(forward)
    def forgetful(*args: Any, **kwargs: Any) -> Any:
        if not torch.is_grad_enabled():
            return forward(*args, **kwargs)
        return checkpoint(forward, *args, use_reentrant=False, **kwargs)

    forgetful.checkpointed = True
    return forgetful

"""torch.compile for parts of the model."""

from collections.abc import Sequence
from typing import Any

import torch
from mmengine.hooks import Hook

from mmdet_mal.registry import HOOKS

from .activation_checkpoint import find_module

# These record CUDA graphs, whose outputs the next step overwrites.
_GRAPH_MODES = ('reduce-overhead', 'max-autotune')


@HOOKS.register_module()
class CompileHook(Hook):
    """Compiles modules in place; names and checkpoints stay as they are.

    MMEngine's ``compile`` compiles the whole ``train_step``, with data
    preparation, logging and optimizer, of which little can be fused and much
    is compiled anew when a number changes.  Here it is the encoders: fixed
    shapes, and most of the arithmetic.

    A batch of another size, as the last of an epoch, compiles once more.

    Args:
        modules (Sequence[str]): Paths of modules in the model.
        mode (str): Of :func:`torch.compile`: 'default'; 'reduce-overhead'
            records CUDA graphs, which take the time of starting kernels away
            and some memory; 'max-autotune' also tries kernels out.
        backend (str): Of :func:`torch.compile`.  Defaults to 'inductor', which
            needs a C++ compiler, or Triton on a GPU.
    """

    def __init__(
        self,
        modules: Sequence[str] = ('student.encoder', 'teacher.encoder'),
        mode: str = 'default',
        backend: str = 'inductor') -> None:
        self.modules = tuple(modules)
        self.mode = mode
        self.backend = backend

    def before_train(self, runner: Any) -> None:
        """Mark the modules; they are compiled when they are first called.

        Args:
            runner (Runner): The runner.

        Raises:
            UserError: If the model has no such module.
        """
        # Other backends than inductor know no modes.
        options = dict(mode=self.mode) if self.backend == 'inductor' else {}
        for name in self.modules:
            find_module(runner.model, name).compile(
                backend=self.backend, dynamic=False, **options)
        runner.logger.info(f"Compiled by {self.backend}: "
                           f"{', '.join(self.modules)}; the first steps take "
                           'minutes')

    def before_train_iter(self,
                          runner: Any,
                          batch_idx: int,
                          data_batch: Any = None) -> None:
        """Tell CUDA graphs that the last step's outputs are done with.

        Args:
            runner (Runner): Not used.
            batch_idx (int): Not used.
            data_batch (Any): Not used.
        """
        if self.mode in _GRAPH_MODES:
            torch.compiler.cudagraph_mark_step_begin()

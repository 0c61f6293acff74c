"""Shields against old packages: the only module that patches others.

MMEngine 0.10, mmcv 2.1, mmdet 3.3 and mmpretrain 1.2 are older than the torch,
torchvision and numpy that they run on here.  Each function below mends one
thing, says why, and names the version that ends it.  Each looks first whether
its fault is there at all, so with newer packages it does nothing; each may be
called twice.  What belongs to torch or MMEngine is mended when something imports
it: ``import mmdet_mal`` itself takes a moment, and so does ``mal --help``.
"""

import functools
import importlib.abc
import importlib.metadata
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

# A torch.library.Library takes its operators along when it is collected.
_KEPT_LIBRARIES: list[Any] = []

_TORCHVISION_SCHEMAS = {
    'nms':
    'nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor',
    'qnms':
    'qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor',
}

# What HistoryBuffer pickles besides its data: its own statistics methods.
_HISTORY_METHODS = frozenset({'min', 'max', 'current', 'mean', 'statistics'})


def apply_shields() -> None:
    """Apply all shields; ``import mmdet_mal`` does this."""
    _after_import('torch', _mend_torch)
    support_ddp_on_cpu()
    skip_multimodal_mmpretrain()
    give_lvis_np_float()


def _mend_torch(_: ModuleType) -> None:
    define_torchvision_schemas()
    allow_mmengine_checkpoints()


# --------------------------------------------------------------- torchvision
def define_torchvision_schemas() -> None:
    """Let ``import torchvision`` succeed when its extension cannot load.

    Reason: on a CPU build of torch, the wheel of torchvision from the package
    index is CUDA's; its extension then does not load, and torchvision fails at
    import with "operator torchvision::nms does not exist", because it
    registers shapes for two operators that only the extension declares.
    mmpretrain's models and MMEngine's ``collect_env`` import torchvision.  The
    declarations suffice: mmcv has operators of its own, and torchvision says
    clearly that its own are missing when one is called.
    Ends with: a torchvision that asks ``_has_ops()`` there as it does for its
    other operators (0.28 does not), or a torchvision built for the torch
    beside it.
    """
    # While torchvision imports torch it is listed already, and not yet too late.
    listed = sys.modules.get('torchvision')
    imported = listed and not getattr(listed.__spec__, '_initializing', False)
    if imported or _torchvision_extension_loads():
        return
    import torch
    declared = torch.ops.torchvision
    missing = [n for n in _TORCHVISION_SCHEMAS if not hasattr(declared, n)]
    if not missing:
        return
    library = torch.library.Library('torchvision', 'FRAGMENT')
    for name in missing:
        library.define(_TORCHVISION_SCHEMAS[name])
    _KEPT_LIBRARIES.append(library)


def _torchvision_extension_loads() -> bool:
    spec = importlib.util.find_spec('torchvision')
    if spec is None or spec.origin is None:
        return True  # not installed: nothing to shield
    import torch
    for path in Path(spec.origin).parent.glob('_C*'):
        try:
            torch.ops.load_library(path)
            return True
        except OSError:
            continue
    return False


# --------------------------------------------------------------- checkpoints
def allow_mmengine_checkpoints() -> None:
    """Let ``torch.load(weights_only=True)`` read MMEngine's checkpoints.

    Reason: since torch 2.6 ``weights_only`` is on by default and refuses the
    log history (``HistoryBuffer``, numpy arrays and scalars) that MMEngine
    stores beside the weights, so ``--resume`` fails.  The listed types hold
    data only.  The pickled history also names ``getattr``, for its own
    methods; what is allowed under that name is :func:`_history_method`, which
    gives those and nothing else.
    Ends with: a MMEngine that saves plain numbers or allows these types itself
    (0.10.7 does not).
    """
    import torch

    # MMEngine's logging imports no torch: it is whole, whoever imports what.
    from mmengine.logging.history_buffer import HistoryBuffer
    multiarray = _numpy_multiarray()
    allowed: list[Any] = [
        HistoryBuffer,
        np.ndarray,
        np.dtype,
        (_history_method, 'builtins.getattr'),
    ]
    # A checkpoint names these by the path of the numpy that wrote it.
    for package in ('numpy.core', 'numpy._core'):
        for name in ('_reconstruct', 'scalar'):
            allowed.append((getattr(multiarray, name),
                            f'{package}.multiarray.{name}'))
    # Arrays of these kinds occur; numpy pickles each kind's own class.
    for kind in ('f2', 'f4', 'f8', 'i1', 'i2', 'i4', 'i8', 'u1', 'u2', 'u4',
                 'u8', '?'):
        allowed.append(type(np.dtype(kind)))
    torch.serialization.add_safe_globals(allowed)


def _history_method(owner: Any, name: str) -> Callable:
    """Stand for ``getattr`` in checkpoints: methods of HistoryBuffer only."""
    from mmengine.logging.history_buffer import HistoryBuffer
    if owner is not HistoryBuffer or name not in _HISTORY_METHODS:
        raise ValueError(
            f'the checkpoint asks for attribute {name!r} of {owner!r}; only '
            'the statistics of HistoryBuffer are allowed')
    return getattr(owner, name)


def _numpy_multiarray() -> ModuleType:
    try:
        from numpy._core import multiarray
    except ImportError:  # numpy 1
        from numpy.core import multiarray
    return multiarray


# --------------------------------------------------------------- distributed
def support_ddp_on_cpu() -> None:
    """Let several processes train on a machine without CUDA.

    Reason: MMEngine calls ``torch.cuda.set_device`` before it joins the
    process group, wants ``backend='nccl'`` by default, and hands
    ``device_ids`` to DDP, which refuses them for a model on the CPU.  With the
    shield one config serves one or many processes, with and without GPUs.
    Ends with: a MMEngine that asks for the device in ``_init_dist_pytorch``
    and in ``Runner.wrap_model`` (0.10.7 does not).
    """
    _after_import('mmengine.dist.utils', _join_with_gloo)
    _after_import('mmengine.model.wrappers.distributed', _wrap_without_devices)


def _join_with_gloo(dist_utils: ModuleType) -> None:
    stock_init = dist_utils._init_dist_pytorch
    if getattr(stock_init, 'mal_shield', False):
        return

    @functools.wraps(stock_init)
    def init_dist_pytorch(backend: str,
                          init_backend: str = 'torch',
                          **kwargs: Any) -> None:
        if _has_accelerator() or init_backend != 'torch':
            stock_init(backend, init_backend=init_backend, **kwargs)
            return
        import torch
        from mmengine.logging import print_log
        if backend == 'nccl':
            print_log('No CUDA here: the process group uses gloo, not nccl')
            backend = 'gloo'
        torch.distributed.init_process_group(backend=backend, **kwargs)

    init_dist_pytorch.mal_shield = True
    dist_utils._init_dist_pytorch = init_dist_pytorch


def _wrap_without_devices(wrappers: ModuleType) -> None:
    wrapper = wrappers.MMDistributedDataParallel
    stock_wrap = wrapper.__init__
    if getattr(stock_wrap, 'mal_shield', False):
        return

    @functools.wraps(stock_wrap)
    def wrap(self: Any, module: Any, *args: Any, **kwargs: Any) -> None:
        if all(p.device.type == 'cpu' for p in module.parameters()):
            kwargs['device_ids'] = None
        stock_wrap(self, module, *args, **kwargs)

    wrap.mal_shield = True
    wrapper.__init__ = wrap


def _has_accelerator() -> bool:
    import torch
    from mmengine.dist import utils as dist_utils
    return (torch.cuda.is_available() or dist_utils.is_npu_available()
            or dist_utils.is_mlu_available() or dist_utils.is_musa_available())


# --------------------------------------------------- rarely imported packages
def skip_multimodal_mmpretrain() -> None:
    """Keep mmpretrain's captioning models out when transformers is 5 or newer.

    Reason: ``mmpretrain.models`` imports BLIP, LLaVA and the like whenever
    transformers is installed, and they use names that transformers 5 removed,
    so no mmpretrain backbone can be imported.
    Ends with: a mmpretrain for transformers 5 (1.2.0 is not), or no
    transformers in the environment.
    """
    try:
        version = importlib.metadata.version('transformers')
    except importlib.metadata.PackageNotFoundError:
        return
    if int(version.split('.')[0]) < 5:
        return

    def switch_off(module: ModuleType) -> None:
        module.WITH_MULTIMODAL = False

    _after_import('mmpretrain.utils.dependency', switch_off)


def give_lvis_np_float() -> None:
    """Give ``lvis.eval`` the name ``np.float``, and nobody else.

    Reason: lvis 0.5.3 writes ``dtype=np.float``; numpy removed the name in
    1.24.
    Ends with: a release of lvis that writes ``float`` (0.5.3 does not).
    """
    if hasattr(np, 'float'):
        return

    def give(module: ModuleType) -> None:
        module.np = _NumpyWithFloat()

    _after_import('lvis.eval', give)


class _NumpyWithFloat:
    float = float

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)


def _after_import(name: str, mend: Callable[[ModuleType], None]) -> None:
    """Mend a module when something imports it, without importing it now."""
    if name in sys.modules:
        mend(sys.modules[name])
    elif not any(
            isinstance(finder, _MendingFinder) and finder.name == name
            for finder in sys.meta_path):
        sys.meta_path.insert(0, _MendingFinder(name, mend))


class _MendingFinder(importlib.abc.MetaPathFinder):
    """Lets the usual finders find one module and mends it once executed."""

    def __init__(self, name: str, mend: Callable[[ModuleType], None]) -> None:
        self.name = name
        self.mend = mend
        self._searching = False

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> Any:
        if fullname != self.name or self._searching:
            return None
        self._searching = True  # the search below is the usual one
        try:
            spec = importlib.util.find_spec(fullname)
        finally:
            self._searching = False
        if spec is None or spec.loader is None:
            return spec
        execute = spec.loader.exec_module

        def execute_and_mend(module: ModuleType) -> None:
            execute(module)
            # Not before: many ask where a package is and never import it.
            if self in sys.meta_path:
                sys.meta_path.remove(self)
            self.mend(module)

        spec.loader.exec_module = execute_and_mend
        return spec

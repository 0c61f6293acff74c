"""Shared fixtures: data and weights from outside the repository, threads."""

import os
import signal
from pathlib import Path

# Before torch is imported: tests are many small computations, which threads
# slow down, and continuous integration shares its cores.
for _name in ('OMP_NUM_THREADS', 'MKL_NUM_THREADS'):
    os.environ.setdefault(_name, '1')

# Tests compare bits and small differences; bf16 is tested where it is asked for.
os.environ.setdefault('MAL_PRECISION', 'fp32')

# A shell that starts us in the background has us ignore Ctrl-C, and so would
# everything that the tests start and interrupt.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

import pytest  # noqa: E402
import torch  # noqa: E402
from mmengine.logging import MessageHub, MMLogger  # noqa: E402
from mmengine.registry import DefaultScope  # noqa: E402
from mmengine.visualization import Visualizer  # noqa: E402

import mmdet_mal  # noqa: E402, F401  its shields come before all else

REPO = Path(__file__).resolve().parents[1]
_SHARED = REPO.parent / 'shared'

_THREADS = int(os.environ['OMP_NUM_THREADS'])
torch.set_num_threads(_THREADS)


def _existing(path: Path, variable: str) -> Path:
    if not path.exists():
        pytest.skip(f'{path} is not there; set {variable} to where it is')
    return path


@pytest.fixture(scope='session')
def shared_dir() -> Path:
    """Folder that holds coco_mini, feral_cats and nuclei."""
    root = Path(os.environ.get('MAL_DATA_ROOT', _SHARED / 'data'))
    return _existing(root, 'MAL_DATA_ROOT')


@pytest.fixture(scope='session')
def coco_mini_root(shared_dir: Path) -> Path:
    """Folder with ``images/`` and ``annotations/`` of coco_mini."""
    return _existing(shared_dir / 'coco_mini', 'MAL_DATA_ROOT')


@pytest.fixture(scope='session')
def deit_weights() -> Path:
    """Official DeiT-Ti/16 weights."""
    default = _SHARED / 'weights' / 'deit_tiny_patch16_224.pth'
    path = Path(os.environ.get('MAL_WEIGHTS', default))
    return _existing(path, 'MAL_WEIGHTS')


def _globals() -> tuple[list[dict], int]:
    """What MMEngine keeps for the process: its managers, the logger's level."""
    return ([dict(manager._instance_dict) for manager in _MANAGERS],
            MMLogger.get_current_instance().level)


def _restore(state: tuple[list[dict], int]) -> None:
    instances, level = state
    for manager, before in zip(_MANAGERS, instances, strict=True):
        manager._instance_dict.clear()
        manager._instance_dict.update(before)
    MMLogger.get_current_instance().setLevel(level)
    # What the tools set for their process (mmdet_mal/machine/process.py).
    torch.set_flush_denormal(False)
    torch.set_num_threads(_THREADS)


# Asked now: making a logger asks for the device, which some tests pretend to have.
_MANAGERS = (DefaultScope, MessageHub, MMLogger, Visualizer)
_FIRST = _globals()


@pytest.fixture(autouse=True, scope='module')
def _separate_modules():
    """Keep what fixtures of a file or of the run left behind within a file."""
    yield
    _restore(_FIRST)


@pytest.fixture(autouse=True)
def _separate_globals():
    """Keep MMEngine's globals, and those of the processor, within one test."""
    before = _globals()
    yield
    _restore(before)

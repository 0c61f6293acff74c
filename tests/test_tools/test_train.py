"""tools/train.py survives being killed."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent))
from label_data import make_training_data

from mmdet_mal.engine.checkpoint import load_weights

TRAIN = Path(__file__).resolve().parents[2] / 'tools' / 'train.py'
CONFIG = Path(__file__).with_name('mal_tiny.py')

# A module of its own, so that a config can name it.
_KILL_HOOK = '''
import os, signal
from mmengine.hooks import Hook
from mmengine.registry import HOOKS

@HOOKS.register_module()
class KillHook(Hook):
    """Kills the process, as the system does for want of memory."""
    priority = 'LOWEST'

    def after_train_iter(self, runner, **kwargs):
        if runner.iter + 1 == int(os.environ.get('KILL_AFTER', -1)):
            os.kill(os.getpid(), signal.SIGKILL)
'''

_CONFIG = f'''
_base_ = '{CONFIG}'
custom_imports = dict(imports=['mmdet_mal', 'kill_hook'])
custom_hooks = _base_.custom_hooks + [dict(type='KillHook')]
default_hooks = dict(checkpoint=dict(by_epoch=False, interval=1))
model = dict(network=dict(encoder=dict(drop_path_rate=0.3)))
'''


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    """Six images with two boxes each: three batches an epoch."""
    root = tmp_path_factory.mktemp('kill')
    make_training_data(root, 6)
    (root / 'kill_hook.py').write_text(_KILL_HOOK)
    (root / 'config.py').write_text(_CONFIG)
    return root


def train(root, name, *args, kill_after=-1, workers=0):
    """Run the tool; returns its exit code and what it printed."""
    result = subprocess.run(
        [sys.executable, TRAIN, root / 'config.py', '--work-dir', root / name,
         *args, '--cfg-options', f'train_dataloader.num_workers={workers}'],
        env=dict(os.environ, MAL_TINY_ROOT=str(root), PYTHONPATH=str(root),
                 KILL_AFTER=str(kill_after), CUDA_VISIBLE_DEVICES=''),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=240, check=False)
    return result.returncode, result.stdout


def losses(work_dir):
    """Iteration and loss of each step that a folder's runs logged, exactly."""
    lines = [
        json.loads(line)
        for path in sorted(work_dir.glob('*/vis_data/scalars.json'))
        for line in path.read_text().splitlines()
    ]
    return [(line['iter'], line['loss'], line['lr']) for line in lines]


@pytest.mark.slow
def test_a_killed_run_resumes_to_the_last_bit(root):
    code, output = train(root, 'whole')
    assert code == 0, output[-4000:]
    code, output = train(root, 'cut', kill_after=4)
    assert code == -signal.SIGKILL, output[-4000:]
    # The newest checkpoint also rots: one step more is done again.
    newest = root / 'cut' / 'iter_4.pth'
    content = bytearray(newest.read_bytes())
    content[len(content) // 2] ^= 1
    newest.write_bytes(content)
    code, output = train(root, 'cut', '--resume', workers=2)
    assert code == 0, output[-4000:]
    assert f'{newest}: damaged' in output

    expected = losses(root / 'whole')
    assert [i for i, _, _ in expected] == [1, 2, 3, 4, 5, 6]
    assert losses(root / 'cut') == expected[:4] + expected[3:]
    one, other = (load_weights(root / name / 'iter_6.pth')
                  for name in ('whole', 'cut'))
    assert any(key.startswith('teacher.') for key in one)
    assert one.keys() == other.keys()
    assert all(torch.equal(one[key], other[key]) for key in one)

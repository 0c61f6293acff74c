"""Train, resume and label with the tools, in one process and in two."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent))
from label_data import make_training_data

from mmdet_mal.engine.checkpoint import load_weights

TOOLS = Path(__file__).resolve().parents[2] / 'tools'
CONFIG = Path(__file__).with_name('mal_tiny.py')


@pytest.fixture(scope='module')
def tiny_root(tmp_path_factory):
    """Eight grey images, each with two bright boxes."""
    root = tmp_path_factory.mktemp('tiny')
    make_training_data(root, 8)
    return root


@pytest.fixture(scope='module')
def run(tiny_root):
    """Runs ``tools/SCRIPT CONFIG ...``, which must succeed."""

    def run(script, *args):
        program = 'bash' if script.endswith('.sh') else sys.executable
        command = [program, TOOLS / script, CONFIG, *args]
        result = subprocess.run(
            [str(part) for part in command], cwd=tiny_root, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=240,
            check=False,
            # Without a GPU: two processes on one would be refused by NCCL.
            env=dict(os.environ, MAL_TINY_ROOT=str(tiny_root),
                     PYTHON=sys.executable, CUDA_VISIBLE_DEVICES=''))
        assert result.returncode == 0, result.stdout[-4000:]
        return result.stdout

    return run


@pytest.fixture(scope='module')
def one_process(run, tiny_root):
    """Work folder of two epochs in one process."""
    run('train.py', '--work-dir', tiny_root / 'one')
    return tiny_root / 'one'


def read_losses(work_dir):
    """The losses that a work folder's runs logged, in order."""
    lines = [
        json.loads(line)
        for path in sorted(work_dir.glob('*/vis_data/scalars.json'))
        for line in path.read_text().splitlines()
    ]
    return [line['loss'] for line in lines if 'loss' in line]


def assert_same_weights(work_dir, expected_dir):
    state = load_weights(work_dir / 'epoch_2.pth')
    expected = load_weights(expected_dir / 'epoch_2.pth')
    assert state.keys() == expected.keys()
    for key in expected:
        assert torch.equal(state[key], expected[key]), key


def test_a_resumed_run_ends_like_an_uninterrupted_one(
        one_process, run, tiny_root):
    """Weights, optimizer, schedules, order of data and log go on."""
    work_dir = tiny_root / 'resumed'
    run('train.py', '--work-dir', work_dir, '--cfg-options',
        'train_cfg.max_epochs=1')
    assert len(read_losses(work_dir)) == 4
    output = run('train.py', '--work-dir', work_dir, '--resume')
    assert 'resumed epoch: 1, iter: 4' in output
    assert read_losses(work_dir) == read_losses(one_process)
    assert_same_weights(work_dir, one_process)


def test_two_processes_train_like_one_with_the_same_global_batch(
        one_process, run, tiny_root):
    two = tiny_root / 'two'
    run('dist_train.sh', 2, '--work-dir', two, '--cfg-options',
        'train_dataloader.batch_size=2')
    losses = read_losses(one_process)
    assert len(losses) == 8
    assert read_losses(two) == pytest.approx(losses, rel=1e-3)


def test_two_processes_label_like_one(one_process, run, tiny_root):
    checkpoint = one_process / 'epoch_2.pth'
    run('test.py', checkpoint, '--work-dir', tiny_root / 'label_one',
        '--out', tiny_root / 'one.json')
    run('dist_test.sh', checkpoint, 2, '--work-dir', tiny_root / 'label_two',
        '--out', tiny_root / 'two.json')
    written = (tiny_root / 'one.json').read_bytes()
    assert (tiny_root / 'two.json').read_bytes() == written
    labels = json.loads(written)['annotations']
    assert len(labels) == 16
    assert all(label['area'] > 0 for label in labels)

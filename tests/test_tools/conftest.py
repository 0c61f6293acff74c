"""Runs of the tools on the toy task."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
REPO = HERE.parents[1]


@pytest.fixture
def toy_config_file(tmp_path):
    """Factory of config files: ``toy_config_file(epochs=2)``."""
    sys.path.insert(0, str(HERE))
    try:
        from toy_task import toy_config
    finally:
        sys.path.remove(str(HERE))
    base = str(REPO / 'configs/mal/_base_/default_runtime.py')

    def make(epochs=2):
        path = tmp_path / f'toy_{epochs}.py'
        path.write_text(toy_config(base, epochs))
        return path

    return make


@pytest.fixture
def run_command(tmp_path):
    """Runs a command line that must succeed; returns its output."""

    def run(*command):
        environment = dict(os.environ, PYTHONPATH=str(HERE),
                           PYTHON=sys.executable, OMP_NUM_THREADS='1',
                           CUDA_VISIBLE_DEVICES='')
        result = subprocess.run(
            [str(part) for part in command], cwd=tmp_path, env=environment,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            timeout=120, check=False)
        assert result.returncode == 0, result.stdout[-4000:]
        return result.stdout

    return run


@pytest.fixture
def read_losses():
    """Reads the logged losses of a work folder, in the order of training."""

    def read(work_dir):
        lines = [
            json.loads(line)
            for path in sorted(Path(work_dir).glob('*/vis_data/scalars.json'))
            for line in path.read_text().splitlines()
        ]
        return [line['loss'] for line in lines if 'loss' in line]

    return read

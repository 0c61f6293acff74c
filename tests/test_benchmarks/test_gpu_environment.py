"""What an environment lacks, and how it says so."""

import importlib.util
import subprocess
from pathlib import Path

import pytest

from benchmarks import gpu_environment

REPO = Path(__file__).resolve().parents[2]
SCRIPT = REPO / 'benchmarks/gpu.sh'


def test_this_environment_lacks_nothing():
    assert gpu_environment.missing() == []


def test_each_package_is_pinned():
    pins = gpu_environment.pinned()
    assert pins['numpy'] == '1.26.4'
    assert not [name for name in gpu_environment._MODULES.values()
                if name.lower() not in pins]


def test_what_is_missing_or_too_new_is_named_with_its_pin(monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, 'find_spec',
                        lambda name: None if name == 'mmcv' else found(name))
    monkeypatch.setattr('importlib.metadata.version',
                        lambda name: '2.5.1' if name == 'numpy' else '80.0')
    assert gpu_environment.missing() == ['numpy==1.26.4', 'mmcv==2.1.0']


def test_the_explanation_says_how_to_fetch():
    text = gpu_environment.explain(['numpy==1.26.4', 'mmcv==2.1.0'])
    assert 'pip download' in text and '--wheels' in text
    wheels, sdist = [line for line in text.splitlines() if '-d wheels' in line]
    assert 'numpy==1.26.4' in wheels and 'mmcv' not in wheels
    assert sdist.endswith('mmcv==2.1.0') and 'torch' not in text
    assert 'CUDA' in gpu_environment.explain(['torch==2.13.0'])


def shell(*options):
    done = subprocess.run(['bash', str(SCRIPT), *options], capture_output=True,
                          text=True, timeout=120)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize('options, code, words', [
    (['--help'], 0, '--wheels DIR'),
    (['--wheels'], 2, 'wants a value'),
    (['--python', '/no/such/python'], 2, 'no such Python')])
def test_the_script_explains_itself(options, code, words):
    found, output = shell(*options)
    assert found == code and words in output


def fake_python(tmp_path, lacking):
    """An interpreter in whose environment packages are missing."""
    path = tmp_path / 'python'
    path.write_text(
        '#!/bin/sh\n'
        f'case "$*" in *--names*) echo {lacking};; *) echo explained; exit 2;;'
        ' esac\n')
    path.chmod(0o755)
    return str(path)


def test_the_script_stops_where_packages_are_missing(tmp_path):
    python = fake_python(tmp_path, 'mmcv==2.1.0')
    assert shell('--python', python) == (2, 'explained\n')
    code, output = shell('--python', python, '--wheels', str(tmp_path / 'none'))
    assert code == 2 and 'no such folder' in output

"""What an environment lacks, and how it says so."""

import importlib.metadata
import importlib.util
import subprocess
from pathlib import Path

import pytest
from packaging.requirements import Requirement

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


def test_each_module_is_of_the_package_that_is_fetched_for_it():
    """`modelindex`, say, is an empty package: its module is of model-index."""
    owners = importlib.metadata.packages_distributions()
    wrong = {module: name for module, name in gpu_environment._MODULES.items()
             if normal(name) not in map(normal, owners[module])}
    assert wrong == {}


def test_what_the_packages_ask_for_is_on_the_list():
    """Nothing but this list is installed there, so it must be complete."""
    names = {normal(name) for name in gpu_environment._MODULES.values()}
    asked = {normal(need.name) for name in names - {'torch'}
             for need in map(Requirement, importlib.metadata.requires(name) or ())
             if need.marker is None or need.marker.evaluate({'extra': ''})}
    # Of model-index's own command; an empty package; cv2 once more; zones of times.
    assert asked - names == {'click', 'modelindex', 'opencv-python', 'tzdata'}


def normal(name):
    return name.lower().replace('_', '-')


def test_what_is_missing_or_too_new_is_named_with_its_pin(monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, 'find_spec',
                        lambda name: None if name == 'mmcv' else found(name))
    monkeypatch.setattr('importlib.metadata.version',
                        lambda name: '82.0.1' if name == 'setuptools' else '2.5.2')
    # What is built for numpy 2 would not load beside an older one.
    assert gpu_environment.missing() == ['setuptools==80.10.2', 'mmcv==2.1.0']


def test_build_tools_are_fetched_only_where_mmcv_is_compiled(monkeypatch):
    monkeypatch.setattr(importlib.util, 'find_spec', lambda name: None)
    tools = ['ninja==1.13.0', 'wheel==0.45.1']
    assert gpu_environment.missing_build_tools() == tools
    wheels = next(line for line in gpu_environment.explain(
        ['addict==2.4.0', 'mmcv==2.1.0']).splitlines() if '-d wheels' in line)
    assert wheels.endswith(' '.join(['addict==2.4.0', *tools]))
    assert 'ninja' not in gpu_environment.explain(['addict==2.4.0'])


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


def fake_python(tmp_path, lacking, pip=0):
    """An interpreter in whose environment packages are missing."""
    path = tmp_path / 'python'
    path.write_text(
        '#!/bin/sh\n'
        'case "$*" in\n'
        f'*--names*) echo {lacking};;\n'
        '-c*) echo import site;;\n'
        f'*pip*) exit {pip};;\n'
        '*) echo explained; exit 2;;\n'
        'esac\n')
    path.chmod(0o755)
    return str(path)


def test_the_script_stops_where_packages_are_missing(tmp_path):
    python = fake_python(tmp_path, 'mmcv==2.1.0', pip=1)
    assert shell('--python', python) == (2, 'explained\n')
    code, output = shell('--python', python, '--wheels', str(tmp_path / 'none'))
    assert code == 2 and 'no such folder' in output
    code, output = shell('--python', python, '--wheels', str(tmp_path))
    assert code == 2 and 'has no pip' in output

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


OUTER = """#!/bin/sh
case "$*" in
*--names*) echo mmcv==2.1.0;;
*"pip --version") ;;
*"venv --clear"*)
    echo venv >> calls
    rm -rf .venv-gpu
    mkdir -p .venv-gpu/bin .venv-gpu/lib/python3/site-packages
    cp inner .venv-gpu/bin/python;;
*" wheel "*)
    echo compile >> calls
    while [ "$1" != --wheel-dir ]; do shift; done
    [ ! -e no-compiler ] || exit 1
    echo compiled > "$2/mmcv-2.1.0-any.whl";;
*" install "*)
    for last; do :; done
    # By name, the carried one, which is for another torch.
    [ ! -f "$last" ] || cp "$last" .venv-gpu/mmcv;;
-c*) echo import site;;
esac
"""
INNER = """#!/bin/sh
case "$*" in
*"import torch, mmcv._ext") grep -q compiled .venv-gpu/mmcv;;
*sysconfig*) echo .venv-gpu/lib/python3/site-packages;;
*print*) echo 9;;
*benchmarks.gpu*) echo measured;;
esac
"""


@pytest.fixture
def carried(tmp_path, monkeypatch):
    """A copy of the script with wheels inside --out, and how it is called."""
    for name, text in (('outer', OUTER), ('inner', INNER),
                       ('benchmarks/gpu.sh', SCRIPT.read_text())):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
    wheels = tmp_path / 'out/wheels'
    wheels.mkdir(parents=True)
    (wheels / 'other-1.0-any.whl').write_text('carried')
    (wheels / 'mmcv-2.1.0-any.whl').write_text('for another torch')
    monkeypatch.setenv('CXX', 'true')

    def call():
        done = subprocess.run(
            ['bash', 'benchmarks/gpu.sh', '--python', './outer', '--out', 'out',
             '--wheels', 'out/wheels'], cwd=tmp_path, capture_output=True,
            text=True, timeout=120)
        calls = tmp_path / 'calls'
        made = calls.read_text().split()
        calls.write_text('')
        return done.returncode, done.stdout, made
    return tmp_path, wheels, call


def test_a_compiled_mmcv_deletes_nothing_that_was_carried(carried):
    folder, wheels, call = carried
    code, output, made = call()
    assert code == 0 and output.endswith('measured\n')
    assert made == ['venv', 'compile']
    assert {path.name: path.read_text().strip() for path in wheels.iterdir()} == {
        'other-1.0-any.whl': 'carried', 'mmcv-2.1.0-any.whl': 'compiled',
        'mmcv-2.1.0-any.whl.~1~': 'for another torch'}
    assert list((folder / 'out').iterdir()) == [wheels]


def test_a_compilation_that_fails_leaves_what_was_carried(carried):
    folder, wheels, call = carried
    (folder / 'no-compiler').touch()
    code, output, made = call()
    assert code == 1 and 'measured' not in output and made == ['venv', 'compile']
    assert (wheels / 'mmcv-2.1.0-any.whl').read_text() == 'for another torch'
    assert len(list(wheels.iterdir())) == 2
    assert list((folder / 'out').iterdir()) == [wheels]


@pytest.mark.parametrize('broken', ['#!/bin/sh\nexit 1\n', None])
def test_an_environment_is_used_again_only_if_mmcv_can_be_loaded(carried, broken):
    folder, _, call = carried
    call()
    code, output, made = call()
    assert code == 0 and output.endswith('measured\n') and not made
    if broken is None:
        (folder / '.venv-gpu/mmcv').write_text('for another torch')
    else:
        (folder / '.venv-gpu/bin/python').write_text(broken)
    code, output, made = call()
    assert code == 0 and output.endswith('measured\n') and made[0] == 'venv'

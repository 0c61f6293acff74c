"""sdist and wheel: built without a network, whole, and usable where installed."""

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
# What no distribution carries.
_LEAVE = shutil.ignore_patterns(
    '.git', '.venv*', 'work_dirs', 'build', 'dist', '*.egg-info', '__pycache__',
    '.*_cache', '.hypothesis', '.wheelhouse', '*.pyc', '*.so')
_BUILD = 'import sys, setuptools.build_meta as b; print(b.build_{}(sys.argv[1]))'


def _build(kind, source, out, **variables):
    """Build as pip does, without isolation and so without a network."""
    done = subprocess.run(
        [sys.executable, '-c', _BUILD.format(kind), str(out)], cwd=source,
        check=True, capture_output=True, text=True, timeout=300,
        env={**os.environ, **variables})
    return out / done.stdout.split()[-1]


@pytest.fixture(scope='module')
def sdist(tmp_path_factory):
    # From a copy: the build writes beside the sources.
    source = tmp_path_factory.mktemp('source') / 'mmdet-mal'
    shutil.copytree(REPO, source, ignore=_LEAVE)
    return _build('sdist', source, tmp_path_factory.mktemp('sdist'))


def _unpack(sdist, folder):
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter='data')
    (source, ) = folder.iterdir()
    return source


@pytest.fixture(scope='module')
def wheel(sdist, tmp_path_factory):
    """Built from the sdist, so that the sdist is known to be enough."""
    source = _unpack(sdist, tmp_path_factory.mktemp('unpacked'))
    return _build('wheel', source, tmp_path_factory.mktemp('wheel'))


@pytest.fixture(scope='module')
def installed(wheel, tmp_path_factory):
    """A folder with the wheel in it, put before everything else."""
    target = tmp_path_factory.mktemp('installed')
    subprocess.run(
        [sys.executable, '-m', 'pip', 'install', '-q', '--no-deps', '--no-index',
         '--disable-pip-version-check', '--target', str(target), str(wheel)],
        check=True, capture_output=True, timeout=300)
    return target


def _files(folder, root=REPO):
    """Files below a folder, relative to the root, without what is made."""
    return {str(path.relative_to(root)) for path in (root / folder).rglob('*')
            if path.is_file() and '__pycache__' not in path.parts
            and path.suffix not in ('.pyc', '.so')}


def test_the_sdist_carries_all_that_a_developer_needs(sdist):
    with tarfile.open(sdist) as archive:
        names = {name.partition('/')[2] for name in archive.getnames()}
    for folder in ('mmdet_mal', 'configs', 'tools', 'requirements', 'docker',
                   'examples', 'docs'):
        assert _files(folder) - names == set()
    for name in ('LICENSE', 'README.md', 'CHANGELOG.md', 'CITATION.cff',
                 'CONTRIBUTING.md', 'Makefile', 'setup.py', 'pyproject.toml',
                 '.pre-commit-config.yaml'):
        assert name in names, name


def test_the_wheel_carries_every_file_of_the_package(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert _files('mmdet_mal') - names == set()
    assert not any(n.startswith(('tests', 'docs', 'benchmarks')) for n in names)
    assert any(n.endswith('licenses/LICENSE') for n in names)
    for folder in ('configs', 'tools'):
        below = {f'mmdet_mal/.mim/{name}' for name in _files(folder)}
        assert below - names == set() and below


def _libraries(archive):
    return [name for name in archive if name.endswith('.so')]


@pytest.mark.skipif(not shutil.which('gcc'), reason='needs a C compiler')
def test_the_wheel_brings_the_compiled_mean_field_and_the_sdist_its_source(
        wheel, sdist):
    with zipfile.ZipFile(wheel) as archive:
        (library, ) = _libraries(archive.namelist())
    assert library.startswith('mmdet_mal/models/mean_field/_compiled.')
    with tarfile.open(sdist) as archive:
        names = archive.getnames()
    assert _libraries(names) == []
    assert any(n.endswith('models/mean_field/mean_field.c') for n in names)


def test_without_a_c_compiler_there_is_a_wheel_all_the_same(sdist, tmp_path):
    source = _unpack(sdist, tmp_path)
    wheel = _build('wheel', source, tmp_path, CC='/bin/false')
    with zipfile.ZipFile(wheel) as archive:
        assert _libraries(archive.namelist()) == []
        assert 'mmdet_mal/models/mean_field/tensors.py' in archive.namelist()


def _run_installed(target, *words, cwd):
    return subprocess.run(
        [sys.executable, *words], cwd=cwd, capture_output=True, text=True,
        timeout=300, env={**os.environ, 'PYTHONPATH': str(target),
                          'CUDA_VISIBLE_DEVICES': ''})


def test_the_installed_command_answers(installed, tmp_path):
    scripts = list(installed.glob('bin/mal'))
    assert len(scripts) == 1 and 'mmdet_mal.cli.main' in scripts[0].read_text()
    done = _run_installed(installed, '-m', 'mmdet_mal.cli', '--help', cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert 'export-model' in done.stdout and 'label' in done.stdout


_LOAD = '''
import mmdet_mal, sys
from pathlib import Path
from mmengine.config import Config
from mmdet_mal.utils.shipped import find_config, shipped_configs, shipped_root
assert Path(mmdet_mal.__file__).is_relative_to(sys.argv[1]), mmdet_mal.__file__
assert shipped_root().is_relative_to(sys.argv[1])
for name in shipped_configs():
    assert Config.fromfile(find_config(name)).model.type.startswith('mmdet_mal.')
print(len(shipped_configs()))
'''


def test_shipped_configs_load_from_the_installed_place(installed, tmp_path):
    done = _run_installed(installed, '-c', _LOAD, str(installed), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[-1]) >= 10

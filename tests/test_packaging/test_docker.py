"""The Dockerfiles, as far as they can be judged without Docker."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[2]
DOCKERFILES = sorted((REPO / 'docker').glob('*.Dockerfile'))
BOTH = pytest.mark.parametrize('path', DOCKERFILES, ids=lambda p: p.stem)


def _instructions(path):
    """Instructions with their arguments, lines joined, comments dropped."""
    lines = [line for line in path.read_text().splitlines()
             if not line.lstrip().startswith('#')]
    text = '\n'.join(lines).replace('\\\n', ' ')
    return [tuple(line.split(None, 1)) for line in text.splitlines() if line.strip()]


def test_there_is_one_for_the_cpu_and_one_for_cuda():
    assert [path.stem for path in DOCKERFILES] == ['cpu', 'cuda']


@BOTH
def test_hadolint_finds_nothing(path):
    hadolint = shutil.which(
        'hadolint', path=str(Path(sys.executable).parent)) or shutil.which('hadolint')
    if hadolint is None:
        pytest.skip('hadolint is not installed (requirements/tests.txt)')
    done = subprocess.run([hadolint, str(path)], capture_output=True, text=True,
                          timeout=60)
    assert done.returncode == 0, done.stdout


@BOTH
def test_what_is_copied_is_there_and_in_the_context(path):
    kept = {line[1:] for line in (REPO / '.dockerignore').read_text().split('\n')
            if line.startswith('!')}
    copied = []
    for name, rest in _instructions(path):
        if name == 'COPY' and '--from=' not in rest:
            copied += rest.split()[:-1]
    assert len(copied) >= 8
    for source in copied:
        assert (REPO / source).exists(), source
        assert source.split('/')[0] in kept, source


@BOTH
def test_the_build_reads_every_requirement_that_its_make_target_reads(path):
    commands = [rest for name, rest in _instructions(path) if name == 'RUN']
    makes = [c for c in commands if c.startswith('make ')]
    assert len(makes) == 1
    venv = re.search(r'\bVENV=(\S+)', makes[0])[1]
    target = re.search(rf'{re.escape(venv)}/(\.\w+)', makes[0])[1]
    makefile = (REPO / 'Makefile').read_text()
    assert re.search(rf'^\$\(VENV\)/{re.escape(target)}:', makefile, re.M)
    assert any(f'{venv}/bin/python -m pip install' in c for c in commands)
    # mmcv is compiled in a stage that is left behind.
    assert sum(name == 'FROM' for name, _ in _instructions(path)) >= 2
    assert any(name == 'COPY' and '--from=build' in rest and venv in rest
               for name, rest in _instructions(path))


def _context(path, target):
    """Make a folder with what a Dockerfile copies, and nothing else."""
    for name, rest in _instructions(path):
        if name == 'COPY' and '--from=' not in rest:
            *sources, place = rest.split()
            for source in sources:
                if (REPO / source).is_dir():
                    shutil.copytree(REPO / source, target / place, dirs_exist_ok=True,
                                    ignore=shutil.ignore_patterns('__pycache__'))
                else:
                    shutil.copy(REPO / source, target / source)


def test_what_is_copied_is_enough_for_make_and_for_the_wheel(tmp_path):
    copies = [[step for step in _instructions(path)
               if step[0] == 'COPY' and '--from=' not in step[1]]
              for path in DOCKERFILES]
    assert copies[0] == copies[1]  # so one stands for both
    context, out = tmp_path / 'src', tmp_path / 'out'
    context.mkdir()
    _context(DOCKERFILES[0], context)
    planned = subprocess.run(
        ['make', '-n', 'VENV=../venv', f'PYTHON={sys.executable}', '../venv/.runtime'],
        cwd=context, capture_output=True, text=True, timeout=60)
    assert planned.returncode == 0, planned.stderr
    assert 'tools/dev/pip_install.py' in planned.stdout
    assert '-r requirements/runtime.txt' in planned.stdout
    subprocess.run(
        [sys.executable, '-m', 'pip', 'wheel', '-q', '--no-deps', '--no-index',
         '--no-build-isolation', '-w', str(out), '.'],
        cwd=context, check=True, capture_output=True, timeout=300)
    assert len(list(out.glob('mmdet_mal-*.whl'))) == 1


@BOTH
def test_it_runs_mal_and_not_as_root(path):
    steps = _instructions(path)
    last = max(i for i, (name, _) in enumerate(steps) if name == 'FROM')
    final = dict(steps[last:])
    assert final['USER'] not in ('root', '0')
    assert final['ENTRYPOINT'] == '["mal"]'


@BOTH
def test_no_package_index_is_named(path):
    assert '://' not in path.read_text()

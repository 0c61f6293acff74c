"""What an install shows of pip's output."""

import importlib.util
from pathlib import Path

import pytest

_PATH = Path(__file__).resolve().parents[2] / 'tools/dev/pip_install.py'
_SPEC = importlib.util.spec_from_file_location('pip_install', _PATH)
pip_install = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(pip_install)


@pytest.mark.parametrize('line, shown', [
    ('  [12/77] c++ -MMD -MF /t/deform_conv.o.d -I/x -c '
     '/t/mmcv/ops/csrc/pytorch/cpu/deform_conv.cpp -o /t/deform_conv.o',
     '  compiled  12/77 deform_conv.cpp'),
    ('Collecting mmcv==2.1.0 (from -r r.txt (line 7))',
     'Collecting mmcv==2.1.0 (from -r r.txt (line 7))'),
    ('  Downloading torch-2.13.0-cp311-x86_64.whl (189.2 MB)',
     '  downloading torch-2.13.0-cp311-x86_64.whl (189.2 MB)'),
    ('  Downloading small.whl.metadata (2 kB)', None),
    ('  copying mmcv/version.py -> build/lib/mmcv', None),
    ('ERROR: No matching distribution', 'ERROR: No matching distribution'),
])
def test_shorten(line, shown):
    assert pip_install.shorten(line + '\n') == shown


def test_a_failure_of_pip_is_a_failure(tmp_path, capfd):
    log = tmp_path / 'log'
    code = pip_install.run(log, ['--no-index', 'mal-no-such-package'])
    assert code != 0
    out, err = capfd.readouterr()
    assert str(log) in err
    assert 'mal-no-such-package' in log.read_text()

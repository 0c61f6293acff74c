"""What a wheel carries."""

import subprocess
import sys
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]


def test_configs_and_tools_lie_where_mim_looks(tmp_path):
    subprocess.run(
        [sys.executable, 'setup.py', '-q', 'build', '--build-base', tmp_path],
        cwd=REPO, check=True, capture_output=True, timeout=120)
    package = tmp_path / 'lib' / 'mmdet_mal'
    assert (package / 'models').is_dir()
    for folder in ('configs', 'tools'):
        files = {path.relative_to(REPO / folder)
                 for path in (REPO / folder).rglob('*.py')}
        copies = {path.relative_to(package / '.mim' / folder)
                  for path in (package / '.mim' / folder).rglob('*.py')}
        assert copies == files != set()
    assert not (REPO / 'mmdet_mal' / '.mim').exists()

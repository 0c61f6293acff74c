"""Whatever kills a label run, and whenever: resumed, it ends with the same bytes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

DRIVER = Path(__file__).with_name('kill_driver.py')


def kill(folder, kills, ranks):
    """Run the driver; returns what it says it did."""
    result = subprocess.run(
        [sys.executable, str(DRIVER), str(folder), '--kills', str(kills),
         '--ranks', str(ranks)],
        env=dict(os.environ, OMP_NUM_THREADS='1'), text=True,
        capture_output=True, timeout=3600, check=False)
    assert result.returncode == 0, result.stderr[-4000:]
    report = json.loads(result.stdout.splitlines()[-1])
    print(report)
    return report


@pytest.mark.parametrize('ranks', [1, 2])
def test_killed_at_random_moments(ranks, tmp_path):
    assert kill(tmp_path, 6, ranks)['kills'] >= 6


@pytest.mark.full
@pytest.mark.parametrize('ranks', [1, 2])
def test_killed_at_two_hundred_random_moments_in_every_phase(ranks, tmp_path):
    report = kill(tmp_path, 200, ranks)
    assert report['kills'] >= 200
    assert set(report['phases']) >= {
        'start', 'inference and shards', 'merge', 'after the rename'}

"""A disk that is full, then read-only, then mended: one run gets through all."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / 'test_tools'))
from label_data import (CONFIG, TOOLS, make_checkpoint, make_label_data,
                        run_tool)

# In a mount namespace of its own, so that nothing is left behind.  The disk has
# room for the manifest and some chunks, not for all.
SCRIPT = '''
set -u
mount -t tmpfs -o size={small} none "$1" || exit 77
disk=$1
shift
"$@" > "$OUT/full.log" 2>&1; echo "full $?"
ls "$disk"/masks.run/shards > "$OUT/shards"
mount -o remount,ro,size=4m "$disk"
"$@" > "$OUT/readonly.log" 2>&1; echo "readonly $?"
mount -o remount,rw "$disk"
"$@" > "$OUT/mended.log" 2>&1; echo "mended $?"
cp "$disk/masks.json" "$OUT/masks.json"
'''


def namespace():
    """The command that may mount, if this machine has one."""
    for command in (['unshare', '--mount'],
                    ['unshare', '--map-root-user', '--mount']):
        try:
            probe = subprocess.run(
                [*command, 'mount', '-t', 'tmpfs', '-o', 'size=16k', 'none',
                 '/mnt'], capture_output=True, check=False)
        except FileNotFoundError:
            break
        if probe.returncode == 0:
            return command
    pytest.skip('this machine lets us mount nothing (unshare), so there is no '
                'small disk to fill')


@pytest.mark.slow
def test_full_then_read_only_then_mended(tmp_path):
    command = namespace()
    make_label_data(tmp_path / 'data', 24)
    make_checkpoint(tmp_path / 'data' / 'weights.pth')
    disk = tmp_path / 'disk'
    disk.mkdir()
    label = [CONFIG, 'weights.pth', '--ann', 'boxes.json', '--images', 'images']
    run_tool('label.py', *label, '--out', tmp_path / 'whole.json',
             cwd=tmp_path / 'data')

    result = subprocess.run(
        [*command, 'bash', '-c', SCRIPT.format(small='36k'), 'disk', str(disk),
         sys.executable, str(TOOLS / 'label.py'), *map(str, label),
         '--out', str(disk / 'masks.json'),
         '--work-dir', str(tmp_path / 'logs')],
        cwd=tmp_path / 'data', text=True, capture_output=True, timeout=300,
        check=False,
        env=dict(os.environ, OUT=str(tmp_path), CUDA_VISIBLE_DEVICES='',
                 MAL_TINY_ROOT=str(tmp_path / 'data')))
    logs = {name: (tmp_path / f'{name}.log').read_text()
            for name in ('full', 'readonly', 'mended')}
    assert result.stdout.splitlines() == ['full 2', 'readonly 2', 'mended 0'], (
        result, logs)
    for name, words in (('full', 'No space left on device'),
                        ('readonly', 'Read-only file system')):
        assert 'Traceback' not in logs[name]
        last = logs[name].strip().splitlines()[-1]
        assert 'error: ' in last and words in last, logs[name]
    # What went onto the full disk was gone on with.
    assert 'rank0.jsonl' in (tmp_path / 'shards').read_text()
    assert '0 of 24 chunks are done' not in logs['mended']
    assert (tmp_path / 'masks.json').read_bytes() == (
        tmp_path / 'whole.json').read_bytes()

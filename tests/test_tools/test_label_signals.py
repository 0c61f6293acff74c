"""Ctrl-C and SIGTERM against the real tools, in one process and in two."""

import logging
import os
import runpy
import signal
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from label_data import (CONFIG, TOOLS, make_checkpoint,
                        make_label_data, start_tool)

# Enough that a run is still going when its first chunk is on disk.
IMAGES = 100
JOB = ('--ann', 'boxes.json', '--images', 'images')
WORKERS = ('--cfg-options', 'test_dataloader.num_workers=1')


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp('signals')
    make_label_data(root, IMAGES)
    make_checkpoint(root / 'weights.pth')
    return root


@pytest.fixture
def label(root, monkeypatch):
    """Labels in this process, which spares the import; gives the bytes."""
    monkeypatch.chdir(root)
    monkeypatch.setenv('MAL_TINY_ROOT', str(root))
    monkeypatch.setenv('LOCAL_RANK', '0')
    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', '')
    # The tools set it; monkeypatch takes it back.
    monkeypatch.setattr(logging, 'raiseExceptions', True)

    def label(out):
        monkeypatch.setattr(sys, 'argv', [
            'label.py', str(CONFIG), 'weights.pth', *JOB, '--out', out])
        runpy.run_path(str(TOOLS / 'label.py'), run_name='__main__')
        return (root / out).read_bytes()

    return label


def wait_for_chunks(process, shards):
    """Until some chunk is on disk."""
    limit = time.monotonic() + 120
    while not any(path.stat().st_size for path in shards.glob('rank*.jsonl')):
        assert process.poll() is None, process.communicate()[0][-3000:]
        assert time.monotonic() < limit
        time.sleep(.01)


def count_lines(shards):
    lines = [line for path in shards.glob('rank*.jsonl')
             for line in path.read_bytes().splitlines(keepends=True)]
    assert all(line.endswith(b']}\n') for line in lines)
    return len(lines)


@pytest.mark.parametrize('script, ranks, number', [
    pytest.param('label.py', (), signal.SIGINT, id='Ctrl-C, one process'),
    pytest.param('dist_label.sh', (2,), signal.SIGTERM, id='SIGTERM, two'),
])
def test_stops_flushed_and_goes_on(script, ranks, number, root, label, capsys):
    out = root / f'{number.name}.json'
    command = (CONFIG, 'weights.pth', *ranks, *JOB, '--out', out.name, *WORKERS)
    process = start_tool(script, *command, cwd=root)
    shards = out.with_suffix('.run') / 'shards'
    wait_for_chunks(process, shards)
    if ranks:
        process.send_signal(number)
    else:  # as a terminal does: to the whole group, workers included
        os.killpg(process.pid, number)
    output, _ = process.communicate(timeout=120)

    assert process.returncode == 128 + number, output[-3000:]
    assert 'Traceback' not in output
    assert f'Stopped by {number.name.lower()}' in output.replace(
        number.name, number.name.lower())
    # The command to go on with is the one that was started.
    resume = output[output.index('start the same command again'):]
    assert script in resume and out.name in resume
    assert 0 < count_lines(shards) < IMAGES and not out.exists()

    done = count_lines(shards)
    written = label(out.name)
    assert f'{done} of {IMAGES} chunks are done already' in capsys.readouterr().out
    assert written == label('whole.json')

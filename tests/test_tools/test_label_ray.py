"""The Ray tool on this machine: stopped, its worker killed, and not a byte lost."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS, init_default_scope

from mmdet_mal.labelling.shard_index import parse_line

pytest.importorskip('ray', reason='the extra "ray" is not installed')

TOOLS = Path(__file__).resolve().parents[2] / 'tools'
CONFIG = Path(__file__).with_name('mal_tiny.py')
IMAGES = 120
CHUNKS = 2 * IMAGES
ONE_BOX_A_CHUNK = 'test_dataloader.dataset.chunk_boxes=1'


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    """120 images with two boxes each, one image missing; random weights."""
    root = tmp_path_factory.mktemp('ray_tool')
    rng = np.random.default_rng(0)
    (root / 'photos').mkdir()
    images, annotations = [], []
    for i in range(IMAGES):
        image = rng.integers(0, 80, (96, 128, 3), np.uint8)
        for x, y, w, h in ((10 + i % 9, 12, 30, 25), (70, 40 - i % 9, 40, 36)):
            image[y:y + h, x:x + w] = rng.integers(120, 250, 3)
            annotations.append(
                dict(id=len(annotations) + 1, image_id=i + 1, category_id=1,
                     bbox=[x, y, w, h], area=w * h, iscrowd=0))
        if i != 7:
            cv2.imwrite(str(root / 'photos' / f'{i}.png'), image)
        images.append(dict(id=i + 1, file_name=f'{i}.png', height=96, width=128))
    (root / 'boxes.json').write_text(json.dumps(dict(
        images=images, annotations=annotations,
        categories=[dict(id=1, name='thing')])))
    init_default_scope('mmdet')
    torch.manual_seed(0)
    model = MODELS.build(Config.fromfile(str(CONFIG)).model)
    model.init_weights()
    torch.save(dict(state_dict=model.state_dict()), root / 'weights.pth')
    return root


@pytest.fixture(scope='module')
def start(root):
    """Starts a tool; its output can be waited for."""
    # Where Ray puts its files; short, as the paths of its sockets are limited.
    tools = []

    def start(*args):
        tools.append(Tool(root, temporary, *args))
        return tools[-1]

    with tempfile.TemporaryDirectory(prefix='t') as temporary:
        yield start
        for tool in tools:
            tool.end()
        # Files and processes of Ray are gone, also after a signal.
        wait_until(lambda: not processes_with(temporary))
        assert os.listdir(temporary) == []


class Tool:
    """A tool that runs, with its output so far in ``text``."""

    def __init__(self, root, temporary, script, out, *options):
        command = [sys.executable, TOOLS / script, CONFIG, root / 'weights.pth',
                   '--ann', 'boxes.json', '--images', 'photos', '--out', out,
                   *options, '--cfg-options', ONE_BOX_A_CHUNK]
        self.shard = root / out.replace('.json', '.run') / 'shards/rank0.jsonl'
        self.text = ''
        self.process = subprocess.Popen(
            [str(part) for part in command], cwd=root, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True,  # a foreground group of its own for Ctrl-C
            env=dict(os.environ, TMPDIR=temporary, MAL_TINY_ROOT=str(root),
                     OMP_NUM_THREADS='1', CUDA_VISIBLE_DEVICES=''))
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.text += line

    def chunks(self):
        """Chunks in the shard, in the order in which they were written."""
        if not self.shard.exists():
            return []
        lines = self.shard.read_bytes().splitlines(keepends=True)
        return [parsed[0] for parsed in map(parse_line, lines) if parsed]

    def wait(self, code):
        assert self.process.wait(200) == code, self.text[-4000:]
        self._reader.join()

    def end(self):
        """Whatever happened, leave no process of its group behind."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def wait_until(condition, seconds=200):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(.005)


def processes_with(text):
    """Ids of the processes whose command line holds a text."""
    found = []
    for folder in Path('/proc').glob('[0-9]*'):
        with contextlib.suppress(OSError):
            if text.encode() in (folder / 'cmdline').read_bytes():
                found.append(int(folder.name))
    return found


@pytest.fixture(scope='module')
def expected(root, start):
    """What a run without Ray writes."""
    start('label.py', 'plain.json').wait(0)
    return (root / 'plain.json').read_bytes()


RAY = ('--address', 'local', '--actors', 2)


def wait_for_chunks(tool, number):
    wait_until(lambda: len(tool.chunks()) >= number
               or tool.process.poll() is not None)


@pytest.mark.slow
def test_a_killed_worker_changes_not_a_byte(root, start, expected):
    tool = start('label_ray.py', 'killed.json', *RAY)
    wait_for_chunks(tool, 5)
    worker = re.search(r'actor \d+ \(cpu of .*process (\d+)\) is ready', tool.text)
    os.kill(int(worker[1]), signal.SIGKILL)
    tool.wait(0)
    assert re.search(r'is lost with chunks \[\d+', tool.text)
    assert (root / 'killed.json').read_bytes() == expected
    assert sorted(tool.chunks()) == list(range(CHUNKS))  # each once


@pytest.mark.full
def test_stopped_by_ctrl_c_it_goes_on_with_and_without_ray(root, start, expected):
    tool = start('label_ray.py', 'stopped.json', *RAY)
    wait_for_chunks(tool, 5)
    os.killpg(tool.process.pid, signal.SIGINT)
    tool.wait(130)
    assert 'start the same command again' in tool.text
    done = tool.chunks()
    assert 5 <= len(done) < CHUNKS and not (root / 'stopped.json').exists()

    tool = start('label_ray.py', 'stopped.json', *RAY)
    wait_for_chunks(tool, len(done) + 5)
    os.kill(tool.process.pid, signal.SIGTERM)
    tool.wait(143)
    assert tool.chunks()[:len(done)] == done
    assert len(done) < len(tool.chunks()) < CHUNKS

    done = tool.chunks()
    tool = start('label.py', 'stopped.json')
    tool.wait(0)
    assert (root / 'stopped.json').read_bytes() == expected
    assert sorted(tool.chunks()) == list(range(CHUNKS))
    assert tool.chunks()[:len(done)] == done

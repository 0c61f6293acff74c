"""Kills the real label tool again and again: ``python kill_driver.py …``.

A process that has imported everything once forks a run in milliseconds; the
pytest process itself cannot serve, as other tests leave threads in it, which
do not survive a fork.  Prints one JSON object with what it did, or ends with an
assertion.
"""

import argparse
import json
import multiprocessing
import os
import random
import runpy
import signal
import socket
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / 'test_tools'))
from label_data import (CONFIG, TOOLS, make_checkpoint,
                        make_label_data)

# Imported once, not in each fork.
import mmdet_mal.datasets
import mmdet_mal.engine
import mmdet_mal.models  # noqa: F401
import torch
from mmengine.runner import Runner  # noqa: F401

from mmdet_mal.labelling.files import temporary_name
from mmdet_mal.labelling.shard_index import ShardIndex

FORK = multiprocessing.get_context('fork')
IMAGES = 24
# A run is killed within this share more than an undisturbed one takes, so that
# some kills come when it is over and the file has its name.
OVERTIME = 1.05
# How long ranks get when one of them has died, as the launcher gives it.
GRACE_SECONDS = .3


class Job:
    """One masks JSON that is to be made, however often its run is killed."""

    def __init__(self, data: Path, folder: Path) -> None:
        self.data = data
        self.folder = folder
        self.out = folder / 'masks.json'
        self._stale = 0
        folder.mkdir()

    def start(self, ranks: int) -> list:
        """Start the tool in this many processes."""
        with socket.socket() as free:
            free.bind(('127.0.0.1', 0))
            port = free.getsockname()[1]
        self._stale = self._time_of_merge()
        processes = []
        for rank in range(ranks):
            environment = dict(
                MAL_TINY_ROOT=str(self.data), CUDA_VISIBLE_DEVICES='',
                LOCAL_RANK=str(rank))
            if ranks > 1:
                environment |= dict(
                    RANK=str(rank), WORLD_SIZE=str(ranks),
                    MASTER_ADDR='127.0.0.1', MASTER_PORT=str(port))
            processes.append(FORK.Process(
                target=self._label, args=(environment, ranks, rank)))
            processes[-1].start()
        return processes

    def _label(self, environment: dict, ranks: int, rank: int) -> None:
        os.environ.update(environment)
        log = os.open(self.folder / f'output{rank}',
                      os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        os.dup2(log, 1)
        os.dup2(log, 2)
        sys.argv = ['label.py', str(CONFIG), str(self.data / 'weights.pth'),
                    '--ann', str(self.data / 'boxes.json'),
                    '--images', str(self.data / 'images'),
                    '--out', str(self.out)]
        if ranks > 1:
            sys.argv += ['--launcher', 'pytorch']
        runpy.run_path(str(TOOLS / 'label.py'), run_name='__main__')

    def _time_of_merge(self) -> int:
        """When the temporary file was last written to, 0 if it is not there."""
        try:
            return os.stat(temporary_name(str(self.out))).st_mtime_ns
        except FileNotFoundError:
            return 0

    @property
    def merging(self) -> bool:
        """Whether this start has come to the merge; a killed one leaves its
        temporary file behind."""
        return self._time_of_merge() not in (0, self._stale)

    @property
    def has_shards(self) -> bool:
        return any((self.folder / 'masks.run' / 'shards').glob('rank*'))

    def phase(self) -> str:
        """Where the run is, by what lies in the folder."""
        run_dir = self.folder / 'masks.run'
        if self.out.exists():
            return 'after the rename'
        if self.merging:
            return 'merge'
        if not (run_dir / 'manifest.json').exists():
            return 'start'
        done = len(ShardIndex(str(run_dir)).chunks)
        if done == IMAGES:
            return 'before the merge'
        return 'inference and shards' if done else 'before the first chunk'


def end(processes: list) -> None:
    """End what is left as a launcher does: ask, then kill."""
    deadline = time.monotonic() + GRACE_SECONDS
    for process in processes:
        if process.is_alive():
            os.kill(process.pid, signal.SIGTERM)
    for process in processes:
        process.join(max(deadline - time.monotonic(), 0))
        process.kill()
        process.join()


def wait(job: Job, processes: list, until: str, seconds: float) -> None:
    """Wait for a moment to kill at: after so many seconds ('time'), or a short
    while after the first shard has been opened or the merge has begun."""
    deadline = time.monotonic() + seconds
    while any(process.is_alive() for process in processes):
        if until == 'time' and time.monotonic() >= deadline:
            return
        if until == 'merge' and (job.merging or job.out.exists()):
            time.sleep(random.uniform(0, .02))
            return
        if until == 'shards' and job.has_shards:
            time.sleep(random.uniform(0, seconds / 4))
            return
        time.sleep(.0003)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument('folder', type=Path)
    parser.add_argument('--kills', type=int, required=True)
    parser.add_argument('--ranks', type=int, required=True)
    parser.add_argument('--seed', type=int, default=0)
    args = parser.parse_args()
    torch.set_num_threads(1)
    random.seed(args.seed)
    data = args.folder / 'data'
    make_label_data(data, IMAGES)
    make_checkpoint(data / 'weights.pth')

    whole = Job(data, args.folder / 'whole')
    begin = time.monotonic()
    processes = whole.start(args.ranks)
    for process in processes:
        process.join()
        assert process.exitcode == 0, (whole.folder / 'output0').read_text()
    duration = (time.monotonic() - begin) * OVERTIME
    expected = whole.out.read_bytes()
    boxes = json.loads((data / 'boxes.json').read_text())['annotations']
    ids = [ann['id'] for ann in json.loads(expected)['annotations']]
    assert ids == [ann['id'] for ann in boxes]  # none lost, none doubled

    phases: Counter = Counter()
    jobs = starts = 0
    while sum(phases.values()) < args.kills:
        job = Job(data, args.folder / f'{jobs}')
        jobs += 1
        # Most of a run is its start, and merge and rename take a hundredth, so
        # two jobs of three are killed later than at a time drawn evenly.
        until = ('time', 'shards', 'merge')[jobs % 3]
        for _ in range(1 if until == 'merge' else random.randint(1, 4)):
            starts += 1
            processes = job.start(args.ranks)
            wait(job, processes, until, random.uniform(0, duration))
            victims = random.sample(processes, random.randint(1, len(processes)))
            killed = [p for p in victims if p.is_alive()]
            for process in killed:
                process.kill()
            if killed:
                for process in killed:
                    process.join()
                phases[job.phase()] += 1
            end(processes)
            # At any moment the name holds nothing or everything.
            assert not job.out.exists() or job.out.read_bytes() == expected
            if job.out.exists():
                break
            assert starts < 20 * args.kills, 'no kill hits'
        # Then undisturbed: it ends what is left, be it nothing.
        processes = job.start(args.ranks)
        for process in processes:
            process.join()
            assert process.exitcode == 0, (job.folder / 'output0').read_text()
        assert job.out.read_bytes() == expected
        left = sorted(p.name for p in job.folder.iterdir()
                      if not p.name.startswith('output'))
        assert left == ['masks.json', 'masks.run'], left
    print(json.dumps(dict(kills=sum(phases.values()), starts=starts, jobs=jobs,
                          seconds=round(time.monotonic() - begin, 1),
                          seconds_of_a_run=round(duration / OVERTIME, 2),
                          phases=dict(phases))))


if __name__ == '__main__':
    main()

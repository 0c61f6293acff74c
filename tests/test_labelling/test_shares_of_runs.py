"""Independent machines: Slurm arrays and Kubernetes indexed jobs, simulated.

Each machine is a process that knows nothing of the others but the folder, if
that is shared at all.
"""

import json
import multiprocessing
import os
import random
import signal
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from mmdet_mal.labelling.errors import LabelRunError
from mmdet_mal.labelling.run import LabelRun, unique_folders
from mmdet_mal.labelling.share import Share

FORK = multiprocessing.get_context('fork')


def label_share(toy, folder, index, count, pause=0., gate=None, start=None):
    """What a machine does with ``--shard index/count``."""
    share = Share(index, count)
    run = LabelRun(str(toy.path), str(Path(folder, 'masks.json')), share=share)
    sizes = np.array([len(chunk) for chunk in toy.chunks])
    if gate is not None:
        gate.wait()
    done = run.prepare(start or toy.manifest(), sizes)
    run.open_shard(0)
    for chunk in sorted(set(range(*share.chunk_range(sizes))) - set(done.tolist())):
        time.sleep(pause)
        run.add(chunk, toy.chunks[chunk])
    run.close()
    return run


def lines(folder):
    """Chunks in the shards of a run, as often as they are there."""
    return Counter(json.loads(line)['chunk']
                   for path in Path(folder, 'masks.run/shards').glob('*.jsonl')
                   for line in path.read_text().splitlines())


def start_all(function, arguments):
    processes = [FORK.Process(target=function, args=a) for a in arguments]
    for process in processes:
        process.start()
    return processes


@pytest.mark.parametrize('count', [1, 2, 3, 12])
def test_shares_in_one_folder_make_the_undisturbed_file(toy, tmp_path, count):
    expected = toy.label(tmp_path / 'whole')
    for index in reversed(range(count)):
        run = label_share(toy, tmp_path, index, count)
        assert f'{count - index} of {count} shards are done' in run.share_report()
    run.finish()
    assert Path(run.out_file).read_bytes() == expected
    assert lines(tmp_path) == Counter(range(len(toy.chunks)))


def test_shares_in_folders_of_their_own_are_merged(toy, tmp_path):
    expected = toy.label(tmp_path / 'whole')
    for index in range(3):
        run = label_share(toy, tmp_path / f'node{index}', index, 3)
        assert '1 of 3 shards are done' in run.share_report()
    folders = [str(tmp_path / f'node{index}/masks.run') for index in (2, 0, 1)]
    merged = LabelRun(str(toy.path), str(tmp_path / 'masks.json'), folders[0])
    for _ in range(2):  # merging again gives the same bytes
        merged.finish([*folders[1:], folders[0] + '/'])
        assert (tmp_path / 'masks.json').read_bytes() == expected


def test_one_of_three_is_killed_and_started_again(toy, tmp_path):
    expected = toy.label(tmp_path / 'whole')
    # The second one is slow: it cannot be through before it is killed.
    machines = start_all(label_share, [
        (toy, tmp_path, i, 3, pause) for i, pause in enumerate((.02, 1., .02))])
    shard = tmp_path / 'masks.run/shards/rank0-1of3.jsonl'
    while not (shard.exists() and shard.stat().st_size):
        time.sleep(.002)
    os.kill(machines[1].pid, signal.SIGKILL)
    for machine in machines:
        machine.join()
    assert [m.exitcode for m in machines] == [0, -signal.SIGKILL, 0]
    run = LabelRun(str(toy.path), str(tmp_path / 'masks.json'))
    with pytest.raises(LabelRunError, match='of shard 1/3: 2 chunks'):
        run.finish()
    label_share(toy, tmp_path, 1, 3)
    run.finish()
    assert (tmp_path / 'masks.json').read_bytes() == expected
    assert lines(tmp_path) == Counter(range(len(toy.chunks)))


def test_starting_at_the_same_moment_does_not_race(toy, tmp_path):
    expected = toy.label(tmp_path / 'whole')
    for attempt in range(8):
        folder, gate = tmp_path / str(attempt), FORK.Barrier(4)
        machines = start_all(
            label_share, [(toy, folder, i, 4, 0., gate) for i in range(4)])
        for machine in machines:
            machine.join()
        assert [m.exitcode for m in machines] == [0] * 4
        toy.run(folder).finish()
        assert (folder / 'masks.json').read_bytes() == expected
        left = {path.name for path in (folder / 'masks.run').iterdir()}
        assert left == {'manifest.json', 'log', 'shards', 'shares', 'summary.json'}


def label_or_refuse(toy, folder, index, gate, checkpoint):
    try:
        label_share(toy, folder, index, 2, 0., gate,
                    toy.manifest(checkpoint_sha256=checkpoint * 64))
    except LabelRunError as error:
        assert 'something else (checkpoint: ' in str(error)
        os._exit(3)
    os._exit(0)


def test_of_two_different_runs_at_the_same_moment_one_is_refused(toy, tmp_path):
    for attempt in range(8):
        gate = FORK.Barrier(2)
        machines = start_all(label_or_refuse, [
            (toy, tmp_path / str(attempt), i, gate, 'ab'[i]) for i in range(2)])
        for machine in machines:
            machine.join()
        assert sorted(m.exitcode for m in machines) == [0, 3]


def test_killed_at_random_shares_still_cover_everything_once(toy, tmp_path):
    expected = toy.label(tmp_path / 'whole')
    chance = random.Random(5)
    for _ in range(6):
        machines = start_all(
            label_share, [(toy, tmp_path, i, 3, .004) for i in range(3)])
        time.sleep(chance.uniform(.01, .03))
        for machine in chance.sample(machines, 2):
            machine.kill()
        for machine in machines:
            machine.join()
    for index in range(3):
        label_share(toy, tmp_path, index, 3)
    toy.run(tmp_path).finish()
    assert (tmp_path / 'masks.json').read_bytes() == expected
    assert lines(tmp_path) == Counter(range(len(toy.chunks)))


def test_another_count_in_the_same_folder_goes_on(toy, tmp_path):
    expected = toy.label(tmp_path / 'whole')
    label_share(toy, tmp_path, 0, 3)
    label_share(toy, tmp_path, 1, 2)
    label_share(toy, tmp_path, 0, 2)
    toy.run(tmp_path).finish()
    assert (tmp_path / 'masks.json').read_bytes() == expected
    assert lines(tmp_path) == Counter(range(len(toy.chunks)))


def test_what_is_missing_is_named(toy, tmp_path):
    label_share(toy, tmp_path, 0, 3)
    with pytest.raises(LabelRunError) as error:
        toy.run(tmp_path).finish()
    message = str(error.value)
    assert '6 of 9 chunks are not labelled yet' in message and '\n' not in message
    assert '1/3: not begun' in message and '2/3: not begun' in message
    assert '0/3' not in message and not (tmp_path / 'masks.json').exists()


def test_folders_of_different_runs_are_not_merged(toy, tmp_path):
    label_share(toy, tmp_path / 'a', 0, 2)
    label_share(toy, tmp_path / 'b', 1, 2,
                start=toy.manifest(checkpoint_sha256='e' * 64))
    run = toy.run(tmp_path / 'a')
    with pytest.raises(LabelRunError, match='different label runs .*eeeeeeeeeeee'):
        run.finish([str(tmp_path / 'b/masks.run')])


def test_an_input_that_changed_since_is_refused(toy, tmp_path):
    toy.label(tmp_path)
    written = (tmp_path / 'masks.json').read_bytes()
    toy.path.write_text(toy.path.read_text() + ' ')
    with pytest.raises(LabelRunError, match='is not what was labelled'):
        toy.run(tmp_path).finish()
    assert (tmp_path / 'masks.json').read_bytes() == written


def test_a_folder_that_is_no_run_is_refused(toy, tmp_path):
    toy.label(tmp_path)
    with pytest.raises(LabelRunError, match='not the folder of a label run'):
        toy.run(tmp_path).finish([str(tmp_path / 'nothing')])


def test_a_share_does_not_restart(toy, tmp_path):
    with pytest.raises(ValueError, match='other machines'):
        toy.run(tmp_path, share=Share(0, 2), if_changed='restart')


def test_a_broken_note_is_named(toy, tmp_path):
    label_share(toy, tmp_path, 0, 2)
    (tmp_path / 'masks.run/shares/0of2.json').write_text('{')
    with pytest.raises(LabelRunError, match='shares/0of2.json: cannot be read'):
        toy.run(tmp_path).finish()


def test_a_folder_counts_once_whatever_it_is_called(tmp_path):
    (tmp_path / 'a').mkdir()
    (tmp_path / 'link').symlink_to(tmp_path / 'a')
    names = [str(tmp_path / n) for n in ('a', 'b', 'link', 'a/', 'b/../a')]
    assert unique_folders(names) == names[:2]

"""A label run survives whatever kills it, and refuses what it is not."""

import json
import multiprocessing
import os
import random
import signal
import time
from pathlib import Path

import pytest

from mmdet_mal.labelling.errors import LabelRunError
from mmdet_mal.labelling.run import LabelRun
from mmdet_mal.labelling.validate import validate_labels

# A fork shares what is imported already: a process starts in milliseconds.
FORK = multiprocessing.get_context('fork')


def test_finished_run_can_be_repeated(toy, tmp_path):
    first = toy.label(tmp_path)
    run = toy.run(tmp_path)
    assert run.prepare(toy.manifest()).tolist() == list(range(len(toy.chunks)))
    assert toy.label(tmp_path) == first


def test_resumes_with_another_number_of_ranks(toy, tmp_path):
    expected = toy.label(tmp_path / 'whole')
    run = toy.run(tmp_path)
    run.prepare(toy.manifest())
    for rank, chunk in ((0, 0), (1, 7)):
        run.open_shard(rank)
        run.add(chunk, toy.chunks[chunk])
        run.close()
    # Rank 1 was killed while it wrote, and is not there when the run goes on.
    with open(tmp_path / 'masks.run/shards/rank1.jsonl', 'ab') as file:
        file.write(b'{"chunk":8,"records":[{"id":1')
    assert toy.run(tmp_path).prepare(toy.manifest()).tolist() == [0, 7]
    assert toy.label(tmp_path, ranks=1) == expected
    log = (tmp_path / 'masks.run/log').read_text()
    assert '2 of 9 chunks are done, 1 torn lines ignored' in log


def test_chunks_labelled_twice_do_not_double(toy, tmp_path):
    expected = toy.label(tmp_path / 'whole')
    run = toy.run(tmp_path)
    run.prepare(toy.manifest())
    for rank in (0, 1, 0):
        run.open_shard(rank)
        for chunk in (3, 4):
            run.add(chunk, toy.chunks[chunk])
        run.close()
    assert toy.label(tmp_path) == expected


def test_another_manifest_is_refused_with_what_differs(toy, tmp_path):
    first = toy.label(tmp_path)
    other = toy.manifest(checkpoint_sha256='e' * 64, options=dict(chunk_boxes=8))
    with pytest.raises(LabelRunError) as error:
        toy.run(tmp_path).prepare(other)
    message = str(error.value)
    assert 'checkpoint: cccccccccccc then, eeeeeeeeeeee now' in message
    assert 'chunk_boxes: 4 then, 8 now' in message and '\n' not in message
    assert toy.label(tmp_path) == first


def test_restart_deletes_the_other_run(toy, tmp_path):
    toy.label(tmp_path, ranks=2)
    other = toy.manifest(checkpoint_sha256='e' * 64)
    run = toy.run(tmp_path, if_changed='restart')
    assert run.prepare(other).tolist() == []
    assert not list((tmp_path / 'masks.run/shards').iterdir())
    with pytest.raises(LabelRunError, match='something else'):
        toy.run(tmp_path).prepare(toy.manifest())


def test_restart_keeps_a_run_that_is_the_same(toy, tmp_path):
    toy.label(tmp_path)
    run = toy.run(tmp_path, if_changed='restart')
    assert len(run.prepare(toy.manifest())) == len(toy.chunks)


def test_shards_without_a_manifest_are_refused(toy, tmp_path):
    toy.label(tmp_path)
    (tmp_path / 'masks.run/manifest.json').unlink()
    with pytest.raises(LabelRunError, match='nobody knows'):
        toy.run(tmp_path).prepare(toy.manifest())


@pytest.mark.parametrize('out_file, run_dir', [
    pytest.param('file/masks.json', None, id='folder of the output is a file'),
    pytest.param('folder', None, id='output is a folder'),
    pytest.param('masks.json', 'file/run', id='run folder under a file'),
    pytest.param('masks.json', 'file', id='run folder is a file'),
    pytest.param('/proc/masks.json', None, id='file system that takes no files'),
])
def test_unwritable_places_are_refused_before_anything_runs(
        toy, tmp_path, out_file, run_dir):
    (tmp_path / 'file').write_text('')
    (tmp_path / 'folder').mkdir()
    run = LabelRun(str(toy.path), str(tmp_path / out_file),
                   run_dir and str(tmp_path / run_dir))
    with pytest.raises(LabelRunError, match='cannot write') as error:
        run.prepare(toy.manifest())
    assert '\n' not in str(error.value)


def test_proving_that_a_place_is_writable_leaves_nothing(toy, tmp_path):
    toy.run(tmp_path / 'new/folder').prepare(toy.manifest())
    left = [p.name for p in (tmp_path / 'new/folder').rglob('*') if p.is_file()]
    assert sorted(left) == ['log', 'manifest.json']


def test_refuses_unknown_policy(toy, tmp_path):
    with pytest.raises(ValueError, match='if_changed'):
        toy.run(tmp_path, if_changed='overwrite')


def test_add_before_open_is_a_bug(toy, tmp_path):
    with pytest.raises(RuntimeError, match='open_shard'):
        toy.run(tmp_path).add(0, [])


# ------------------------------------------------------------------ kill -9
def start(function, *args):
    process = FORK.Process(target=function, args=args)
    process.start()
    return process


def assert_whole_or_absent(toy, folder, expected):
    """What the name holds at any moment."""
    out_file = Path(folder, 'masks.json')
    assert not out_file.exists() or out_file.read_bytes() == expected


def label_until_call(toy, folder, call):
    """Label, but die at the n-th call that changes the disk, halfway in it."""
    calls = 0

    def dying(function):
        def wrapped(*args):
            nonlocal calls
            calls += 1
            if calls == call:
                if function is pwrite:
                    descriptor, data, offset = args
                    function(descriptor, data[:len(data) // 2], offset)
                os.kill(os.getpid(), signal.SIGKILL)
            return function(*args)
        return wrapped

    pwrite = os.pwrite
    for name in ('pwrite', 'fsync', 'replace', 'ftruncate', 'remove'):
        setattr(os, name, dying(getattr(os, name)))
    toy.label(folder, ranks=2, sync_interval=3)


def test_killed_at_every_call_that_changes_the_disk(toy, tmp_path):
    expected = toy.label(tmp_path / 'whole')
    for call in range(1, 200):
        folder = tmp_path / str(call)
        process = start(label_until_call, toy, folder, call)
        process.join()
        assert_whole_or_absent(toy, folder, expected)
        if process.exitcode == 0:
            break
        assert process.exitcode == -signal.SIGKILL
        assert toy.label(folder, ranks=1 + call % 2) == expected
    assert 30 < call < 199  # every phase was hit, and the last run was whole
    # Nothing but the labels and the run is left.
    assert sorted(p.name for p in folder.iterdir()) == ['masks.json', 'masks.run']


def test_killed_at_random_moments_on_one_rank(toy, tmp_path):
    expected = toy.label(tmp_path / 'whole')
    begin = time.perf_counter()
    start(toy.label, tmp_path / 'timed').join()
    duration = time.perf_counter() - begin
    moments, kills = random.Random(0), 0
    for attempt in range(100):
        folder = tmp_path / f'{attempt}'
        while True:
            process = start(toy.label, folder)
            process.join(moments.uniform(0, duration) if kills < 15 else None)
            process.kill()
            process.join()
            assert_whole_or_absent(toy, folder, expected)
            if process.exitcode == 0:
                # Done before its moment: the machine is faster than when timed.
                duration *= .8
                break
            kills += 1
        assert (folder / 'masks.json').read_bytes() == expected
        if kills >= 15:
            break
    assert kills >= 15


def label_rank(toy, folder, rank, chunks):
    run = toy.run(folder)
    run.open_shard(rank)
    for chunk in chunks:
        run.add(chunk, toy.chunks[chunk])
        time.sleep(.002)
    run.close()


def test_ranks_killed_alone_or_together(toy, tmp_path):
    expected = toy.label(tmp_path / 'whole')
    moments = random.Random(1)
    kills = 0
    for folder in (tmp_path / 'a', tmp_path / 'b', tmp_path / 'c'):
        for _ in range(50):
            done = toy.run(folder).prepare(toy.manifest()).tolist()
            left = [i for i in range(len(toy.chunks)) if i not in done]
            if not left:
                break
            ranks = [start(label_rank, toy, folder, rank, left[rank::2])
                     for rank in range(2)]
            time.sleep(moments.uniform(0, .02))
            for process in moments.sample(ranks, moments.choice((1, 2))):
                process.kill()
            for process in ranks:
                process.join()
                kills += process.exitcode != 0
        toy.run(folder).finish()
        assert (folder / 'masks.json').read_bytes() == expected
        assert validate_labels(str(toy.path), str(folder / 'masks.json')) == []
        ids = [a['id'] for a in json.loads(expected)['annotations']]
        assert sorted(ids) == sorted(set(ids))
    assert kills >= 3

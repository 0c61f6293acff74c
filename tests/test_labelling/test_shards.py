"""Shards: what is written survives, what is torn is cut off."""

import errno
import json
import os

import pytest

from mmdet_mal.labelling.errors import LabelRunError
from mmdet_mal.labelling.shards import ShardWriter, shard_path

RECORDS = [dict(id=1, score=.5), dict(id=2, score=.25)]


@pytest.fixture
def path(tmp_path):
    (tmp_path / 'shards').mkdir()
    return shard_path(str(tmp_path), 3)


def lines(path):
    return [json.loads(line) for line in open(path)]


def test_writes_one_line_a_chunk(path):
    assert path.endswith('shards/rank3.jsonl')
    with ShardWriter(path) as writer:
        writer.append(4, RECORDS)
        writer.append(5, [])
    assert lines(path) == [dict(chunk=4, records=RECORDS),
                           dict(chunk=5, records=[])]


def test_a_line_is_with_the_system_before_close(path):
    writer = ShardWriter(path, sync_interval=100)
    writer.append(4, RECORDS)
    assert lines(path) == [dict(chunk=4, records=RECORDS)]
    writer.close()
    writer.close()


@pytest.mark.parametrize('kept', range(0, 60, 7))
def test_reopening_cuts_a_torn_line_and_appends(path, kept):
    with ShardWriter(path) as writer:
        writer.append(4, RECORDS)
        first = os.path.getsize(path)
        writer.append(5, RECORDS)
    assert first + kept < os.path.getsize(path)
    os.truncate(path, first + kept)
    with ShardWriter(path) as writer:
        writer.append(6, RECORDS)
    assert [line['chunk'] for line in lines(path)] == [4, 6]


def test_torn_first_line_longer_than_a_block(path):
    with open(path, 'wb') as file:
        file.write(b'{' * 200_000)
    with ShardWriter(path) as writer:
        writer.append(1, [])
    assert [line['chunk'] for line in lines(path)] == [1]


def test_two_writers_exclude_each_other(path):
    with ShardWriter(path), pytest.raises(LabelRunError, match='another process'):
        ShardWriter(path)
    ShardWriter(path).close()


def test_unopenable_shard_is_a_one_line_error(tmp_path):
    with pytest.raises(LabelRunError, match='cannot open') as error:
        ShardWriter(str(tmp_path / 'missing' / 'rank0.jsonl'))
    assert '\n' not in str(error.value)


def test_full_disk_leaves_whole_lines_only(path, monkeypatch):
    writer = ShardWriter(path)
    writer.append(1, RECORDS)
    whole = os.path.getsize(path)
    pwrite, calls = os.pwrite, []

    def full(descriptor, data, offset):
        calls.append(offset)
        if len(calls) > 1:
            raise OSError(errno.ENOSPC, 'No space left on device')
        return pwrite(descriptor, data[:5], offset)

    monkeypatch.setattr(os, 'pwrite', full)
    with pytest.raises(LabelRunError, match='cannot write chunk 2 .No space') as error:
        writer.append(2, RECORDS)
    assert '\n' not in str(error.value) and 'resumes' in str(error.value)
    assert os.path.getsize(path) == whole
    monkeypatch.undo()
    writer.append(2, RECORDS)
    writer.close()
    assert [line['chunk'] for line in lines(path)] == [1, 2]


def test_nan_is_refused_before_anything_is_written(path):
    with ShardWriter(path) as writer:
        with pytest.raises(ValueError):
            writer.append(1, [dict(id=1, score=float('nan'))])
        assert os.path.getsize(path) == 0


@pytest.mark.parametrize('interval', [0, -1])
def test_refuses_bad_sync_interval(path, interval):
    with pytest.raises(ValueError, match='sync_interval'):
        ShardWriter(path, interval)

"""The index over shards: right records, few bytes, no trust in torn lines."""

import json
import os

import numpy as np
import pytest

from mmdet_mal.labelling.shard_index import ShardIndex, parse_line, shard_files
from mmdet_mal.labelling.share import Share
from mmdet_mal.labelling.shards import ShardWriter, shard_path


def record(ann_id, text='a'):
    return dict(id=ann_id, counts=text + '\\]},{"', score=.5)


@pytest.fixture
def run_dir(tmp_path):
    (tmp_path / 'shards').mkdir()
    return str(tmp_path)


def write(run_dir, rank, chunks):
    with ShardWriter(shard_path(run_dir, rank)) as writer:
        for chunk, records in chunks:
            writer.append(chunk, records)


def test_finds_every_record_over_ranks(run_dir):
    write(run_dir, 0, [(0, [record(5), record(-3)]), (1, [])])
    write(run_dir, 10, [(3, [record(2**62)])])
    write(run_dir, 2, [(2, [record(0)])])
    with ShardIndex(run_dir) as index:
        assert len(index) == 4 and index.damaged == 0
        assert index.chunks.tolist() == [0, 1, 2, 3]
        for ann_id in (5, -3, 2**62, 0):
            assert index.get(ann_id) == record(ann_id)
        for stranger in (1, 2**63, None, '5', 5., True, [5]):
            assert index.get(stranger) is None
        assert index.missing(6).tolist() == [4, 5]


def test_empty_run(run_dir):
    os.rmdir(os.path.join(run_dir, 'shards'))
    with ShardIndex(run_dir) as index:
        assert len(index) == 0 and index.get(1) is None
        assert index.missing(2).tolist() == [0, 1]


def test_a_chunk_written_twice_counts_once(run_dir):
    write(run_dir, 1, [(0, [record(5, 'later rank')]), (1, [record(6)])])
    write(run_dir, 0, [(0, [record(5, 'first')]), (0, [record(5, 'again')])])
    with ShardIndex(run_dir) as index:
        assert len(index) == 2
        assert index.get(5) == record(5, 'first')


def test_torn_and_broken_lines_are_not_done(run_dir):
    write(run_dir, 0, [(0, [record(1)]), (1, [record(2)]), (2, [record(3)])])
    path = shard_path(run_dir, 0)
    lines = open(path, 'rb').read().splitlines(keepends=True)
    with open(path, 'wb') as file:
        file.write(lines[0] + b'\0' * 30 + b'\n' + lines[2][:-1])
    with ShardIndex(run_dir) as index:
        assert index.chunks.tolist() == [0] and index.damaged == 2
        assert index.get(1) == record(1) and index.get(3) is None


def test_every_cut_of_a_line_is_noticed():
    line = (b'{"chunk":7,"records":[{"id":1,"s":"]}\\n"},{"id":2,"s":""}]}\n')
    chunk, spans = parse_line(line)
    assert chunk == 7 and [span[0] for span in spans] == [1, 2]
    for end in range(len(line)):
        assert parse_line(line[:end]) is None


@pytest.mark.parametrize('line', [
    b'{"chunk":7,"records":[{"id":1}{"id":2}]}\n',
    b'{"chunk":7,"records":[{"no":1}]}\n',
    b'{"chunk":7,"records":[1]}\n',
    b'{"chunk":-7,"records":[]}\n',
    b'{"records":[],"chunk":7}\n',
    '{"chunk":7,"records":[{"id":1,"s":"é"}]}\n'.encode(),
    b'\n',
])
def test_foreign_lines_are_noticed(line):
    assert parse_line(line) is None


def test_bytes_a_box(run_dir):
    write(run_dir, 0, [(i, [record(16 * i + j) for j in range(16)])
                       for i in range(100)])
    with ShardIndex(run_dir) as index:
        assert len(index) == 1600
        assert index.nbytes / len(index) <= 32
        for ann_id in np.random.default_rng(0).integers(0, 1600, 50).tolist():
            assert index.get(ann_id) == record(ann_id)


def test_several_folders_hold_one_run(tmp_path):
    for folder, share, chunk in (('a', Share(0, 2), 0), ('b', Share(1, 2), 1),
                                 ('b', None, 0)):
        (tmp_path / folder / 'shards').mkdir(parents=True, exist_ok=True)
        path = shard_path(str(tmp_path / folder), 0, share)
        with ShardWriter(path) as writer:
            writer.append(chunk, [record(chunk, folder)])
    folders = [str(tmp_path / name) for name in 'ab']
    with ShardIndex(folders) as index:
        assert index.chunks.tolist() == [0, 1] and len(index) == 2
        assert index.get(0) == record(0, 'a') and index.get(1) == record(1, 'b')
    names = [os.path.basename(path) for path in shard_files(folders[1])]
    assert names == ['rank0.jsonl', 'rank0-1of2.jsonl']


def test_records_are_read_as_python_reads_them(run_dir):
    records = [dict(id=1, score=.1, mal=dict(area=3, parts=[])),
               dict(id=2, score=1e-320, mal=dict(text='\u20ac"\\', big=2**70)),
               dict(id=3, score=-0., mal=dict(parts=[.1 + .2, 2**53 + 1])),
               dict(id=4, reason='photo_\udce9.jpg')]
    write(run_dir, 0, [(0, records)])
    with ShardIndex(run_dir) as index:
        read = [index.get(i) for i in (1, 2, 3, 4)]
    assert [json.dumps(r) for r in read] == [json.dumps(r) for r in records]

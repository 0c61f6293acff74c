"""The label run under the hook: shares, signals, full disks, lost ranks."""

import os
import signal

import pytest
import torch
from label_helpers import FORK, CountHook, KillHook, build_runner, label
from mmengine.hooks import Hook

from mmdet_mal.labelling.errors import LabelRunError
from mmdet_mal.labelling.summary import LabelSummary


def test_shares_label_their_part_and_do_not_merge(boxes, tmp_path, expected):
    for index in range(3):
        runner = build_runner(boxes, tmp_path / 'shares', share=f'{index}/3')
        runner.test()
        assert not (tmp_path / 'shares/masks.json').exists()
    shards = tmp_path / 'shares/masks.run/shards'
    assert sum(len(p.read_text().splitlines()) for p in shards.iterdir()) == 4
    # Whoever comes next without a share finds nothing left to label.
    count = CountHook()
    assert label(boxes, tmp_path / 'shares', hooks=[count]) == expected
    assert count.chunks == 0


def test_shares_need_the_chunk_sampler(boxes, tmp_path):
    with pytest.raises(LabelRunError, match='cannot label a share with a Default'):
        label(boxes, tmp_path / 'w', sampler='DefaultSampler', share='0/3')


def test_progress_is_a_choice(boxes, tmp_path, capsys):
    label(boxes, tmp_path / 'w', progress='bar')
    output = capsys.readouterr()
    assert 'Masks JSON' in output.out and '10/10' in output.err
    with pytest.raises(ValueError, match='progress'):
        build_runner(boxes, tmp_path / 'v', progress=True)


def test_columns_are_dropped_before_the_merge(boxes, tmp_path, monkeypatch):
    runner = build_runner(boxes, tmp_path / 'w')
    dataset = runner.build_dataloader(runner._test_dataloader).dataset
    order = []
    monkeypatch.setattr(type(dataset), 'release', lambda self: order.append('drop'))
    monkeypatch.setattr('mmdet_mal.labelling.run.merge_shards',
                        lambda *args: order.append('merge') or LabelSummary('m'))
    runner.test()
    assert order == ['drop', 'merge']


@pytest.mark.parametrize('write', [0, 2])
def test_full_disk_is_one_line_and_resumes(boxes, tmp_path, expected, write,
                                           monkeypatch):
    pwrite, calls = os.pwrite, []

    def full(descriptor, data, offset):
        calls.append(1)
        if len(calls) > write:
            pwrite(descriptor, data[:len(data) // 2], offset)
            raise OSError(28, 'No space left on device')
        return pwrite(descriptor, data, offset)

    monkeypatch.setattr(os, 'pwrite', full)
    with pytest.raises(LabelRunError, match='No space left') as error:
        label(boxes, tmp_path / 'w')
    assert '\n' not in str(error.value) and 'resumes' in str(error.value)
    monkeypatch.undo()
    count = CountHook()
    assert label(boxes, tmp_path / 'w', hooks=[count]) == expected
    assert count.chunks == 4 - write


@pytest.mark.parametrize('name', ['manifest.json', 'summary.json'])
def test_full_disk_for_the_small_files_is_one_line(boxes, tmp_path, expected, name,
                                                   monkeypatch):
    fsync = os.fsync

    def full(descriptor):
        if name in os.readlink(f'/proc/self/fd/{descriptor}'):
            raise OSError(28, 'No space left on device')
        fsync(descriptor)

    monkeypatch.setattr(os, 'fsync', full)
    with pytest.raises(LabelRunError, match=f'{name}: .*No space') as error:
        label(boxes, tmp_path / 'w')
    assert '\n' not in str(error.value)
    monkeypatch.undo()
    assert label(boxes, tmp_path / 'w') == expected


class SignalHook(Hook):
    """Sends this process a signal when it has stored some chunks."""

    priority = 'LOWEST'

    def __init__(self, after, number):
        self.after, self.number = after, number

    def after_test_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        if batch_idx == self.after:
            os.kill(os.getpid(), self.number)


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_a_signal_flushes_and_says_how_to_go_on(boxes, tmp_path, expected, number,
                                                capfd):
    process = FORK.Process(target=label, args=(boxes, tmp_path / 'w'),
                           kwargs=dict(hooks=[SignalHook(0, number)]))
    process.start()
    process.join()
    assert process.exitcode == 128 + number
    told = capfd.readouterr().err
    assert f'{number.name}: finishing the chunk in work' in told
    assert 'start the same command again' in told and 'Traceback' not in told
    lines = (tmp_path / 'w/masks.run/shards/rank0.jsonl').read_text().splitlines()
    assert 1 <= len(lines) <= 4
    count = CountHook()
    assert label(boxes, tmp_path / 'w', hooks=[count]) == expected
    assert count.chunks == 4 - len(lines)


def label_and_die(boxes, work_dir, rank):
    """Rank 1 dies in its first chunk; rank 0 finishes its own and waits."""
    torch.distributed.init_process_group(
        'gloo', init_method=f'file://{work_dir}.rendezvous', rank=rank, world_size=2)
    build_runner(boxes, work_dir, hooks=[KillHook(0)] if rank else []).test()


def test_a_rank_that_dies_alone_does_not_hang_the_others(boxes, tmp_path, expected):
    work_dir = tmp_path / 'two'
    ranks = [FORK.Process(target=label_and_die, args=(boxes, work_dir, rank))
             for rank in range(2)]
    for process in ranks:
        process.start()
    ranks[1].join(30)
    assert ranks[1].exitcode == -signal.SIGKILL
    shard = work_dir / 'masks.run/shards/rank0.jsonl'
    for _ in range(1000):
        if shard.exists() and len(shard.read_text().splitlines()) == 2:
            break
        ranks[0].join(.02)
    ranks[0].terminate()  # what torchrun does to the others
    ranks[0].join(30)
    assert ranks[0].exitcode == 128 + signal.SIGTERM
    count = CountHook()
    assert label(boxes, work_dir, hooks=[count]) == expected
    assert count.chunks == 2

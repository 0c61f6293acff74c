"""Logged values are means over the processes."""

import torch

from mmdet_mal.engine.hooks import sync_log


def test_one_process_logs_its_own_values(monkeypatch):
    outputs = dict(loss=torch.tensor(3.))
    sync_log.SyncLogHook().after_train_iter(None, 0, None, outputs)
    assert outputs == dict(loss=torch.tensor(3.))


def test_several_processes_log_the_mean(monkeypatch):
    asked = []
    monkeypatch.setattr(sync_log, 'get_world_size', lambda: 2)
    monkeypatch.setattr(sync_log, 'all_reduce_dict',
                        lambda data, op: asked.append((data, op)))
    outputs = dict(loss=torch.tensor(3.))
    sync_log.SyncLogHook().after_train_iter(None, 0, None, outputs)
    assert asked == [(outputs, 'mean')]


def test_it_acts_before_the_values_are_stored():
    from mmengine.hooks import RuntimeInfoHook
    from mmengine.runner import get_priority
    assert get_priority(sync_log.SyncLogHook.priority) < get_priority(
        RuntimeInfoHook.priority)

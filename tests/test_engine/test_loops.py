"""The label loop: overlapped, in order, and past the model without images."""

import multiprocessing
import os
import signal
import threading
from types import SimpleNamespace
from unittest.mock import MagicMock

import pytest
import torch
from mmdet.structures import DetDataSample
from torch.utils.data import DataLoader

from mmdet_mal.engine.loops import LabelLoop
from mmdet_mal.labelling.signals import LabelRunStopped
from mmdet_mal.registry import LOOPS


class Chunks(torch.utils.data.Dataset):
    """Chunks of one box; ``empty`` ones hold none."""

    def __init__(self, number, empty=()):
        self.number, self.empty = number, empty

    def __len__(self):
        return self.number

    def __getitem__(self, index):
        if not 0 <= index < self.number:
            raise IndexError
        samples = [] if index in self.empty else [DetDataSample()]
        return dict(inputs=[torch.zeros(1)] * len(samples), data_samples=samples,
                    chunk_index=index, failed=[])


class SplitModel(torch.nn.Module):
    """Two halves, as the labeller has; notes who does what where."""

    def __init__(self):
        super().__init__()
        self.calls = []

    def data_preprocessor(self, data, training):
        return data

    def infer_maps(self, inputs, data_samples):
        assert not torch.is_grad_enabled()
        self.calls.append(('infer', threading.get_ident()))
        return torch.ones(len(inputs))

    def encode_maps(self, maps, data_samples):
        self.calls.append(('encode', threading.get_ident()))
        return data_samples


class WholeModel(torch.nn.Module):
    """Any other model."""

    def test_step(self, data_batch):
        return data_batch['data_samples']


class Recorder:
    """A runner that notes the calls of hooks."""

    def __init__(self, model, react=None):
        self.model, self.react = model, react
        self.visualizer = SimpleNamespace()
        self.calls, self.chunks, self.error = [], [], None

    def call_hook(self, name, **kwargs):
        self.calls.append(name)
        if name == 'after_test_iter':
            self.chunks.append(kwargs['data_batch']['chunk_index'])
        self.error = kwargs.get('error', self.error)
        if self.react:
            self.react(name, **kwargs)


def build(chunks, model=None, react=None, workers=0, **options):
    loader = DataLoader(chunks, batch_size=None, num_workers=workers)
    runner = Recorder(model or SplitModel(), react)
    evaluator = MagicMock()
    evaluator.evaluate.return_value = {}
    loop = LOOPS.build(dict(type='mmdet_mal.LabelLoop', runner=runner,
                            dataloader=loader, evaluator=evaluator, **options))
    assert isinstance(loop, LabelLoop)
    return loop, runner, evaluator


@pytest.mark.parametrize('model', [SplitModel, WholeModel])
@pytest.mark.parametrize('workers', [0, 2])
def test_every_chunk_reaches_the_hooks_in_order(model, workers):
    loop, runner, evaluator = build(Chunks(20, empty=(0, 7)), model(),
                                    workers=workers)
    assert loop.run() == {}
    assert runner.chunks == list(range(20))
    assert evaluator.process.call_count == 18
    assert runner.calls[:2] == ['before_test', 'before_test_epoch']
    assert runner.calls[-2:] == ['after_test_epoch', 'after_test']


class BrokenModel(torch.nn.Module):
    """Has a fault."""

    def test_step(self, data_batch):
        raise RuntimeError('broken')


@pytest.mark.parametrize('chunks, model, error', [
    pytest.param(Chunks(20), BrokenModel(), RuntimeError, id='in the model'),
    pytest.param(Chunks(20), SplitModel(), ZeroDivisionError, id='in a hook')])
def test_an_error_leaves_no_workers_that_the_exit_would_wait_for(
        chunks, model, error):
    def react(name, **kwargs):
        if name == 'after_test_iter':
            raise ZeroDivisionError

    before = set(multiprocessing.active_children())
    loop, _, _ = build(chunks, model, react, workers=2)
    with pytest.raises(error) as caught:
        loop.run()
    # The traceback keeps the iterator alive.
    assert caught.tb is not None
    assert set(multiprocessing.active_children()) <= before


def test_encoding_runs_in_a_thread_of_its_own():
    loop, runner, _ = build(Chunks(5))
    loop.run()
    threads = {}
    for name, thread in runner.model.calls:
        threads.setdefault(name, set()).add(thread)
    assert threads['infer'] == {threading.get_ident()}
    assert len(threads['encode']) == 1
    assert threads['encode'] != threads['infer']


def test_the_network_does_not_wait_for_the_encoder():
    model, inferred_more = SplitModel(), threading.Event()

    def encode(maps, data_samples):
        # The first chunk is encoded while the second is inferred.
        assert inferred_more.wait(10)
        return data_samples

    def infer(inputs, data_samples):
        model.calls.append('infer')
        if len(model.calls) == 2:
            inferred_more.set()
        return torch.ones(1)

    model.encode_maps, model.infer_maps = encode, infer
    loop, runner, _ = build(Chunks(4), model)
    loop.run()
    assert runner.chunks == [0, 1, 2, 3]


def test_chunk_without_samples_reaches_the_hooks_only():
    loop, runner, evaluator = build(Chunks(1, empty=(0,)))
    loop.run()
    assert runner.model.calls == [] and runner.chunks == [0]
    evaluator.process.assert_not_called()


@pytest.mark.parametrize('at', ['encode', 'hook', 'infer'])
def test_a_failure_comes_out_and_the_hooks_hear_of_it(at):
    model = SplitModel()

    def fail(*args, **kwargs):
        raise OSError(28, 'No space left on device')

    def react(name, **kwargs):
        if at == 'hook' and name == 'after_test_iter':
            fail()

    if at != 'hook':
        setattr(model, f'{at}_maps', fail)
    loop, runner, _ = build(Chunks(50), model, react)
    with pytest.raises(OSError, match='No space left'):
        loop.run()
    assert runner.calls[-1] == 'after_label_stop'
    assert isinstance(runner.error, OSError)
    assert 'after_test' not in runner.calls and len(runner.chunks) <= 1


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize('workers', [0, 1])
def test_a_signal_completes_what_is_in_work(number, workers):
    inferred = []
    model = SplitModel()
    before = signal.getsignal(number)

    def infer(inputs, data_samples):
        inferred.append(1)
        if len(inferred) == 3:
            os.kill(os.getpid(), number)
        return torch.ones(1)

    model.infer_maps = infer
    loop, runner, _ = build(Chunks(50), model, workers=workers)
    with pytest.raises(LabelRunStopped) as stop:
        loop.run()
    assert stop.value.code == 128 + number
    assert runner.chunks == list(range(len(inferred))) and len(inferred) == 3
    assert runner.calls[-1] == 'after_label_stop' and runner.error is stop.value
    assert signal.getsignal(number) is before


@pytest.mark.parametrize('hook', ['before_test', 'after_test'])
def test_a_signal_outside_the_chunks_stops_at_once(hook):
    def react(name, **kwargs):
        if name == hook:
            os.kill(os.getpid(), signal.SIGTERM)
            raise AssertionError('the signal came too late')

    loop, runner, _ = build(Chunks(3), react=react)
    with pytest.raises(LabelRunStopped):
        loop.run()
    assert runner.calls[-1] == 'after_label_stop'


def test_workers_keep_their_own_start():
    started = []
    loader = DataLoader(Chunks(2), batch_size=None, worker_init_fn=started.append)
    loop = LabelLoop(Recorder(SplitModel()), loader, MagicMock())
    kept = {n: signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        loop.dataloader.worker_init_fn(4)
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_IGN
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
    assert started == [4]

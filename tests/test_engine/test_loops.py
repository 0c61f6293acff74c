"""The label loop: a chunk without a readable image goes past the model."""

from types import SimpleNamespace
from unittest.mock import MagicMock

import pytest
from mmdet.structures import DetDataSample

from mmdet_mal.engine.loops import LabelLoop
from mmdet_mal.registry import LOOPS


@pytest.fixture
def loop():
    runner = MagicMock()
    loader = MagicMock()
    evaluator = MagicMock()
    built = LOOPS.build(dict(type='LabelLoop', runner=runner, dataloader=loader,
                             evaluator=evaluator))
    assert isinstance(built, LabelLoop)
    return SimpleNamespace(loop=built, runner=runner, evaluator=evaluator)


def calls(loop):
    return [call.args[0] for call in loop.runner.call_hook.call_args_list]


def test_chunk_without_samples_reaches_the_hooks_only(loop):
    batch = dict(inputs=[], data_samples=[], chunk_index=3, failed=[(1, 'gone')])
    loop.loop.run_iter(0, batch)
    assert calls(loop) == ['before_test_iter', 'after_test_iter']
    assert loop.runner.call_hook.call_args.kwargs == dict(
        batch_idx=0, data_batch=batch, outputs=[])
    loop.runner.model.test_step.assert_not_called()
    loop.evaluator.process.assert_not_called()


def test_other_chunks_go_the_stock_way(loop):
    sample = DetDataSample()
    loop.runner.model.test_step.return_value = [sample]
    loop.loop.run_iter(0, dict(inputs=[0], data_samples=[sample], chunk_index=0))
    assert calls(loop) == ['before_test_iter', 'after_test_iter']
    loop.evaluator.process.assert_called_once()

"""Steps that are not finite are counted, explained and limited."""

import math
import subprocess
import sys
from pathlib import Path

import pytest
from poison import Poison

from mmdet_mal.engine.hooks.nan_guard import NanGuardHook, NonFiniteError
from mmdet_mal.utils.errors import UserError


def log_of(runner):
    return Path(runner.log_dir, f'{runner.timestamp}.log').read_text()


def test_a_bad_step_is_skipped_counted_and_explained(train, tmp_path):
    runner, record = train(tmp_path, hooks=[Poison({1, 2, 4})])
    log = log_of(runner)
    assert log.count('Step skipped, not finite: loss nan, gradient norm nan') == 3
    assert ('at iteration 3; 2 in a row (at most 10), 2 in all; samples: '
            'annotation ') in log
    assert 'at iteration 5; 1 in a row (at most 10), 3 in all' in log
    for ann_id, _, _, _ in record.samples[1]:
        line = next(x for x in log.splitlines() if 'at iteration 2;' in x)
        assert f'annotation {ann_id} (' in line and '.png)' in line
    assert '3 of 6 steps were skipped' in log
    # Nothing of it reaches the log's means or the weights.
    assert [i for i in record.losses if record.losses[i]] == [0, 3, 5]
    history, _ = runner.message_hub.get_scalar('train/loss').data
    assert len(history) == 3 and all(map(math.isfinite, history))
    assert all(p.isfinite().all() for p in runner.model.state_dict().values())
    steps = {int(s['step']) for s in
             runner.optim_wrapper.optimizer.state_dict()['state'].values()}
    assert steps == {3}


def test_too_many_in_a_row_end_the_run(train, tmp_path):
    with pytest.raises(NonFiniteError) as error:
        train(tmp_path, hooks=[Poison({0, 2, 3})],
              **{'default_hooks.nan_guard.max_in_a_row': 2})
    message = str(error.value)
    assert message.startswith('2 steps in a row were not finite')
    assert 'at iteration 4' in message and 'annotation ' in message
    assert 'lr' in message and str(tmp_path) in message
    assert '\n' not in message and isinstance(error.value, UserError)


def test_a_resumed_run_counts_on(train, tmp_path):
    train(tmp_path, cut_before=2, hooks=[Poison({1})])
    with pytest.raises(NonFiniteError, match='2 steps in a row'):
        train(tmp_path, resume=True, hooks=[Poison({2})],
              **{'default_hooks.nan_guard.max_in_a_row': 2})
    runner, _ = train(tmp_path, resume=True)
    assert '1 of 6 steps were skipped' in log_of(runner)


def test_an_optimizer_wrapper_that_cannot_skip_is_refused(train, tmp_path):
    with pytest.raises(UserError, match='OptimWrapper does not skip'):
        train(tmp_path, **{'optim_wrapper.type': 'OptimWrapper'})


@pytest.mark.parametrize('count', [0, -1])
def test_at_least_one_step_may_fail(count):
    with pytest.raises(ValueError, match=f'at least 1, got {count}'):
        NanGuardHook(max_in_a_row=count)


# A process of its own: what pytest's has run before does not fork well.
_RANK = '''
import math, os, sys
import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel
from mmdet_mal.engine.guarded_optim_wrapper import GuardedOptimWrapper

rank, store = int(sys.argv[1]), sys.argv[2]
torch.set_num_threads(1)
dist.init_process_group('gloo', f'file://{store}', rank=rank, world_size=2)
model = DistributedDataParallel(torch.nn.Linear(1, 1, bias=False))
wrapper = GuardedOptimWrapper(
    optimizer=torch.optim.SGD(model.parameters(), lr=0.1))
skipped = []
# Rank 1 has trouble twice; the third is a loss without a bad gradient.
for x, more in ((1., 0.), (math.nan, 0.), (1., math.inf), (1., 0.)):
    x, more = (x, more) if rank == 1 else (1., 0.)
    wrapper.update_params(model(torch.tensor([[x]])).sum() + more)
    skipped.append(wrapper.report.skipped)
print('result', skipped, model.module.weight.item(), flush=True)
dist.barrier()
# Ended without the destructors of gloo's threads, which at times abort.
os._exit(0)
'''


def test_all_ranks_skip_the_step_of_one(tmp_path):
    ranks = [
        subprocess.Popen(
            [sys.executable, '-c', _RANK, str(i), str(tmp_path / 'store')],
            text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for i in range(2)
    ]
    outputs = [rank.communicate(timeout=120)[0] for rank in ranks]
    assert [rank.returncode for rank in ranks] == [0, 0], outputs
    first, second = (next(line for line in output.splitlines()
                          if line.startswith('result')) for output in outputs)
    assert first == second
    assert first.startswith('result [False, True, True, False] ')

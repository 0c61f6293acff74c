"""Actors on a real Ray of this machine: they die, raise, hang; chunks do not.

The actors are toys, so that a process starts in a second; the tool with its
model is in tests/test_tools/test_label_ray.py.
"""

import pytest

import mmdet_mal
from mmdet_mal.labelling.on_ray.chunk_queue import ChunkQueue
from mmdet_mal.labelling.errors import LabelRunError
from mmdet_mal.labelling.on_ray.cluster import joined_cluster
from mmdet_mal.labelling.on_ray.pool import ActorOptions, RayPool
from mmdet_mal.utils.errors import UserError

pytest.importorskip('ray', reason='the extra "ray" is not installed')


def toy_actor_class():
    """A class that Ray sends by value: workers cannot import this file."""

    class ToyActor:
        def start(self, task):
            import os
            self.task = task
            if task.get('start') == 'die':
                os.kill(os.getpid(), 9)
            if task.get('start') == 'raise':
                from mmdet_mal.utils.errors import UserError
                raise UserError('weights.pth: does not fit')
            return dict(node='here', pid=os.getpid(), device='cpu',
                        version=task['version'])

        def label(self, chunk):
            import os
            import time
            plan, _, once = self.task['plans'].get(chunk, '').partition(' ')
            flag = f"{self.task['folder']}/{chunk}"
            if plan and not (once and os.path.exists(flag)):
                open(flag, 'w').close()
                if plan == 'die':
                    os.kill(os.getpid(), 9)
                if plan == 'raise':
                    raise ValueError(f'chunk {chunk}\nis odd')
                time.sleep(1000)
            time.sleep(self.task.get('seconds', 0))
            return [dict(id=chunk)]

    return ToyActor


@pytest.fixture(scope='module')
def ray():
    with joined_cluster('local', cpus=2) as module:
        yield module


@pytest.fixture
def label(ray, tmp_path):
    """Labels chunks on two actors; returns their results and the queue."""
    pools = []

    def run(chunks, plans=None, max_retries=2, stopped=lambda results: False, **task):
        queue = ChunkQueue(chunks, max_retries)
        task = {'plans': plans or {}, 'folder': str(tmp_path),
                'version': mmdet_mal.__version__, **task}
        pools.append(RayPool(ray, task, queue, ActorOptions(2, 0., 1.),
                             toy_actor_class()))
        results = []
        for chunk, records in pools[-1].results(lambda: stopped(results)):
            assert records == [dict(id=chunk)]
            results.append(chunk)
        return results, queue

    yield run
    for pool in pools:
        pool.close()


def test_deaths_errors_and_hangs_lose_nothing_and_double_nothing(label):
    plans = {3: 'die once', 8: 'hang once', 12: 'raise once', 29: 'die once'}
    results, queue = label(range(30), plans)
    assert sorted(results) == list(range(30))
    assert queue.given_up == {}


def test_hopeless_chunks_are_given_up_with_their_reason(label):
    results, queue = label(range(8), {2: 'die', 5: 'raise'}, max_retries=1)
    assert sorted(results) == [0, 1, 3, 4, 6, 7]
    assert set(queue.given_up) == {2, 5}
    assert queue.given_up[5] == 'ValueError: chunk 5 is odd'
    assert 'ActorDied' in queue.given_up[2]
    assert all('\n' not in reason for reason in queue.given_up.values())


def test_a_stopped_run_completes_what_is_in_work(label):
    results, queue = label(range(1000), seconds=.05,
                           stopped=lambda results: len(results) >= 5)
    assert 5 <= len(results) <= 5 + 2 * queue.depth
    assert not queue.finished and len(set(results)) == len(results)


def test_a_fault_of_the_set_up_ends_the_run_with_its_message(label):
    with pytest.raises(UserError, match='^weights.pth: does not fit$'):
        label(range(3), start='raise')


def test_actors_that_cannot_start_end_the_run(label):
    with pytest.raises(LabelRunError, match='no Ray actor could be') as error:
        label(range(3), start='die', max_retries=0)
    assert '\n' not in str(error.value)


def test_another_version_on_a_node_is_refused(label):
    with pytest.raises(UserError, match=r'here: has mmdet-mal 0\.0\.0, here is'):
        label(range(3), version='0.0.0')


def test_a_fault_of_all_chunks_ends_the_run_soon(label):
    with pytest.raises(LabelRunError, match='11 chunks failed .*: ValueError'):
        label(range(1000), dict.fromkeys(range(1000), 'raise'), max_retries=0)


@pytest.mark.parametrize('options, resources, expected', [
    pytest.param({}, dict(CPU=8., GPU=4.), (4, 1., 1.), id='one a GPU'),
    pytest.param({}, dict(CPU=3., GPU=4.), (3, 1., 1.), id='few CPUs'),
    pytest.param({}, dict(CPU=8.), (8, 0., 1.), id='no GPUs'),
    pytest.param(dict(cpus=3.), dict(CPU=8.), (2, 0., 3.), id='CPUs given'),
    pytest.param(dict(gpus=.5), dict(CPU=8., GPU=2.), (4, .5, 1.), id='half GPUs'),
    pytest.param(dict(gpus=0.), dict(CPU=8., GPU=2.), (8, 0., 1.), id='GPUs unused'),
    pytest.param(dict(actors=5), dict(CPU=1.), (5, 0., 1.), id='more will come'),
    pytest.param(dict(gpus=0., cpus=0.), {}, (1, 0., 0.), id='nothing needed'),
])
def test_open_options_follow_the_cluster(options, resources, expected):
    resolved = ActorOptions(**options).resolve(resources)
    assert (resolved.actors, resolved.gpus, resolved.cpus) == expected


def test_a_cluster_without_room_is_refused():
    with pytest.raises(UserError, match='has 0 GPUs and 2 CPUs, an actor needs 1'):
        ActorOptions(gpus=1.).resolve(dict(CPU=2.))

"""The order of work: bounded, nothing lost, no worker waited for in vain."""

import random

import pytest

from mmdet_mal.labelling.on_ray.chunk_queue import ChunkQueue


def queue_of(chunks, workers='ab', **options):
    queue = ChunkQueue(chunks, **options)
    for worker in workers:
        queue.add_worker(worker)
    return queue


def take_all(queue, worker):
    taken = []
    while (chunk := queue.take(worker)) is not None:
        taken.append(chunk)
    return taken


def test_chunks_go_out_in_order_and_no_more_than_depth_at_once():
    queue = queue_of([3, 5, 8, 9, 11], depth=2)
    assert take_all(queue, 'a') == [3, 5]
    assert take_all(queue, 'b') == [8, 9]
    assert queue.finish('a', 5)
    assert take_all(queue, 'a') == [11]


def test_ends_when_every_chunk_is_done():
    queue = queue_of([0, 1], workers='a')
    assert not queue.finished
    assert take_all(queue, 'a') == [0, 1]
    queue.finish('a', 1)
    assert not queue.finished
    queue.finish('a', 0)
    assert queue.finished and queue.given_up == {}


def test_without_chunks_it_is_finished_at_once():
    queue = queue_of([])
    assert queue.finished and queue.take('a') is None


def test_chunks_of_a_dead_worker_are_retried_one_by_one_elsewhere():
    queue = queue_of([0, 1, 2, 3])
    take_all(queue, 'a')
    assert take_all(queue, 'b') == [2, 3]
    assert queue.lose('a', 'killed') == [0, 1]
    queue.finish('b', 2)
    assert take_all(queue, 'b') == []  # chunk 0 is tried alone
    queue.finish('b', 3)
    assert take_all(queue, 'b') == [0]
    queue.finish('b', 0)
    assert take_all(queue, 'b') == [1]
    queue.finish('b', 1)
    assert queue.finished


def test_a_chunk_that_kills_every_worker_is_given_up_and_no_other():
    queue = ChunkQueue(range(6), max_retries=2)
    done, deaths = set(), 0
    for worker in range(100):
        queue.add_worker(worker)
        while taken := take_all(queue, worker):
            if 3 in taken:
                queue.lose(worker, 'out of memory')
                deaths += 1
                break
            for chunk in taken:
                assert queue.finish(worker, chunk)
                done.add(chunk)
        if queue.finished:
            break
    assert done == {0, 1, 2, 4, 5}
    assert queue.given_up == {3: 'out of memory'}
    assert deaths == 3  # the first try and two retries


@pytest.mark.parametrize('max_retries', [0, 1, 3])
def test_a_chunk_that_raises_is_retried_so_often(max_retries):
    queue = queue_of([7], workers='a', max_retries=max_retries)
    for attempt in range(max_retries + 1):
        assert queue.take('a') == 7, attempt
        queue.fail('a', 7, f'attempt {attempt}')
    assert queue.finished and queue.take('a') is None
    assert queue.given_up == {7: f'attempt {max_retries}'}


def test_idle_workers_copy_the_oldest_chunk_and_the_first_result_counts():
    queue = queue_of([0, 1, 2], workers='abc')
    assert take_all(queue, 'a') == [0, 1]
    assert take_all(queue, 'b') == [2]
    assert take_all(queue, 'c') == [0]  # one copy, of the oldest
    assert queue.finish('c', 0)
    assert not queue.finish('a', 0)
    assert take_all(queue, 'c') == [1]
    assert queue.finish('c', 1) and queue.finish('b', 2)
    assert queue.finished  # although worker a never answers for chunk 1


def test_a_chunk_has_at_most_two_holders():
    queue = queue_of([0], workers='abc')
    assert [queue.take(worker) for worker in 'abc'] == [0, 0, None]


def test_losing_one_of_two_copies_leaves_the_other():
    queue = queue_of([0])
    queue.take('a'), queue.take('b')
    assert queue.lose('a', 'killed') == [0]
    queue.add_worker('c')
    assert queue.take('c') is None  # b has it
    assert queue.finish('b', 0) and queue.finished


def test_a_late_result_of_a_lost_worker_counts_nothing():
    queue = queue_of([0])
    queue.take('a')
    queue.lose('a', 'no answer')
    assert not queue.finish('a', 0)
    assert queue.take('b') == 0


def test_a_worker_is_added_once():
    with pytest.raises(ValueError, match='known already'):
        queue_of([], workers='aa')


@pytest.mark.parametrize('options, message', [
    pytest.param(dict(max_retries=-1), 'max_retries', id='retries'),
    pytest.param(dict(depth=0), 'depth', id='depth'),
])
def test_nonsense_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        ChunkQueue([], **options)


@pytest.mark.parametrize('seed', range(20))
def test_every_chunk_is_done_once_whatever_happens(seed):
    """Workers answer, raise and die in any order; each result counts once."""
    rng = random.Random(seed)
    queue = ChunkQueue(range(50), max_retries=1000, depth=rng.choice((1, 2, 3)))
    held, counted, workers = {}, [], 0
    for _ in range(100_000):
        if queue.finished:
            break
        if len(held) < 4:
            queue.add_worker(workers)
            held[workers] = []
            workers += 1
        worker = rng.choice(list(held))
        if (chunk := queue.take(worker)) is not None:
            held[worker].append(chunk)
        elif held[worker]:
            chunk = rng.choice(held[worker])
            event = rng.choices(('finish', 'fail', 'lose'), (8, 1, 1))[0]
            if event == 'lose':
                queue.lose(worker, 'killed')
                del held[worker]
                continue
            held[worker].remove(chunk)
            if event == 'fail':
                queue.fail(worker, chunk, 'raised')
            elif queue.finish(worker, chunk):
                counted.append(chunk)
    assert sorted(counted) == list(range(50))
    assert queue.given_up == {}

"""The simulation, against cases that can be worked out by hand."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

PATH = Path(__file__).resolve().parents[2] / 'benchmarks' / 'skew.py'


@pytest.fixture(scope='module')
def skew():
    spec = importlib.util.spec_from_file_location('skew', PATH)
    module = sys.modules['skew'] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    del sys.modules['skew']


def even_work(skew, chunks):
    """Chunks of one image, one box and one second."""
    return skew.Work(np.ones(chunks, int), np.arange(chunks), np.ones(chunks),
                     chunks)


@pytest.mark.parametrize('seed', range(3))
def test_counts_have_cocos_totals(skew, seed):
    counts = skew.draw_counts(np.random.default_rng(seed))
    assert len(counts) == 118_287 and counts.sum() == 860_001
    assert (counts == 0).sum() == 1_021 and counts.max() <= 93
    filled = counts[counts > 0]
    assert np.median(filled) == 5 and 31 <= np.percentile(filled, 99) <= 33


def test_chunks_are_priced_by_images_and_boxes(skew):
    work = skew.cut_work(np.array([2, 0, 1, 5, 1]), limit=3, decode=10., box=1.)
    assert work.boxes.tolist() == [3, 3, 2, 1]
    assert work.first_image.tolist() == [0, 3, 3, 4]
    assert work.seconds.tolist() == [23, 13, 12, 11]


@pytest.mark.parametrize('strategy', ['images', 'boxes', 'shards', 'ray'])
@pytest.mark.parametrize('ranks', [1, 4])
def test_even_work_on_even_ranks_is_ideal(skew, strategy, ranks):
    result = skew.simulate(even_work(skew, 40), strategy, ranks, 'even', 0)
    assert result.ratio == pytest.approx(1) and result.idle == pytest.approx(0)


@pytest.mark.parametrize('strategy, ratio, idle', [
    # Ideal: 30 s of work at a speed of 1.5 is 20 s.  Split in two it is 30 s,
    # of which the fast rank waits 15.
    pytest.param('boxes', 1.5, .25, id='split'),
    pytest.param('ray', 1., 0., id='handed out'),
])
def test_a_rank_at_half_speed(skew, strategy, ratio, idle):
    result = skew.simulate(even_work(skew, 30), strategy, 2, 'slow', 0)
    # The last chunk in work on the slow rank may be waited for.
    assert result.ratio == pytest.approx(ratio, abs=.051)
    assert result.idle == pytest.approx(idle, abs=.05)


@pytest.mark.parametrize('strategy, end', [
    # Two ranks, ten chunks each; at 5 s rank 0 dies between two chunks, and is
    # back 4 s later.  All stop, and 5 chunks each are left; or rank 0 alone is
    # 4 s late; or rank 1 takes over two of the chunks.
    pytest.param('boxes', 5 + 4 + 5, id='all start again'),
    pytest.param('shards', 5 + 4 + 5, id='one starts again'),
    pytest.param('ray', 12, id='others take over'),
])
def test_a_rank_that_dies_at_half_time(skew, strategy, end):
    result = skew.simulate(even_work(skew, 20), strategy, 2, 'death', 4)
    assert result.ratio * 10 == pytest.approx(end, abs=1)


def test_sorted_images_are_split_badly_by_their_number(skew):
    counts = np.sort(skew.draw_counts(np.random.default_rng(0), 2000, 20, 14540))
    work = skew.cut_work(counts, 16, .0, 1.)
    by_images, by_boxes, handed_out = (
        skew.simulate(work, strategy, 8, 'even', 0).ratio
        for strategy in ('images', 'boxes', 'ray'))
    assert by_images > 1.5
    assert by_boxes < 1.01 and handed_out < 1.01


def test_the_table_has_a_cell_for_every_combination(skew):
    rows = [dict(order='shuffled', scenario='even', ranks=r, strategy=s,
                 ratio=1.25, idle=.2) for r in (1, 2) for s in skew.STRATEGIES]
    table = skew.to_markdown(rows).splitlines()
    assert table[0] == 'shuffled, even'
    assert table[2] == '| ranks | images | boxes | shards | ray |'
    assert table[4] == '| 1 |' + ' 1.250 (20.0%) |' * 4

import pytest

from mmdet_mal.experiments.jobs_bar import JobsBar


class Clock:
    seconds = 0.

    def __call__(self):
        return self.seconds


def test_the_time_left_is_that_of_the_last_job(capsys):
    clock = Clock()
    with JobsBar([4., 4., 4.], 2, 'grid', clock) as bar:
        assert bar.seconds_left() is None
        bar.begin(0, 'a')
        bar.begin(1, 'b')
        listen = [bar.listener(part, f'{name}: train', 0., 1., epochs=2)
                  for part, name in enumerate('ab')]
        clock.seconds = 10
        for hear in listen:
            hear('Epoch(train) [1][10/10]')
        assert bar._bar.n == 4  # half of both
        # A half takes a job 10 s: 10 for these, then 20 for the third alone.
        assert bar.seconds_left() == pytest.approx(30)
        clock.seconds = 20
        bar.finish(0)
        bar.begin(2, 'c')
        bar.finish(1)
        assert bar.seconds_left() == pytest.approx(20)
        # Half of the next one, though slower; 60 s of jobs for 10 of cost.
        bar.listener(2, 'c: label', .5, 1.)
        clock.seconds = 40
        assert bar.seconds_left() == pytest.approx(2 * 60 / 10)
        bar.say('b: done')
        bar.finish(2)
    printed = capsys.readouterr().err
    assert 'b: done' in printed and '100%' in printed and '00:00 left' in printed


def test_all_parts_under_way_are_named(capsys):
    with JobsBar([1., 1.], 2, 'grid') as bar:
        bar.begin(0, 'a')
        bar.begin(1, 'b')
        bar.listener(1, 'b: train', 0., 1.)
        bar._bar.refresh()
        assert '? left; a; b: train' in capsys.readouterr().err
        bar.finish(0)
        bar._bar.refresh()
        assert 'left; b: train' in capsys.readouterr().err


def test_a_resumed_step_does_not_go_back():
    with JobsBar([2.], 1, 'grid') as bar:
        bar.begin(0, 'a')
        bar.listener(0, 'a: train', 0., 1.)('50%|')
        bar.listener(0, 'a: train', 0., 1.)('10%|')
        assert bar._bar.n == 1

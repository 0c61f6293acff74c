import cv2
import numpy as np
import pytest

from mmdet_mal.visualization.training.curves import training_curves
from mmdet_mal.visualization.training.log import TrainingLog


def log(name='run', **columns):
    columns = columns or dict(loss=[3, 2, 1], lr=[.1, .2, .1])
    return TrainingLog(name, {
        key: (list(range(10, 10 + 10 * len(values), 10)), values)
        for key, values in columns.items()})


def picture(*logs):
    return cv2.imdecode(np.frombuffer(training_curves(logs), np.uint8),
                        cv2.IMREAD_COLOR)


def ink(img):
    return (img < 128).any(axis=2).mean()


def test_picture_shows_the_values_and_repeats():
    first = picture(log())
    assert ink(first) > .005
    assert np.array_equal(first, picture(log()))
    assert not np.array_equal(first, picture(log(loss=[3, 2, 2], lr=[.1, .2, .1])))


def test_resumes_and_skipped_steps_leave_marks():
    plain = picture(log())
    for change in (dict(resumed_at=[15]), dict(skipped=[12, 13])):
        marked = log()
        for key, value in change.items():
            setattr(marked, key, value)
        assert not np.array_equal(plain, picture(marked)), change


def test_several_runs_have_a_line_each():
    one, other = log('a'), log('b', loss=[5, 4, 3], lr=[.3, .3, .3])
    both = picture(one, other)
    assert not np.array_equal(both, picture(one))
    # In colours of their own (BGR of the first two).
    for colour in ((178, 114, 0), (0, 94, 213)):
        assert (np.abs(both.astype(int) - colour).max(axis=2) < 8).sum() > 50


@pytest.mark.parametrize('columns', [
    dict(loss=[1.]), dict(loss=[float('nan')] * 3), dict(loss=[1, float('inf')]),
    dict(loss=[2, 1], grad_norm=[0, 0]),
    dict(loss=[2, 1], grad_norm=[float('inf'), 3]), dict(lr=[.1, .2]),
    {'loss': [2, 1], 'loss_$\\frac{': [1, 1]},
    {f'loss_{i}': [i, i] for i in range(20)},
], ids=['one point', 'nan', 'inf', 'zero norm', 'infinite norm', 'no loss',
        'hostile name', 'many parts'])
def test_odd_logs_are_drawn(columns):
    assert ink(picture(log('$\\evil{$', **columns))) > .003


def test_no_run():
    with pytest.raises(ValueError, match='no training'):
        training_curves([])

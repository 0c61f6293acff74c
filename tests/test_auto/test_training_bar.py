"""The bar reads the lines that MMEngine writes."""

import io

from mmdet_mal.auto.training_bar import TrainingBar

LINE = ('11/21 08:55:59 - mmengine - INFO - Epoch(train)  [{}][{:2}/10]  lr: '
        '1.0000e-03  eta: 0:00:10  time: 0.1  data_time: 0.0  grad_norm: 3.1  '
        'loss: {}  loss_mil: 0.5')


def make(lines):
    file = io.StringIO()
    bar = TrainingBar(3, 10, file)
    for line in lines:
        bar.feed(line)
    bar.close()
    return bar._bar, file.getvalue()


def test_epochs_and_steps_become_steps():
    bar, text = make([LINE.format(1, 5, 1.5), LINE.format(2, 3, .25)])
    assert (bar.n, bar.total) == (13, 30)
    assert 'loss 0.25' in text and '13/30' in text


def test_steps_of_an_earlier_start_do_not_count_for_the_rate():
    bar, _ = make([LINE.format(3, 2, 1.)])
    assert (bar.n, bar.initial) == (22, 22)


def test_a_loss_that_is_not_finite_is_shown():
    assert 'loss nan' in make([LINE.format(1, 5, 'nan')])[1]


def test_warnings_are_shown_and_chatter_is_not():
    _, text = make([
        '11/21 08:55:59 - mmengine - WARNING - Step skipped, not finite: loss nan',
        '11/21 08:55:59 - mmengine - INFO - Loaded 9 tensors; licence of these '
        'weights: Apache-2.0',
        '11/21 08:55:59 - mmengine - WARNING - "FileClient" will be deprecated in '
        'future. Please', '11/21 - mmengine - INFO - Config: model = dict()'])
    assert 'WARNING - Step skipped' in text and 'Apache-2.0' in text
    assert 'FileClient' not in text and 'Config' not in text

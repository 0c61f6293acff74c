import shlex

import numpy as np
import pytest

from mmdet_mal.visualization.mask_columns import MaskColumns
from mmdet_mal.visualization.report.next_steps import loss_trend, next_steps
from mmdet_mal.visualization.run_facts import RunFacts
from mmdet_mal.visualization.training.log import TrainingLog


def columns(*scores, path='masks.json'):
    count = len(scores)
    return MaskColumns(path, np.arange(count), np.array(scores, float),
                       np.full(count, 500.), [1] * count, np.zeros(count, bool))


def texts(**sources):
    return ' '.join(step.text for step in next_steps(**sources))


def falling(share):
    """A loss that falls by a share from the last but one tenth to the last."""
    values = [1.] * 90 + [1 - share] * 10
    return TrainingLog('x', dict(loss=(list(range(100)), values)))


def test_trend_by_hand():
    assert loss_trend(falling(.25)) == pytest.approx(.25)
    assert loss_trend(falling(-.1)) == pytest.approx(-.1)
    few = TrainingLog('x', dict(loss=([1, 2], [3., 1.])))
    assert loss_trend(few) is None and loss_trend(TrainingLog('x')) is None


@pytest.mark.parametrize('sources, said', [
    (dict(licence='MAE, CC BY-NC 4.0'), 'Mind the licence'),
    (dict(licence='unknown: ask'), 'Mind the licence'),
    (dict(facts=RunFacts('r')), 'not finished'),
    (dict(facts=RunFacts('r', summary=dict(fallbacks=dict(a=2, b=1)))),
     '3 boxes could not be labelled'),
    (dict(doctor=dict(errors=1)), 'The doctor found faults'),
    (dict(log=falling(.2)), 'still fell by 20%'),
    (dict(log=TrainingLog('x', dict(loss=([100], [1.])), skipped=[1, 2])),
     '2 of 100 training steps were skipped'),
    (dict(log=falling(0)), 'Label your boxes'),
    (dict(columns=columns(.2, .9)), '50% of the masks have a score below'),
    (dict(columns=columns(.9)), 'draw masks for 50 to 100'),
])
def test_advice_comes_with_its_cause(sources, said):
    assert said in texts(**sources)


@pytest.mark.parametrize('sources, unsaid', [
    (dict(licence='DeiT of Meta AI, Apache-2.0'), 'licence'),
    (dict(licence=''), 'licence'),
    (dict(facts=RunFacts('r', summary=dict(fallbacks={}))), 'could not be'),
    (dict(doctor=dict(errors=0, repairs=0)), 'doctor'),
    (dict(log=falling(.01)), 'still fell'), (dict(log=falling(-.2)), 'still fell'),
    (dict(columns=columns(.9, .8)), 'score below'),
    (dict(columns=columns(.9), has_human=True), 'draw masks'),
])
def test_and_not_without(sources, unsaid):
    assert unsaid not in texts(**sources)


def test_commands_survive_a_shell():
    path = "it's; rm -rf $HOME.json"
    steps = next_steps(columns=columns(.1, path=path), images='my photos')
    commands = [shlex.split(step.command) for step in steps if step.command]
    assert len(commands) == 4
    assert all(any(path in word for word in words) for words in commands)
    assert ['--images', 'my photos'] == commands[0][3:5]

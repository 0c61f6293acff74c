"""What a person might do next, from what a report found."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mmdet_mal.visualization.mask_columns import MaskColumns
from mmdet_mal.visualization.run_facts import RunFacts
from mmdet_mal.visualization.training.log import TrainingLog

# A loss that falls faster than this over the last tenth has not settled.
_STILL_FALLING = .02
_MANY_SKIPPED = .01
_LOW_SCORE = .5
_MANY_LOW = .1
# Of the curve's points; fewer say nothing about a trend.
_ENOUGH_POINTS = 20


@dataclass(frozen=True)
class Step:
    """One piece of advice.

    Attributes:
        text (str): A sentence or two.
        command (str): To copy, '' if there is none.
    """
    text: str
    command: str = ''


def next_steps(*, licence: str = '',
               log: TrainingLog | None = None,
               facts: RunFacts | None = None,
               columns: MaskColumns | None = None,
               doctor: Mapping | None = None,
               images: str | None = None,
               has_human: bool = False) -> list[Step]:
    """Advice, most urgent first.

    Args:
        licence (str): Of the encoder's weights, '' if not known.
        log (TrainingLog, optional): Of the training.
        facts (RunFacts, optional): Of the label run.
        columns (MaskColumns, optional): Of its masks.
        doctor (Mapping, optional): The doctor's report.
        images (str, optional): Where the images are.
        has_human (bool): Whether the masks were compared with human ones.

    Returns:
        list[Step]: At least one.
    """
    steps = [*_about_licence(licence), *_about_run(facts),
             *_about_doctor(doctor, facts), *_about_training(log)]
    if columns is not None:
        steps += _about_masks(columns, images, has_human)
    if columns is None and log is not None:
        steps.append(Step(
            'Label your boxes with the trained checkpoint.',
            'mal label CONFIG CHECKPOINT --ann boxes.json --images photos/ '
            '--out masks.json'))
    return steps


def loss_trend(log: TrainingLog) -> float | None:
    """By what share the loss fell from the last but one tenth to the last.

    Args:
        log (TrainingLog): Of a training.

    Returns:
        float | None: Negative if it rose; None where too little was logged.
    """
    values = np.array(log.columns.get('loss', ((), ()))[1], dtype=float)
    values = values[np.isfinite(values)]
    tenth = len(values) // 10
    if len(values) < _ENOUGH_POINTS or not tenth:
        return None
    before, last = values[-2 * tenth:-tenth].mean(), values[-tenth:].mean()
    return float((before - last) / before) if before > 0 else None


def _about_licence(licence: str) -> list[Step]:
    if 'NC' in licence or licence.startswith('unknown'):
        return [Step(f'Mind the licence of the encoder’s weights: {licence}.')]
    return []


def _about_run(facts: RunFacts | None) -> list[Step]:
    if facts is None:
        return []
    if not facts.summary:
        return [Step('The label run is not finished: start the same mal label '
                     'command again, it goes on where it stopped.')]
    steps = []
    fallbacks = facts.summary.get('fallbacks') or {}
    total = sum(fallbacks.values())
    if total:
        steps.append(Step(
            f'{total} boxes could not be labelled and were filled instead; the '
            'reasons are listed under Masks. Mend them and label again, or '
            'leave them out: their score is 0.',
            f"mal export {_quote(facts.summary.get('out_file', 'masks.json'))} "
            '--out kept.json --min-score .01'))
    return steps


def _about_doctor(doctor: Mapping | None, facts: RunFacts | None) -> list[Step]:
    if not doctor or not (doctor.get('errors') or doctor.get('repairs')):
        return []
    boxes = doctor.get('ann_file') or (facts.input if facts else 'boxes.json')
    return [Step('The doctor found faults in the boxes; a repaired copy follows '
                 'the rules that its report names.',
                 f'mal doctor {_quote(boxes)} --images photos/ --fix repaired.json')]


def _about_training(log: TrainingLog | None) -> list[Step]:
    if log is None:
        return []
    steps = []
    done = max(log.last_iteration, 1)
    if len(log.skipped) > _MANY_SKIPPED * done:
        steps.append(Step(
            f'{len(log.skipped)} of {done} training steps were skipped because '
            'their loss was not finite: lower the learning rate or lengthen '
            'its warm-up.'))
    trend = loss_trend(log)
    if trend is not None and trend > _STILL_FALLING:
        steps.append(Step(
            f'The loss still fell by {trend:.0%} over the last tenth of the '
            'training: more epochs may give better masks.'))
    return steps


def _about_masks(columns: MaskColumns, images: str | None,
                 has_human: bool) -> list[Step]:
    masks, folder = _quote(columns.path), _quote(images or 'photos/')
    scores = columns.scores[np.isfinite(columns.scores)]
    steps = [Step('Look at the masks, the doubtful ones first.',
                  f'mal review {masks} --images {folder} -o review.html')]
    low = float((scores < _LOW_SCORE).mean()) if len(scores) else 0.
    if low > _MANY_LOW:
        steps.append(Step(
            f'{low:.0%} of the masks have a score below {_LOW_SCORE}; leaving '
            'them out may help a detector more than training on them.',
            f'mal export {masks} --out kept.json --min-score {_LOW_SCORE}'))
    if not has_human:
        steps.append(Step(
            'How good the masks are is known only against human ones: draw '
            'masks for 50 to 100 of the boxes and compare.',
            f'mal evaluate {masks} human.json --images {folder} '
            '--out scores.json'))
    steps.append(Step(
        'Train a stock detector on them; the docs’ page on phase 2 says how to '
        'set classes other than COCO’s.',
        f'MAL_ANN={masks} mim train mmdet '
        'configs/phase2/mask-rcnn_r50_fpn_1x_coco.py'))
    return steps


def _quote(path: object) -> str:
    """A path for a shell."""
    return shlex.quote(str(path))

"""Chooses, measures on this machine, and writes the config of a run."""

import json
import os
import shlex
import shutil
import time
from typing import Any

from mmdet_mal.machine.options import set_precision
from mmdet_mal.utils.errors import UserError

from .child import run_child
from .facts import DataFacts
from .make_config import make_config, write_config
from .options import AutoOptions
from .presets import (PRESETS, Choice, Machine, Preset, choose_preset,
                      counted)
from .schedule import Schedule, Speed, in_words, plan_schedule
from .weights import kind_of_weights

_PROBE = 'mmdet_mal.auto.probe'
# Fewer boxes are labelled in about the time that measuring takes.
_MIN_BOXES_TO_PROBE = 100
# Halvings of the batch where a GPU's memory runs out.
_MAX_TRIES = 6


def make_plan(out: str, options: AutoOptions, boxes: str, facts: DataFacts,
              machine: Machine, lock: int) -> dict[str, Any]:
    """Decide how to label, and write ``config.py``.

    Args:
        out: Folder of the run.
        options: What was asked for.
        boxes: COCO file, without fatal faults.
        facts: Of the boxes.
        machine: To compute with.
        lock: Descriptor for children.

    Returns:
        The plan in plain values: ``preset``, ``epochs`` and ``epoch_steps`` (0
        without training), ``batch_size``, ``speed``, ``reason``, and ``text``,
        lines for people.

    Raises:
        UserError: If what was asked for cannot be done here.
    """
    choice = choose_preset(
        facts.trainable, facts.images, machine, kind_of_weights(options.weights),
        options.minutes, options.preset)
    wished = options.preset is not None
    preset = PRESETS[choice.preset]
    print(f'{counted(facts.boxes, "box", "es")} in '
          f'{counted(facts.images, "image")}, {facts.trainable} large enough to '
          f'train on, classes: {facts.classes}; {machine}', flush=True)
    maker = _Maker(out, options, boxes, facts, machine, lock)
    speed, batch_size = maker.measure(preset, choice)
    schedule = plan_schedule(preset, facts.trainable, facts.boxes, batch_size,
                             speed, options.minutes, wished)
    reason = choice.reason
    if preset.trains and not schedule.epochs:
        # The minutes do not suffice: what remains needs no training.
        reason = schedule.reason
        preset = PRESETS['instant']
        if preset.weights != kind_of_weights(options.weights):
            raise UserError(f'{reason}, which needs {preset.weights.file}; give '
                            'it with --weights, or more --minutes')
        speed, batch_size = maker.measure(preset, Choice('instant', reason))
        schedule = plan_schedule(preset, facts.trainable, facts.boxes, 0, speed)
    text = _describe(preset, schedule, speed, reason)
    write_config(
        maker.config(preset, schedule, batch_size, speed.step),
        os.path.join(out, 'config.py'), [
            f"Made by 'mal auto' on {time.strftime('%Y-%m-%d')} from the shipped "
            f'{preset.config}.py,', 'whole: nothing else is read.', *text,
            *_take_over(out, preset, boxes, options.images)])
    return dict(
        preset=preset.name, reason=reason, epochs=schedule.epochs,
        epoch_steps=schedule.epoch_steps, batch_size=batch_size,
        speed=dict(step=speed.step, box=speed.box, startup=speed.startup),
        text=text)


class _Maker:
    """Makes configs for one set of boxes, and measures with them."""

    def __init__(self, out: str, options: AutoOptions, boxes: str,
                 facts: DataFacts, machine: Machine, lock: int) -> None:
        self._out, self._options, self._boxes = out, options, boxes
        self._facts, self._machine, self._lock = facts, machine, lock

    def config(self, preset: Preset, schedule: Schedule, batch_size: int,
               step_seconds: float) -> Any:
        """The preset on these boxes."""
        config = make_config(
            preset, self._boxes, self._options.images, self._options.weights,
            self._facts, self._machine, schedule, batch_size,
            step_seconds or 1.)
        set_precision(config, self._options.precision)
        return config

    def measure(self, preset: Preset, choice: Choice) -> tuple[Speed, int]:
        """Do a few real steps in a process of their own.

        Returns:
            The speed, and the batch size that fits into memory.
        """
        batch_size = choice.batch_size
        if not preset.trains and self._facts.boxes < _MIN_BOXES_TO_PROBE:
            return Speed(0., 0., 0.), batch_size
        print('measuring this machine on your boxes …', flush=True)
        folder = os.path.join(self._out, 'probe')
        os.makedirs(folder, exist_ok=True)
        config, result = (os.path.join(folder, name)
                          for name in ('config.py', 'speed.json'))
        for _ in range(_MAX_TRIES):
            length = Schedule(1, 1, 1, 0., 0.)
            write_config(self.config(preset, length, batch_size, 1.), config, [])
            start = time.time()
            run_child(_PROBE, [config, result], self._lock,
                      os.path.join(self._out, 'probe.log'))
            with open(result, encoding='utf-8') as file:
                measured = json.load(file)
            if not measured['out_of_memory']:
                shutil.rmtree(folder)
                return Speed(measured['step'], measured['box'],
                             measured['began'] - start), batch_size
            if batch_size <= 1:
                break
            batch_size //= 2
            print('not enough memory; trying '
                  f'{counted(batch_size, "box", "es")} a step',
                  flush=True)
        raise UserError(f'{preset.name}: the memory of {self._machine} does not '
                        'suffice; take a smaller --preset, or --instant')


def _describe(preset: Preset, schedule: Schedule, speed: Speed,
              reason: str) -> list[str]:
    """What will be done and how long it takes, for people."""
    lines = [f'preset {preset.name}: {reason}']
    if schedule.reason and schedule.epochs:
        lines.append(schedule.reason)
    if schedule.epochs:
        lines.append(
            f'training: {schedule.epochs} epochs of {schedule.epoch_steps} steps, '
            f'about {in_words(schedule.train_seconds)} '
            f'({speed.step:.2f} s a step, measured here)')
    if speed.box:
        lines.append(
            f'labelling: about {in_words(schedule.label_seconds)} '
            f'({speed.box:.2f} s a box, measured here)')
    else:
        lines.append('labelling: a minute or less')
    return lines


def _take_over(out: str, preset: Preset, boxes: str,
               images: str) -> list[str]:
    """Commands with which an expert goes on by hand."""
    config = shlex.quote(os.path.join(out, 'config.py'))
    place = (f'--ann {shlex.quote(boxes)} --images {shlex.quote(images)} '
             '--out masks.json')
    if not preset.trains:
        return ['By hand:', f'  mal label {config} {place}']
    return ['By hand:', f'  mal train {config} --work-dir DIR',
            f'  mal label {config} DIR/CHECKPOINT.pth {place}']

"""The course of one or more trainings as one picture."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mmdet_mal.visualization.figures import COLOURS, new_figure, plain, png_bytes, tidy

from .log import TrainingLog

# Of a run of many: more parts of the loss than this are not told apart.
_MAX_PARTS = len(COLOURS)
_FEW_POINTS = 30


def training_curves(logs: Sequence[TrainingLog]) -> bytes:
    """Draw losses, learning rate, gradient norm and share of the box filled.

    One run shows the parts of its loss; several show their total losses in
    one plot and each part in their colours.  Dotted lines say where a run was
    resumed, ticks at the bottom which steps were skipped.

    Args:
        logs (Sequence[TrainingLog]): At least one.

    Returns:
        bytes: A PNG.

    Raises:
        ValueError: no runs.
    """
    if not logs:
        raise ValueError('no training to draw')
    has_fill = any('fill' in log.columns for log in logs)
    figure = new_figure(12, 6.4)
    (total, parts), (rate, norm) = figure.subplots(2, 2)
    if len(logs) == 1:
        _draw_parts(total, logs[0])
        if has_fill:
            _draw(parts, logs, 'fill', 'share of the box called object')
            parts.set(title='fill', ylim=(0, 1.02))
        else:
            _draw(parts, logs, 'time', 'seconds')
            parts.set(title='time of a step')
    else:
        _draw(total, logs, 'loss', 'loss')
        total.set(title='loss')
        _draw(parts, logs, 'fill' if has_fill else 'time',
              'share of the box called object' if has_fill else 'seconds')
        parts.set(title='fill' if has_fill else 'time of a step')
    _draw(rate, logs, 'lr', 'learning rate')
    rate.set(title='learning rate')
    _draw(norm, logs, 'grad_norm', 'norm', scale='log')
    norm.set(title='gradient norm before clipping')
    _mark_skipped(norm, logs)
    for axes in (total, parts, rate, norm):
        tidy(axes)
        axes.set_xlabel('iteration')
        for log in logs:
            for step in log.resumed_at:
                axes.axvline(step, color='#888888', lw=.8, ls=':', zorder=0)
    if len(logs) > 1 or len(logs[0].loss_names()) > 1:
        total.legend(frameon=False, fontsize=9)
    return png_bytes(figure)


def _draw_parts(axes: Any, log: TrainingLog) -> None:
    """The total loss and its parts; the total in black."""
    names = log.loss_names()
    parts = [name for name in names if name != 'loss'][:_MAX_PARTS]
    if 'loss' in names:
        _line(axes, log.columns['loss'], 'black', 'loss (total)', width=1.8)
    for name, colour in zip(parts, COLOURS, strict=False):
        _line(axes, log.columns[name], colour, name)
    axes.set(title='loss and its parts', ylim=(0, None))


def _draw(axes: Any, logs: Sequence[TrainingLog], name: str, label: str,
          scale: str = 'linear') -> None:
    """One column of all runs; where none has it, the plot says so."""
    drawn = False
    for number, log in enumerate(logs):
        if name in log.columns:
            _line(axes, log.columns[name], COLOURS[number % len(COLOURS)],
                  log.name)
            drawn = drawn or _positive(log.columns[name][1])
    axes.set(ylabel=label)
    if not any(name in log.columns for log in logs):
        axes.text(.5, .5, f'{name} was not logged', ha='center', va='center',
                  transform=axes.transAxes, color='#888888')
    elif drawn:
        axes.set_yscale(scale)


def _positive(values: Sequence[float]) -> bool:
    """Whether a logarithmic axis can show something of the values."""
    finite = [value for value in values if np.isfinite(value)]
    return any(value > 0 for value in finite)


def _line(axes: Any, column: tuple[list[int], list[float]], colour: str,
          label: str, width: float = 1.3) -> None:
    steps, values = column
    axes.plot(steps, values, color=colour, lw=width, label=plain(label),
              marker='.' if len(steps) <= _FEW_POINTS else None)


def _mark_skipped(axes: Any, logs: Sequence[TrainingLog]) -> None:
    """Ticks at the bottom for the steps that were not finite."""
    count = sum(len(log.skipped) for log in logs)
    for number, log in enumerate(logs):
        if log.skipped:
            axes.plot(log.skipped, [.02] * len(log.skipped), ls='', marker='|',
                      ms=9, color=COLOURS[number % len(COLOURS)],
                      transform=axes.get_xaxis_transform())
    axes.text(.99, .97, f'skipped steps: {count}', ha='right', va='top',
              transform=axes.transAxes, fontsize=9,
              color='#b00020' if count else '#666666')

"""Charts of a masks JSON: its scores, and how they depend on size."""

import math

import numpy as np

from mmdet_mal.visualization.figures import COLOURS, new_figure, png_bytes, tidy
from mmdet_mal.visualization.mask_columns import MaskColumns

_BINS = 24
# As the evaluation calls them, of the box's area in px², half-open.
_SIZES = (('small', 0., 32.**2), ('medium', 32.**2, 96.**2),
          ('large', 96.**2, np.inf))


def score_chart(columns: MaskColumns) -> bytes:
    """Histogram of the scores, stacked by the size of the box.

    Args:
        columns (MaskColumns): With at least one score.

    Returns:
        bytes: A PNG.

    Raises:
        ValueError: there is no score.
    """
    known = np.isfinite(columns.scores)
    if not known.any():
        raise ValueError('no annotation has a score')
    figure = new_figure(9, 3.4)
    axes = figure.subplots()
    groups, labels = [], []
    for name, chosen in size_groups(columns.box_areas):
        groups.append(np.clip(columns.scores[chosen & known], 0, 1))
        labels.append(f'{name} ({len(groups[-1])})')
    low, high = _score_range(columns.scores[known])
    axes.hist(groups, _BINS, range=(low, high), stacked=True, label=labels,
              color=COLOURS[:len(groups)], edgecolor='white', lw=.5)
    mean = float(columns.scores[known].mean())
    axes.axvline(mean, color='black', lw=1, ls='--', label=f'mean {mean:.3f}')
    axes.set(xlabel='score', ylabel='masks', xlim=(low, high))
    axes.legend(frameon=False, fontsize=9, title='size of the box')
    tidy(axes)
    return png_bytes(figure)


def _score_range(scores: np.ndarray) -> tuple[float, float]:
    """Where the scores lie, rounded outwards to tenths, within [0, 1]."""
    # Less a little, so that .3 is not .30000000000000004.
    low = math.floor(10 * max(0., scores.min()) + 1e-9) / 10
    high = math.ceil(10 * min(1., scores.max()) - 1e-9) / 10
    return (low, high) if high > low else (low - .1 * (low > 0), low + .1)


def size_groups(box_areas: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """Which boxes are small, medium and large.

    Args:
        box_areas (np.ndarray): (n,), px²; nan belongs to no size.

    Returns:
        list[tuple[str, np.ndarray]]: Name and bool (n,).
    """
    return [(name, (box_areas >= low) & (box_areas < high))
            for name, low, high in _SIZES]


def size_table(columns: MaskColumns) -> list[list[str]]:
    """Masks, mean score and fallbacks by size of the box; first the heading."""
    groups = [('all', np.ones(len(columns), bool)),
              *size_groups(columns.box_areas)]
    return [['size of the box', 'masks', 'mean score', 'score < .5',
             'fallbacks'],
            *([name, *_cells(columns, chosen)] for name, chosen in groups)]


def class_table(columns: MaskColumns, most: int = 30) -> list[list[str]]:
    """The same by class, most masks first; first the heading."""
    rows: dict = {}
    for place, category in enumerate(columns.category_ids):
        rows.setdefault(category, []).append(place)
    order = sorted(rows, key=lambda key: (-len(rows[key]), str(key)))
    table = [['class', 'masks', 'mean score', 'score < .5', 'fallbacks']]
    for category in order[:most]:
        chosen = np.array(rows[category])
        table.append([columns.class_name(category), *_cells(columns, chosen)])
    if len(order) > most:
        chosen = np.concatenate([rows[key] for key in order[most:]]).astype(int)
        table.append([f'{len(order) - most} more classes',
                      *_cells(columns, chosen)])
    return table


def _cells(columns: MaskColumns, chosen: np.ndarray) -> list[str]:
    scores = columns.scores[chosen]
    count = len(scores)
    scores = scores[np.isfinite(scores)]
    mean = f'{scores.mean():.3f}' if len(scores) else '-'
    low = f'{(scores < .5).mean():.0%}' if len(scores) else '-'
    return [str(count), mean, low, str(int(columns.is_fallback[chosen].sum()))]

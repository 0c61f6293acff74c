"""The figures as a page for people."""

from typing import Any

from benchmarks.side_by_side import markdown


def page(figures: dict[str, Any]) -> str:
    """Markdown of all that was measured.

    Args:
        figures (dict): As ``benchmarks/gpu.py`` writes them.
    """
    device = figures['device']
    title = ('# Dry run of a tiny network: no measurement' if figures['tiny']
             else '# ViT-B/16 at 512 px, random weights')
    lines = [title, '',
             ', '.join(f'{key} {value}' for key, value in device.items()
                       if value is not None) + '.', '']
    if figures.get('operations'):
        lines += _operations(figures['operations'])
    if figures.get('training'):
        lines += ['## Training steps', ''] + _table(
            figures['training'],
            ('variant', 'batch', 'steps', 'steps_per_second',
             'crops_per_second', 'teraflops', 'share_of_peak', 'peak_mib',
             'note'))
    if figures.get('labelling'):
        lines += ['## Labelling', ''] + _table(
            [figures['labelling']],
            ('crops', 'batch', 'network_crops_per_second', 'masks_per_second',
             'crops_per_second', 'teraflops', 'share_of_peak', 'peak_mib'))
    if figures.get('parity'):
        lines += ['## Precision and device', ''] + _table(
            figures['parity'], ('compared', 'loss', 'loss_fp32',
                                'loss_difference', 'gradient_cosine',
                                'equal_labels'))
    if figures.get('whole'):
        lines += ['## Whole run: loader, hooks, log', ''] + _table(
            figures['whole'], ('guard', 'batch', 'workers', 'steps',
                               'seconds_per_step', 'crops_per_second'))
    if figures.get('loader'):
        lines += ['## Loader', ''] + _table(
            figures['loader'], ('pipeline', 'workers', 'samples_per_second'))
    compared = [figures[key] for key in ('textbook_step', 'mean_field')
                if figures.get(key)]
    if compared:
        lines += ['## Against the textbook', '', markdown(compared)]
    if figures.get('kernels'):
        lines += ['## Where the time goes', ''] + _table(
            figures['kernels'], ('of', 'kernel', 'calls', 'ms', 'share'))
    if figures.get('profile'):
        lines += ['## For the cost of a data set', '',
                  f"`mal cost coco --profile {figures['profile']['path']}`", '']
    if figures['failed']:
        lines += ['## Failed', ''] + [
            f'* {part}: {reason}' for part, reason in figures['failed'].items()]
    return '\n'.join(lines) + '\n'


def _operations(operations: dict[str, Any]) -> list[str]:
    rows = [f'| {name.replace("_", " ")} | {count / 1e9:.4g} |'
            for name, count in operations['by_formula'].items()]
    rows.append('| step, by torch\'s counter | '
                f"{operations['by_counter'] / 1e9:.4g} |")
    return ['## Operations for one crop of a large box', '',
            '| part | 10^9 |', '| --- | --- |', *rows, '']


def _table(rows: list[dict[str, Any]], columns: tuple[str, ...]) -> list[str]:
    used = [c for c in columns if any(row.get(c) is not None for row in rows)]
    head = '| ' + ' | '.join(c.replace('_', ' ') for c in used) + ' |'
    body = ['| ' + ' | '.join(_text(c, row.get(c)) for c in used) + ' |'
            for row in rows]
    return [head, '|' + ' --- |' * len(used), *body, '']


def _text(column: str, value: Any) -> str:
    if value is None:
        return ''
    if column in ('share_of_peak', 'share'):
        return f'{value:.1%}'
    return f'{value:.4g}' if isinstance(value, float) else str(value)

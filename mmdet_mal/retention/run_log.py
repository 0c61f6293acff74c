"""The log of one training: its AP, and what the training was."""

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmdet_mal.evaluation.retention import find_mask_ap
from mmdet_mal.utils.as_list import as_list
from mmdet_mal.utils.errors import UserError

# Where files lie, how a run is watched or spread: no part of the recipe.
_NO_RECIPE = ('ann_file', 'data_root', 'data_prefix', 'work_dir', 'load_from',
              'resume', 'launcher', 'visualizer', 'vis_backends', 'log_level',
              'log_processor', 'num_workers', 'persistent_workers', 'env_cfg',
              'default_hooks', 'custom_imports', 'masks_json', 'classes',
              'pretrained', 'backend_args')
# What only copies of it, or the evaluation, follow from.
_NO_RECIPE_TOP = ('val_dataloader', 'test_dataloader', 'val_evaluator',
                  'test_evaluator', 'val_cfg', 'test_cfg', 'train_pipeline',
                  'test_pipeline', 'masks_dataset', 'data')


@dataclass(frozen=True)
class RunLog:
    """One training, as its log tells.

    Attributes:
        name: of the row.
        path: what was given.
        scores: mask AP by key of ``METRICS``, in [0, 1].
        kind: of the metric, ``'coco'`` or ``'lvis'``; '' if not known.
        step: epoch or iteration of the evaluation, None if not known.
        end: last epoch or iteration that was planned, None if not known.
        val: annotation file of the evaluation, '' if not known.
        recipe: settings that should be equal in all trainings that are
            compared, by dotted key; empty if no config lies beside the log.
    """

    name: str
    path: str
    scores: Mapping[str, float]
    kind: str = ''
    step: int | None = None
    end: int | None = None
    val: str = ''
    recipe: Mapping[str, Any] | None = None

    @property
    def finished(self) -> bool:
        """False only if the log shows that the training stopped early."""
        return None in (self.step, self.end) or self.step >= self.end


def read_run_log(name: str, path: str | Path) -> RunLog:
    """Read the log of a training, and the config that MMEngine put beside it.

    The config is parsed, not run: a log may come from anyone.

    Args:
        name (str): of the row.
        path (str | Path): work folder or log, see
            :func:`~mmdet_mal.evaluation.retention.find_mask_ap`.

    Raises:
        UserError: there is no mask AP.
    """
    found = find_mask_ap(path)
    config = _config_beside(found.log)
    train = config.get('train_cfg') or {}
    end = train.get('max_epochs') or train.get('max_iters')
    # A test writes <time>/<time>.json and no step; its evaluator is its own.
    part = 'val' if found.step is not None else 'test'
    return RunLog(
        name, str(path), found.scores, found.kind, found.step,
        end if type(end) is int else None,
        _evaluated_on(config.get(f'{part}_evaluator')
                      or config.get('test_evaluator')),
        _recipe(config))


def check_comparable(logs: list[RunLog], unfinished: str = 'refuse') -> list[str]:
    """Refuse logs that cannot be compared.

    Args:
        logs (list[RunLog]): of one table, the human one first.
        unfinished (str): ``'refuse'`` or ``'accept'`` trainings that stopped
            before their planned end.

    Returns:
        list[str]: differences of the trainings other than their masks, for
        people.

    Raises:
        UserError: they were evaluated on different data, or one stopped early.
    """
    first = logs[0]
    for log in logs:
        if not log.finished and unfinished == 'refuse':
            raise UserError(
                f'{log.path}: the last evaluation is of step {log.step}, but the '
                f'training was to end at {log.end}: it stopped early; resume it, '
                'or say --allow-unfinished')
    notes = []
    for log in logs[1:]:
        if first.kind and log.kind and first.kind != log.kind:
            raise UserError(f'{log.path}: has {log.kind} AP, but {first.path} has '
                            f'{first.kind} AP: they are of different data')
        if first.val and log.val and not _same_file(first.val, log.val):
            raise UserError(
                f'{log.path}: was evaluated on {log.val}, but {first.path} on '
                f'{first.val}: AP on different data cannot be compared')
        if None not in (first.step, log.step) and first.step != log.step:
            notes.append(f'{log.name} was evaluated at step {log.step}, '
                         f'{first.name} at {first.step}')
        notes += _recipe_differences(first, log)
    return notes


def _recipe_differences(first: RunLog, log: RunLog) -> list[str]:
    if not first.recipe or not log.recipe:
        return []
    keys = [key for key in {**first.recipe, **log.recipe}
            if first.recipe.get(key) != log.recipe.get(key)]
    return [f'{key}: {log.recipe.get(key)!r} for {log.name}, '
            f'{first.recipe.get(key)!r} for {first.name}' for key in sorted(keys)]


def _same_file(one: str, other: str) -> bool:
    """Whether two paths are one file, or may be, on another machine."""
    paths = Path(one), Path(other)
    if all(path.is_file() for path in paths):
        return paths[0].samefile(paths[1]) or (
            paths[0].read_bytes() == paths[1].read_bytes())
    return paths[0].name == paths[1].name


def _evaluated_on(evaluator: Any) -> str:
    for entry in as_list(evaluator):
        if isinstance(entry, dict) and isinstance(entry.get('ann_file'), str):
            return entry['ann_file']
    return ''


def _config_beside(log: Path) -> dict[str, Any]:
    """Settings of the config that MMEngine dumped for a log, {} without one."""
    for path in (log.parent / 'config.py', log.parent / 'vis_data' / 'config.py'):
        if path.is_file():
            try:
                return parse_dumped_config(path.read_text(encoding='utf-8'))
            except (OSError, ValueError, SyntaxError):
                return {}
    return {}


def parse_dumped_config(text: str) -> dict[str, Any]:
    """Values of a config that MMEngine has dumped, without running it.

    Args:
        text (str): assignments of literals and ``dict(…)``.

    Returns:
        dict: by name; what is no such value is left out.

    Raises:
        SyntaxError: it is no Python.
    """
    values = {}
    for statement in ast.parse(text).body:
        if isinstance(statement, ast.Assign) and isinstance(
                statement.targets[0], ast.Name):
            try:
                values[statement.targets[0].id] = _literal(statement.value)
            except ValueError:
                continue
    return values


def _literal(node: ast.expr) -> Any:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        if node.func.id == 'dict' and not node.args:
            return {k.arg: _literal(k.value) for k in node.keywords if k.arg}
        raise ValueError('a call')
    if isinstance(node, ast.Dict):
        return {_literal(k): _literal(v) for k, v
                in zip(node.keys, node.values, strict=True) if k is not None}
    if isinstance(node, (ast.List, ast.Tuple)):
        entries = [_literal(entry) for entry in node.elts]
        return entries if isinstance(node, ast.List) else tuple(entries)
    return ast.literal_eval(node)


def _recipe(config: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}

    def walk(value: Any, name: str) -> None:
        if isinstance(value, dict):
            for key, entry in value.items():
                if key not in _NO_RECIPE and not str(key).startswith('_scope'):
                    walk(entry, f'{name}.{key}' if name else str(key))
        else:
            flat[name] = value

    walk({key: value for key, value in config.items()
          if key not in _NO_RECIPE_TOP}, '')
    return flat

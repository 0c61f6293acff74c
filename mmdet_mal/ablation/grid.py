"""Grids of settings, read from YAML."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from mmdet_mal.utils.errors import UserError

_GRID_KEYS = ('title', 'source', 'config', 'axis', 'base', 'set', 'cells')
_CELL_KEYS = ('name', 'config', 'set', 'x', 'paper', 'note')


@dataclass(frozen=True)
class Cell:
    """One row of a grid.

    Attributes:
        name: of the row.
        config: path of its config file.
        overrides: values by dotted key, see :mod:`.overrides`.
        x: where it lies on the grid's axis, None if there is none.
        paper: the paper's figure for this row, None if it has none.
        note: a few words for the table.
    """

    name: str
    config: str
    overrides: Mapping[str, Any] = field(default_factory=dict)
    x: float | None = None
    paper: float | None = None
    note: str = ''

    @property
    def slug(self) -> str:
        """The name as a folder's."""
        return re.sub(r'[^\w.+-]+', '_', self.name).strip('._') or 'cell'


@dataclass(frozen=True)
class Grid:
    """Rows that differ in one thing.

    Attributes:
        name: stem of its file.
        title: for the table.
        source: which table of the paper, or where else it comes from.
        axis: name of ``x``, '' if rows are not numbers.
        base: name of the row that the others are compared with.
        cells: the rows, in order.
    """

    name: str
    title: str
    source: str
    axis: str
    base: str
    cells: tuple[Cell, ...]

    @property
    def base_cell(self) -> Cell:
        """The row that the others are compared with."""
        return next(cell for cell in self.cells if cell.name == self.base)


def load_grid(path: str | Path, config: str | None = None) -> Grid:
    """Read a grid.

    Args:
        path (str | Path): YAML file; docs/ablations.md describes it.  Paths of
            configs in it are relative to it.
        config (str, optional): config to take for all cells that name none of
            their own, in place of the grid's.

    Returns:
        Grid: checked as far as it can be without reading the configs.

    Raises:
        UserError: the file is absent, no YAML, or no grid; in one line.
    """
    path = Path(path)
    content = _read_yaml(path)
    _check_keys(path, 'the grid', content, _GRID_KEYS)
    common = _settings(path, 'the grid', content.get('set'))
    if config is None:
        config = content.get('config')
        if not isinstance(config, str):
            raise UserError(f'{path}: says no config; add "config: FILE.py" or '
                            'give --config')
        config = str(path.parent / config)
    entries = content.get('cells')
    if not isinstance(entries, list) or not entries:
        raise UserError(f'{path}: has no cells; expected a list of rows, each '
                        'with a name')
    cells = tuple(_cell(path, number, entry, config, common)
                  for number, entry in enumerate(entries, 1))
    names, slugs = set(), set()
    for cell in cells:
        # Folders of file systems that do not tell a from A.
        if cell.name in names or cell.slug.lower() in slugs:
            raise UserError(f'{path}: two cells are named {cell.name!r} (or '
                            'alike); names must differ in letters or digits')
        names.add(cell.name)
        slugs.add(cell.slug.lower())
    base = str(content.get('base', cells[0].name))
    if base not in names:
        raise UserError(f'{path}: base is {base!r}, but the cells are '
                        f'{", ".join(sorted(names))}')
    axis = str(content.get('axis') or '')
    if axis and any(cell.x is None for cell in cells):
        raise UserError(f'{path}: has an axis, so each cell needs x, a number')
    return Grid(path.stem, str(content.get('title', path.stem)),
                str(content.get('source', '')), axis, base, cells)


class _GridLoader(yaml.SafeLoader):
    """Refuses a key that is there twice, of which YAML would take the last."""

    def construct_mapping(self, node: yaml.Node, deep: bool = False) -> dict:
        seen = set()
        keys = [key for key, _ in node.value if isinstance(key, yaml.ScalarNode)
                ] if isinstance(node, yaml.MappingNode) else []
        for key in keys:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f'the key {key.value!r} is there twice',
                    key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _read_yaml(path: Path) -> dict:
    try:
        content = yaml.load(path.read_text(encoding='utf-8'), _GridLoader)
    except FileNotFoundError:
        raise UserError(f'{path}: no such grid; the shipped ones are '
                        'configs/mal/ablations/*.yaml') from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise UserError(f'{path}: cannot be read as YAML: '
                        f'{" ".join(str(error).split())}') from None
    if not isinstance(content, dict):
        raise UserError(f'{path}: is a {type(content).__name__}, expected a '
                        'mapping with config and cells')
    return content


def _cell(path: Path, number: int, entry: Any, config: str,
          common: Mapping[str, Any]) -> Cell:
    where = f'cell {number}'
    if not isinstance(entry, dict):
        raise UserError(f'{path}: {where} is {entry!r}, expected a mapping with '
                        'a name')
    _check_keys(path, where, entry, _CELL_KEYS)
    name = entry.get('name')
    if name is None or not str(name).strip():
        raise UserError(f'{path}: {where} has no name')
    own = entry.get('config')
    if own is not None and not isinstance(own, str):
        raise UserError(f'{path}: {where}: config is {own!r}, expected a path')
    return Cell(
        str(name), str(path.parent / own) if own else config,
        {**common, **_settings(path, where, entry.get('set'))},
        _number(path, where, entry, 'x'), _number(path, where, entry, 'paper'),
        str(entry.get('note', '')))


def _check_keys(path: Path, where: str, content: Mapping,
                known: tuple[str, ...]) -> None:
    unknown = [str(key) for key in content if key not in known]
    if unknown:
        raise UserError(f'{path}: {where} has the unknown key '
                        f'{", ".join(unknown)}; known are {", ".join(known)}')


def _settings(path: Path, where: str, value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(
            isinstance(key, str) and key for key in value):
        raise UserError(f'{path}: "set" of {where} is no mapping of settings: '
                        'write "set: {model.crf_loss.zeta: 0.5}"')
    return value


def _number(path: Path, where: str, entry: Mapping, key: str) -> float | None:
    value = entry.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise UserError(f'{path}: {where}: {key} is {value!r}, expected a number')
    return float(value)

"""The categories of an annotation file, their faults and their repairs."""

from typing import Any

from mmdet_mal.datasets.id_column import is_id

from .diagnosis import Diagnosis
from .finding import Finding
from .json_source import JsonSource
from .kinds import DROPPED, LEFT, REPAIRED
from .values import as_integer


class CategoryTable:
    """Categories, and what ``--fix`` changes in their entries.

    Attributes:
        known (set[int]): Ids that the data set knows.
        repaired (set[int]): Ids after ``--fix``.
        names (dict[int, str]): Name of each id after ``--fix``.
        edits (dict[int, dict | None]): By row, the keys that ``--fix`` sets;
            None drops the entry.
        used (set[int]): Ids that annotations have.
    """

    def __init__(self) -> None:
        self.known: set[int] = set()
        self.repaired: set[int] = set()
        self.names: dict[int, str] = {}
        self.edits: dict[int, dict | None] = {}
        self.used: set[int] = set()


def read_categories(source: JsonSource,
                    diagnosis: Diagnosis) -> CategoryTable:
    """Read and judge the entries of 'categories'.

    Args:
        source (JsonSource): The file.
        diagnosis (Diagnosis): Gets the findings.

    Returns:
        CategoryTable: All entries.
    """
    table = CategoryTable()
    entries = list(source.entries('categories'))
    # Integers come first: an id that is text gives way to them.
    for row, entry in enumerate(entries):
        if isinstance(entry, dict) and is_id(entry.get('id')):
            table.known.add(entry['id'])
            _read(table, row, entry, entry['id'], diagnosis)
    for row, entry in enumerate(entries):
        if not isinstance(entry, dict):
            table.edits[row] = None
            diagnosis.add(Finding(
                'entry_type', f"entry {row} of 'categories' is a "
                f'{type(entry).__name__}', DROPPED, entry=row))
        elif not is_id(entry.get('id')):
            _read(table, row, entry, as_integer(entry.get('id')), diagnosis)
    _judge_names(table, diagnosis)
    _note_ids(table, diagnosis)
    return table


def note_unused(table: CategoryTable, diagnosis: Diagnosis) -> None:
    """Count categories without boxes, after the annotations were read."""
    for id_ in sorted(table.repaired - table.used):
        diagnosis.count('category_unused', file=_label(table, id_))


def _read(table: CategoryTable, row: int, entry: dict, id_: int | None,
          diagnosis: Diagnosis) -> None:
    """Judge one entry whose id is, or stands for, ``id_``."""
    name = entry.get('name')
    sound = is_id(entry.get('id')) and isinstance(name, str)
    new_name = name if isinstance(name, str) else f'category {id_}'
    taken = id_ in table.repaired
    same = taken and table.names[id_] == new_name.strip()
    fix = REPAIRED
    if id_ is None or same:
        fix = DROPPED
        table.edits[row] = None
    elif taken:
        fix = LEFT
    if not sound:
        diagnosis.add(Finding('category_entry', f'found {entry!r:.80}', fix,
                              entry=row))
    elif taken:
        diagnosis.add(Finding(
            'category_id_duplicate', f'id {id_} is that of '
            f'{table.names[id_]!r:.60} and of {name!r:.60}', fix, entry=row))
    if fix != REPAIRED:
        return
    if new_name != new_name.strip():
        new_name = new_name.strip()
        diagnosis.add(Finding('category_name_space', f'name is {name!r:.60}',
                              REPAIRED, entry=row))
    table.repaired.add(id_)
    table.names[id_] = new_name
    if (id_, new_name) != (entry.get('id'), name) or not is_id(entry['id']):
        table.edits[row] = dict(id=id_, name=new_name)


def _judge_names(table: CategoryTable, diagnosis: Diagnosis) -> None:
    """Report names that occur twice."""
    seen: dict[str, int] = {}
    for id_, name in sorted(table.names.items()):
        if seen.setdefault(name, id_) != id_:
            diagnosis.add(Finding(
                'category_name_duplicate',
                f'{name!r:.60} is the name of {seen[name]} and of {id_}'))


def _note_ids(table: CategoryTable, diagnosis: Diagnosis) -> None:
    """Note ids that some tools would stumble over."""
    if 0 in table.repaired:
        diagnosis.count('category_id_zero', file=_label(table, 0))
    ids = sorted(table.repaired)
    if ids and ids != list(range(1, len(ids) + 1)):
        diagnosis.count('category_ids_not_1_to_n',
                        message=f'{len(ids)} ids from {ids[0]} to {ids[-1]}')


def _label(table: CategoryTable, id_: int) -> Any:
    return f'category {id_}, {table.names[id_]!r:.60}'

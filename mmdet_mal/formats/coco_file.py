"""Writing of a COCO JSON, an entry a line."""

import json
from collections.abc import Iterable
from typing import Any, TextIO

from mmdet_mal.labelling.files import write_then_rename


def write_coco(data: dict[str, Any], path: str) -> None:
    """Write a COCO dict; the file gets its name when it is whole.

    Args:
        data: Top-level keys in the order of the file.
        path: Of the file.
    """
    with write_then_rename(path) as file:
        separator = '{'
        for key, value in data.items():
            file.write(f'{separator}{json.dumps(key)}: ')
            separator = ',\n'
            if isinstance(value, list):
                write_lines(file, value)
            else:
                file.write(json.dumps(value))
        file.write('}\n')


def write_lines(file: TextIO, entries: Iterable[Any]) -> None:
    """Write a JSON list, an entry a line."""
    separator = '[\n'
    for entry in entries:
        file.write(separator + json.dumps(entry))
        separator = ',\n'
    file.write('[]' if separator == '[\n' else '\n]')

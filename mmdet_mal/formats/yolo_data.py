"""The data.yaml of a YOLO data set."""

import dataclasses
import os
from typing import Any

from mmdet_mal.utils.errors import UserError

from .probe import walk_files

_NAMES = ('data.yaml', 'data.yml', 'dataset.yaml', 'dataset.yml')
_SPLITS = ('train', 'val', 'test')


@dataclasses.dataclass(frozen=True)
class YoloData:
    """What a data.yaml says.

    Attributes:
        file: The file.
        root: Folder of the data set: its ``path`` where that exists here, else
            the folder of the file.
        names: Of the classes.
        splits: Folders or list files by name of the part.
    """

    file: str
    root: str
    names: list[str]
    splits: dict[str, list[str]]

    @classmethod
    def find(cls, path: str) -> str | None:
        """The data.yaml that is a path or lies in it; None if there is none."""
        if path.lower().endswith(('.yaml', '.yml')):
            return path
        for name in _NAMES:
            if os.path.isfile(os.path.join(path, name)):
                return os.path.join(path, name)
        return None

    @classmethod
    def load(cls, file: str | None) -> 'YoloData | None':
        """Read it.

        Args:
            file: None gives None.

        Raises:
            UserError: If it is no data.yaml of boxes or outlines.
        """
        if file is None:
            return None
        import yaml
        try:
            with open(file, encoding='utf-8-sig') as text:
                data = yaml.safe_load(text)
        except OSError as error:
            raise UserError(f'{file}: cannot be read: {error.strerror}') from None
        except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
            reason = ' '.join(str(error).split())[:200]
            raise UserError(f'{file}: is not valid YAML: {reason}') from None
        if not isinstance(data, dict) or 'names' not in data:
            raise UserError(f"{file}: no 'names' of classes in it; give the "
                            'data.yaml of the data set')
        if data.get('kpt_shape') is not None:
            raise UserError(f'{file}: is a data set of key points (kpt_shape); '
                            'only boxes and outlines are read')
        folder = os.path.dirname(os.path.abspath(file))
        root = os.path.join(folder, str(data.get('path') or ''))
        if not os.path.isdir(root):
            root = folder  # made on another machine
        return cls(file, os.path.relpath(root), _read_names(data['names'], file),
                   {split: _as_list(data.get(split), split, file)
                    for split in _SPLITS if data.get(split)})

    def images_of(self, split: str) -> set[str]:
        """Real paths of the images of a part.

        Raises:
            UserError: If a folder or list of it is not there.
        """
        found: set[str] = set()
        for entry in self.splits[split]:
            place = self._locate(entry)
            if os.path.isdir(place):
                found.update(map(os.path.realpath, walk_files(place)))
                continue
            folder = os.path.dirname(place)
            with open(place, encoding='utf-8-sig') as lines:
                for line in filter(None, map(str.strip, lines)):
                    # './' means the folder of the list.
                    base = folder if line.startswith('./') else self.root
                    found.add(os.path.realpath(os.path.join(base, line)))
        return found

    def _locate(self, entry: str) -> str:
        """Path of a folder or list; Roboflow writes one '../' too many."""
        here = os.path.dirname(os.path.abspath(self.file))
        for base in (self.root, here):
            for name in (entry, entry.removeprefix('../')):
                if os.path.exists(os.path.join(base, name)):
                    return os.path.join(base, name)
        raise UserError(f'{self.file}: {entry!r} is not below {self.root}; '
                        'correct the file')


def _read_names(names: Any, file: str) -> list[str]:
    """Names of classes from a list, or from an object by number."""
    if isinstance(names, dict):
        if sorted(names, key=str) != sorted(range(len(names)), key=str):
            raise UserError(f"{file}: 'names' has numbers {sorted(map(str, names))}"
                            f', expected 0 to {len(names) - 1}')
        names = [names[number] for number in range(len(names))]
    if not isinstance(names, list) or not names:
        raise UserError(f"{file}: 'names' is a {type(names).__name__}, expected a "
                        'list of names, or names by number')
    return [str(name) for name in names]


def _as_list(value: Any, split: str, file: str) -> list[str]:
    values = value if isinstance(value, list) else [value]
    if not all(isinstance(entry, str) for entry in values):
        raise UserError(f"{file}: '{split}' is {value!r:.80}, expected a folder, "
                        'a list file, or a list of these')
    return values

"""The folder of an experiment: what it is of, and who is working in it."""

import fcntl
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmdet_mal.labelling.files import check_writable, write_then_rename
from mmdet_mal.utils.errors import UserError

MANIFEST = 'experiment.json'
_LOCK = 'experiment.lock'
# How much of a value an error shows.
_SHOWN_CHARACTERS = 60


class ExperimentFolder:
    """A folder that belongs to one experiment; use it in a ``with`` block.

    On entry the folder is made, locked against a second process, and its
    manifest is written, or compared with the one that is there.

    Args:
        path (str | Path): the folder.
        manifest (Mapping): plain JSON values that decide the results.  The same
            manifest goes on with what is there, any other is refused.

    Raises:
        UserError: on entry; the folder cannot be written, another process is
            working in it, it holds another experiment, or files that no
            experiment wrote.
    """

    def __init__(self, path: str | Path, manifest: Mapping[str, Any]) -> None:
        self.path = Path(path)
        self._manifest = json.loads(json.dumps(manifest))
        self._lock: int | None = None

    def __enter__(self) -> 'ExperimentFolder':
        check_writable(str(self.path / MANIFEST), 'the experiment')
        self._acquire()
        try:
            self._claim()
        except BaseException:
            self._release()
            raise
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._release()

    @property
    def held(self) -> tuple[int, ...]:
        """Descriptors that commands should keep open: while one of them runs,
        nobody else works in the folder, even if we were killed."""
        return () if self._lock is None else (self._lock, )

    def _acquire(self) -> None:
        lock = os.open(self.path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC,
                       0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            raise UserError(
                f'{self.path}: another process is working in it (perhaps a '
                'training whose parent was killed); wait for it, stop it, or '
                'choose another --out') from None
        except OSError:
            pass  # a file system without locks
        self._lock = lock

    def _release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _claim(self) -> None:
        """Write the manifest, or compare it with the one that is there."""
        path = self.path / MANIFEST
        if not path.exists():
            found = sorted(p.name for p in self.path.iterdir()
                           if p.name not in (_LOCK, f'{MANIFEST}.tmp'))
            if found:
                raise UserError(
                    f'{self.path}: holds {", ".join(found[:3])}, which no '
                    'experiment wrote; choose a new folder with --out')
            with write_then_rename(str(path)) as file:
                json.dump(self._manifest, file, indent=2, sort_keys=True)
                file.write('\n')
            return
        differences = list_differences(read_json(path), self._manifest)
        if differences:
            raise UserError(
                f'{self.path}: holds another experiment: '
                f'{"; ".join(differences[:5])}'
                + (f'; and {len(differences) - 5} more'
                   if len(differences) > 5 else '')
                + '; choose a new folder with --out, or the settings of then')


def read_json(path: str | Path) -> dict:
    """A JSON object from a file that one of our tools wrote.

    Raises:
        UserError: absent, unreadable, or no JSON object.
    """
    try:
        content = json.loads(Path(path).read_text(encoding='utf-8'))
    except FileNotFoundError:
        raise UserError(f'{path}: no such file') from None
    except (OSError, ValueError) as error:
        raise UserError(f'{path}: cannot be read as JSON ({error}); remove it '
                        'to have it made anew') from None
    if not isinstance(content, dict):
        raise UserError(f'{path}: is a JSON {type(content).__name__}, expected '
                        'an object; remove it to have it made anew')
    return content


def write_json(path: str | Path, content: Mapping[str, Any]) -> None:
    """Write a JSON file that is whole or not there at all."""
    with write_then_rename(str(path)) as file:
        json.dump(content, file, indent=2)
        file.write('\n')


def list_differences(then: Any, now: Any, name: str = '') -> list[str]:
    """Phrases such as ``'data.images: 60 then, 159 now'``.

    Args:
        then (Any): plain JSON value found in the folder.
        now (Any): that of the run which is starting.
        name (str): dotted path of the value.
    """
    if isinstance(then, dict) and isinstance(now, dict):
        return [phrase for key in {**then, **now}
                for phrase in list_differences(
                    then.get(key, 'absent'), now.get(key, 'absent'),
                    f'{name}.{key}' if name else str(key))]
    if then == now:
        return []
    return [f'{name}: {_short(then)} then, {_short(now)} now']


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    if len(text) > _SHOWN_CHARACTERS:
        text = text[:_SHOWN_CHARACTERS - 1] + '…'
    return text

"""What ``mal auto`` remembers in its folder."""

import json
import os
import time
from collections.abc import Mapping
from typing import Any

from mmdet_mal.labelling.files import write_then_rename
from mmdet_mal.utils.errors import UserError
from mmdet_mal.version import __version__

STATE_NAME = 'auto.json'
FORMAT = 'mal-auto'
VERSION = 1
# Before this step is done, another start simply begins anew.
_DECIDED = 'plan'


class AutoState:
    """Inputs, choices and finished steps, in ``auto.json``.

    Every change is on disk, whole, when the method returns.

    Args:
        folder: Of the run.

    Attributes:
        path: Of ``auto.json``.
        started: What the run was started with, a dict of plain values; empty
            before :meth:`start`.
        notes: What steps found out and later ones need, by name.

    Raises:
        UserError: If the file is there and cannot be read.
    """

    def __init__(self, folder: str) -> None:
        self.path = os.path.join(folder, STATE_NAME)
        self.started: dict[str, Any] = {}
        self.notes: dict[str, Any] = {}
        self._steps: dict[str, dict[str, Any]] = {}
        if os.path.exists(self.path):
            self._load()

    def start(self, started: Mapping[str, Any]) -> None:
        """Begin a run, or prove that the one here was started the same way.

        Args:
            started: What decides the results.

        Raises:
            UserError: If the folder holds a run that was started otherwise.
        """
        started = json.loads(json.dumps(started))  # a tuple comes back as a list
        if _DECIDED not in self._steps and self.started != started:
            # Nothing has been computed: a person corrects the command.
            self.started, self.notes, self._steps = started, {}, {}
            self._save()
            return
        differences = [
            f'{key}: {_show(self.started.get(key))} then, '
            f'{_show(started.get(key))} now'
            for key in sorted({*self.started, *started})
            if self.started.get(key) != started.get(key)]
        if differences:
            raise UserError(
                f'{os.path.dirname(self.path)}: holds a run that was started '
                f"otherwise ({'; '.join(differences)}); start it as then, choose "
                'another folder with -o, or move that run aside with --restart')

    def note(self, **notes: Any) -> None:
        """Remember values for later steps."""
        self.notes.update(notes)
        self._save()

    def is_done(self, step: str) -> bool:
        """Whether a step is done and what it wrote is still there."""
        record = self._steps.get(step)
        return record is not None and all(
            os.path.exists(os.path.join(os.path.dirname(self.path), name))
            for name in record['wrote'])

    def finish(self, step: str, seconds: float, wrote: list[str]) -> None:
        """Note that a step is done.

        Args:
            step: Its name.
            seconds: That it took.
            wrote: Files and folders that it made, relative to the run's.
        """
        self._steps[step] = dict(
            done=time.strftime('%Y-%m-%dT%H:%M:%S%z'),
            seconds=round(seconds, 1), wrote=wrote)
        self._save()

    def _save(self) -> None:
        content = dict(format=FORMAT, version=VERSION, made_by=__version__,
                       started=self.started, steps=self._steps,
                       notes=self.notes)
        with write_then_rename(self.path) as file:
            json.dump(content, file, indent=2)
            file.write('\n')

    def _load(self) -> None:
        try:
            with open(self.path, encoding='utf-8') as file:
                content = json.load(file)
            if (content['format'], content['version']) == (FORMAT, VERSION):
                self.started, self.notes, self._steps = (
                    dict(content['started']), dict(content['notes']),
                    dict(content['steps']))
                return
            found = f"{content['format']!r}, version {content['version']!r}"
        except (OSError, ValueError, KeyError, TypeError) as error:
            found = f'{type(error).__name__}: {error}'
        raise UserError(
            f"{self.path}: is not what 'mal auto' of this version writes "
            f'({found}); choose another folder with -o, or move this run aside '
            'with --restart')


def _show(value: Any) -> str:
    """A value for a message; hashes are shortened."""
    text = 'nothing' if value is None else str(value)
    is_hash = len(text) == 64 and all(c in '0123456789abcdef' for c in text)
    return text[:12] if is_hash else text

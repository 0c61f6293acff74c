"""The folder of a page: made under another name, exchanged when it is whole."""

import json
import os
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import quote

from mmdet_mal.labelling.files import temporary_name
from mmdet_mal.utils.errors import UserError

# Says that a folder is ours, and what it was made from.
MARK = 'review.json'
_STATIC = Path(__file__).with_name('page')
_HTML = 'review.html'
_FOLDER_NAME = '@FOLDER@'


def folder_name(out_html: str) -> str:
    """Return the path of the folder that belongs to a page."""
    return f'{os.path.splitext(out_html)[0]}_files'


class PageFolder:
    """Where a page is put together.

    Used in a ``with`` block: what a person has to mend leaves nothing behind;
    after anything else (a signal, a full disk) the folder stays, and the next
    build of the same inputs goes on with it.

    Args:
        out_html: the page.
        inputs: what the page is made from, plain JSON.  An interrupted build
            goes on if it was of the same.

    Attributes:
        path (str): Where to write, until :meth:`publish`.

    Raises:
        UserError: if a folder of that name is not ours, and so is not replaced.
    """

    def __init__(self, out_html: str, inputs: dict[str, Any]) -> None:
        self._final = folder_name(out_html)
        self.path = temporary_name(self._final)
        self._inputs = inputs
        for path in (self._final, self.path):
            if os.path.lexists(path) and not _is_ours(path):
                raise UserError(
                    f'{path}: exists and is not the folder of a review page; '
                    'move it away, or choose another name with --out')
        if os.path.isdir(self.path) and _read_mark(self.path) != inputs:
            shutil.rmtree(self.path)
        os.makedirs(self.path, exist_ok=True)
        # First of all, so that what is killed from here on is ours.
        mark = os.path.join(self.path, MARK)
        if not os.path.exists(mark):
            with open(temporary_name(mark), 'w', encoding='utf-8') as file:
                json.dump(inputs, file)
            os.replace(temporary_name(mark), mark)

    def __enter__(self) -> 'PageFolder':
        return self

    def __exit__(self, kind: type | None, *rest: object) -> None:
        if kind is not None and issubclass(kind, UserError):
            shutil.rmtree(self.path, ignore_errors=True)

    def write_script(self, name: str, call: str, *arguments: Any) -> None:
        """Write data as a script, since pages of ``file://`` cannot fetch.

        Args:
            name: of the file in ``data/``, without ``.js``.
            call: the function of the page that takes the data.
            arguments: plain JSON.  Letters beyond ascii are escaped, so that
                no text can end or alter the script.
        """
        path = os.path.join(self.path, 'data', f'{name}.js')
        os.makedirs(os.path.dirname(path), exist_ok=True)
        values = ','.join(
            json.dumps(value, separators=(',', ':'), allow_nan=False)
            for value in arguments)
        with open(path, 'w', encoding='ascii') as file:
            file.write(f'malReview.receive.{call}({values});\n')

    def copy_static(self) -> str:
        """Copy the page's own scripts and styles; return its html."""
        for path in sorted(_STATIC.iterdir()):
            if path.suffix in ('.js', '.css'):
                shutil.copyfile(path, os.path.join(self.path, path.name))
        html = (_STATIC / _HTML).read_text(encoding='utf-8')
        # quote leaves nothing that html could misread.
        return html.replace(_FOLDER_NAME, quote(os.path.basename(self._final)))

    def megabytes(self) -> float:
        """Size of all files, in 10**6 bytes."""
        return sum(
            os.path.getsize(os.path.join(folder, name))
            for folder, _, names in os.walk(self.path)
            for name in names) / 1e6

    def publish(self) -> None:
        """Give the folder its name; an older one of ours is replaced."""
        old = f'{self._final}.old'
        if os.path.isdir(old) and _is_ours(old):
            shutil.rmtree(old)
        if os.path.isdir(self._final):
            os.rename(self._final, old)
        os.rename(self.path, self._final)
        shutil.rmtree(old, ignore_errors=True)


def _is_ours(path: str) -> bool:
    """Whether a folder was made by this module (an empty one may be used)."""
    if os.path.islink(path) or not os.path.isdir(path):
        return False
    return os.path.exists(os.path.join(path, MARK)) or not os.listdir(path)


def _read_mark(path: str) -> Any:
    try:
        with open(os.path.join(path, MARK), encoding='utf-8') as file:
            return json.load(file)
    except (OSError, ValueError):
        return None

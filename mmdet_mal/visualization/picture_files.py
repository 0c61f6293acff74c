"""Pictures and pages as files that are whole or not there."""

import os
import tempfile

from mmdet_mal.utils.errors import UserError


def write_png_bytes(path: str, content: bytes) -> None:
    """Write the content of a PNG file, whole or not at all.

    Args:
        path (str): Ends in ``.png``; its folder is made where it is missing.
        content (bytes): All of it.

    Raises:
        UserError: the name has another suffix, or cannot be written.
    """
    if not path.lower().endswith('.png'):
        raise UserError(f'{path}: the picture is a PNG, name it so')
    write_bytes(path, content)


def write_bytes(path: str, content: bytes) -> None:
    """Write a file so that its name holds all of it or the older one.

    Args:
        path (str): Its folder is made where it is missing.
        content (bytes): All of it.

    Raises:
        UserError: it cannot be written.
    """
    folder = os.path.dirname(os.path.abspath(path))
    try:
        os.makedirs(folder, exist_ok=True)
        handle, temporary = tempfile.mkstemp(
            dir=folder, prefix=f'{os.path.basename(path)}.tmp')
        try:
            with open(handle, 'wb') as file:
                file.write(content)
                os.fchmod(file.fileno(), 0o644)  # mkstemp's is for the owner alone
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            os.remove(temporary)
            raise
    except OSError as error:
        raise UserError(f'{path}: cannot be written '
                        f'({error.strerror or error})') from error

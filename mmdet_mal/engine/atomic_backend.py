"""Files that are there whole or not at all."""

import os
import os.path as osp
from pathlib import Path

from mmengine.fileio import LocalBackend, register_backend


@register_backend('mal_atomic')
class AtomicLocalBackend(LocalBackend):
    """Local disk, but a file gets its name only once it is written.

    ``CheckpointHook(backend_args=dict(backend='mal_atomic'))`` then survives
    being killed, and a full disk, while it saves: the stock backend leaves a
    torn checkpoint under the right name.
    """

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Write bytes under a temporary name, then rename.

        Args:
            obj (bytes): The content.
            filepath (str | Path): The name that it gets; an older file of
                that name is replaced.
        """
        filepath = os.fspath(filepath)
        os.makedirs(osp.dirname(filepath) or '.', exist_ok=True)
        temporary = f'{filepath}.tmp{os.getpid()}'
        try:
            with open(temporary, 'wb') as file:
                file.write(obj)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, filepath)
        except BaseException:
            if osp.exists(temporary):
                os.remove(temporary)
            raise

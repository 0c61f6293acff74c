"""Files that are there whole or not at all."""

import os
import os.path as osp
from pathlib import Path

from mmengine.fileio import LocalBackend, register_backend

from mmdet_mal.labelling.files import sync_folder, temporary_name


@register_backend('mal_atomic')
class AtomicLocalBackend(LocalBackend):
    """Local disk, but a file gets its name only once it is written.

    ``CheckpointHook(backend_args=dict(backend='mal_atomic'))`` then survives
    being killed, a full disk and a power cut while it saves: the stock backend
    leaves a torn checkpoint under the right name.
    """

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Write bytes under a temporary name, then rename.

        Args:
            obj (bytes): The content.
            filepath (str | Path): The name that it gets; an older file of
                that name is replaced.
        """
        filepath = os.fspath(filepath)
        folder = osp.dirname(osp.abspath(filepath))
        os.makedirs(folder, exist_ok=True)
        # The same name each time: what a killed run left is overwritten.
        temporary = temporary_name(filepath)
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
        sync_folder(folder)

    def put_text(self,
                 obj: str,
                 filepath: str | Path,
                 encoding: str = 'utf-8') -> None:
        """Write a text likewise.

        Args:
            obj (str): The content.
            filepath (str | Path): The name that it gets.
            encoding (str): Defaults to 'utf-8'.
        """
        self.put(obj.encode(encoding), filepath)

"""What runs in a Ray worker process: a labeller that lives with its model."""

import os
import platform
from typing import Any

import mmdet_mal

from .chunk_labeller import ChunkLabeller, LabelTask


class LabelActor:
    """Labels chunks for a driver on another process or machine.

    A plain class that does not import Ray: :class:`.pool.RayPool` turns
    it into an actor.  Nothing heavy happens before :meth:`start`, so that an
    exception while the model is built reaches the driver with its cause.
    """

    def __init__(self) -> None:
        self._labeller: ChunkLabeller | None = None

    def start(self, task: LabelTask) -> dict[str, Any]:
        """Build the model.

        Args:
            task: from Ray's object store.

        Returns:
            ``node``, ``pid``, ``device`` and ``version`` (of this package) for
            the driver's log and checks.
        """
        self._labeller = ChunkLabeller(task)
        return dict(node=platform.node(), pid=os.getpid(),
                    device=self._labeller.device,
                    version=mmdet_mal.__version__)

    def label(self, chunk: int) -> list[dict[str, Any]]:
        """Label one chunk; see :meth:`.ChunkLabeller.label`."""
        if self._labeller is None:
            raise RuntimeError('start comes before label')
        return self._labeller.label(chunk)

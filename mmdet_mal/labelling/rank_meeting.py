"""Ranks that wait for each other, for as long as it takes, and can be stopped."""

import itertools
import json
import time
from typing import Any

from mmengine.dist import get_rank, get_world_size
from torch.distributed import PrefixStore
from torch.distributed.distributed_c10d import _get_default_store

from .errors import LabelRunError

_POLL_SECONDS = .1
_numbers = itertools.count()


class RankMeeting:
    """What the ranks of one label run tell each other.

    A collective (``barrier``) would do, but for three things: it fails when one
    rank is slower than the others by the process group's time limit (10 minutes
    with NCCL), no signal gets through while a rank waits in it, and a rank that
    stopped alone leaves the others hanging.  So the ranks leave notes in the
    store of the process group and look for them.  A rank that was killed leaves
    no note: to end the others is then the launcher's task (torchrun does;
    ``srun`` does with ``--kill-on-bad-exit=1``).

    All ranks must make their meetings in the same order.
    """

    def __init__(self) -> None:
        self.rank = get_rank()
        self.world_size = get_world_size()
        self._store = None
        if self.world_size > 1:
            self._store = PrefixStore(f'mal_label_run/{next(_numbers)}',
                                      _get_default_store())

    def share(self, value: Any = None) -> Any:
        """Hand the first rank's value to all.

        Args:
            value: of the first rank, plain JSON; the others' is ignored.

        Returns:
            The first rank's value.

        Raises:
            LabelRunError: if a rank has left.
        """
        if self._store is None:
            return value
        if self.rank == 0:
            self._store.set('value', json.dumps(value))
            return value
        self._wait_for(['value'])
        return json.loads(self._store.get('value'))

    def arrive(self) -> None:
        """Tell the others that this rank's share is done."""
        if self._store is not None:
            self._store.set(f'arrived/{self.rank}', '1')

    def wait_for_all(self) -> None:
        """Wait until every rank has arrived.

        Raises:
            LabelRunError: if a rank has left.
        """
        if self._store is not None:
            self._wait_for([f'arrived/{r}' for r in range(self.world_size)])

    def leave(self, reason: str) -> None:
        """Tell the others that this rank will not arrive.

        Args:
            reason: for people, one line.
        """
        if self._store is None:
            return
        try:
            self._store.set('left', f'rank {self.rank}: {reason}')
        except RuntimeError:
            pass  # the store is gone, and so are the others

    def _wait_for(self, keys: list[str]) -> None:
        while True:
            try:
                if self._store.check(keys):
                    return
                left = (self._store.get('left').decode()
                        if self._store.check(['left']) else None)
            except RuntimeError as error:
                left = f'the first rank cannot be reached ({error})'
            if left is not None:
                raise LabelRunError(
                    f'another process of this label run has ended ({left}); '
                    'start the same command again, it resumes there')
            time.sleep(_POLL_SECONDS)

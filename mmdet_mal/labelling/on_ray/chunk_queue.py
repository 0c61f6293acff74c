"""Which worker labels which chunk next, when workers are slow or die."""

from collections import Counter, deque
from collections.abc import Hashable, Iterable


class ChunkQueue:
    """Hands out chunks to workers as they become free; nothing is lost.

    The rules, in this order:

    * Chunks go out in ascending order, ``depth`` of them to a worker at once, so
      that one is decoded while the other is inferred.
    * A chunk that failed, or was lost with its worker, is tried again on its
      own, on a worker that has nothing else.  So a chunk that kills workers (an
      image too large for the memory, say) takes no neighbour with it twice.
    * After ``max_retries`` retries a chunk is given up, and the others go on.
    * When nothing is left to hand out, idle workers get copies of the chunks
      that have been out for longest: the end of a run does not wait for a slow
      or hung worker.  The first result of a chunk counts.

    There is no clock, no thread and no Ray in here: ``benchmarks/skew.py``
    simulates with the same object that a run on Ray uses.

    Args:
        chunks: indices of the chunks to label, in the order of their turn.
        max_retries: how often a chunk is tried again, 0 or more.
        depth: chunks that a worker holds at once, at least 1.

    Attributes:
        given_up (dict[int, str]): chunks that failed too often, with the
            reason of their last failure.
    """

    def __init__(self, chunks: Iterable[int], max_retries: int = 3,
                 depth: int = 2) -> None:
        if max_retries < 0:
            raise ValueError(f'max_retries is {max_retries}, expected 0 or more')
        if depth < 1:
            raise ValueError(f'depth is {depth}, expected at least 1')
        self.max_retries = max_retries
        self.depth = depth
        self.given_up: dict[int, str] = {}
        self._fresh = deque(chunks)
        self._suspects: deque[int] = deque()
        self._failures: Counter[int] = Counter()
        self._held: dict[Hashable, list[int]] = {}
        # The workers of each chunk that is out, in the order in which the
        # chunks went out.
        self._holders: dict[int, list[Hashable]] = {}

    @property
    def finished(self) -> bool:
        """Whether every chunk is done or given up."""
        return not (self._fresh or self._suspects or self._holders)

    def add_worker(self, worker: Hashable) -> None:
        """Make a worker known; it holds nothing yet."""
        if worker in self._held:
            raise ValueError(f'worker {worker!r} is known already')
        self._held[worker] = []

    def take(self, worker: Hashable) -> int | None:
        """Give a worker its next chunk.

        Args:
            worker: known by :meth:`add_worker`.

        Returns:
            The chunk's index, or None if there is nothing for this worker now;
            ask again after the next result or loss.
        """
        held = self._held[worker]
        if any(self._failures[chunk] for chunk in held):
            return None  # a chunk on its second try stays alone
        chunk = None
        if not held and self._suspects:
            chunk = self._suspects.popleft()
        elif len(held) < self.depth and self._fresh:
            chunk = self._fresh.popleft()
        elif not held and not self._fresh and not self._suspects:
            chunk = self._oldest_single()
        if chunk is not None:
            held.append(chunk)
            self._holders.setdefault(chunk, []).append(worker)
        return chunk

    def finish(self, worker: Hashable, chunk: int) -> bool:
        """Take note of a result.

        Args:
            worker: that labelled the chunk.
            chunk: its index.

        Returns:
            Whether the result is the first of its chunk; others are dropped.
        """
        if worker in self._held and chunk in self._held[worker]:
            self._held[worker].remove(chunk)
        return self._holders.pop(chunk, None) is not None

    def fail(self, worker: Hashable, chunk: int, reason: str) -> None:
        """Take note that a worker raised instead of labelling a chunk.

        Args:
            worker: that tried.
            chunk: its index.
            reason: in one line, for people.
        """
        self._held[worker].remove(chunk)
        self._put_back(worker, chunk, reason)

    def lose(self, worker: Hashable, reason: str) -> list[int]:
        """Take note that a worker is gone.

        Args:
            worker: that died; it is forgotten.
            reason: in one line, for people.

        Returns:
            The chunks that were lost with it, also those tried elsewhere.
        """
        lost = self._held.pop(worker)
        for chunk in lost:
            self._put_back(worker, chunk, reason)
        return lost

    def _put_back(self, worker: Hashable, chunk: int, reason: str) -> None:
        """Queue a chunk again unless it is done, held elsewhere or hopeless."""
        holders = self._holders.get(chunk)
        if holders is None:
            return  # another worker was first
        self._failures[chunk] += 1
        holders.remove(worker)
        if holders:
            return
        del self._holders[chunk]
        if self._failures[chunk] > self.max_retries:
            self.given_up[chunk] = reason
        else:
            self._suspects.append(chunk)

    def _oldest_single(self) -> int | None:
        """The longest-held chunk of one worker only, that never failed."""
        for chunk, holders in self._holders.items():
            if len(holders) == 1 and not self._failures[chunk]:
                return chunk
        return None

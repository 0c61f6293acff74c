"""Label actors on a Ray cluster: started, fed, replaced when they die."""

import contextlib
import dataclasses
import os
import time
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from mmengine.logging import MMLogger

import mmdet_mal
from mmdet_mal.labelling.errors import LabelRunError
from mmdet_mal.utils.errors import UserError

from .actor import LabelActor
from .chunk_labeller import LabelTask
from .chunk_queue import ChunkQueue

# Seconds between two looks at the stop flag while no result comes.
_POLL = 0.5
# Seconds that chunks in work get to finish once a run is to stop.
_GRACE = 30.
# Seconds without any actor after which a person is told what is waited for.
_PATIENCE = 60.
# More chunks than this given up: not some images are at fault but the set-up.
_MAX_GIVEN_UP = 10
# Characters of an error that a message repeats; Ray's are pages.
_MAX_REASON = 300
# They decide how numbers are rounded, so actors get them from the driver.
_NUMERICS = ('OMP_NUM_THREADS', 'MKL_NUM_THREADS', 'MKL_CBWR',
             'CUBLAS_WORKSPACE_CONFIG')


@dataclasses.dataclass(frozen=True)
class ActorOptions:
    """How many actors, and what each gets.

    Attributes:
        actors: number of actors; None takes as many as the cluster can hold.
        gpus: GPUs of an actor, may be a fraction; None is 1 where the
            cluster has GPUs, else 0.
        cpus: CPU cores of an actor.
    """

    actors: int | None = None
    gpus: float | None = None
    cpus: float = 1.

    def resolve(self, resources: dict[str, float]) -> 'ActorOptions':
        """Fill in what was left open.

        Args:
            resources: of the cluster, as ``ray.cluster_resources()`` says.

        Raises:
            UserError: if the cluster cannot hold one actor.
        """
        gpus = self.gpus
        if gpus is None:
            gpus = 1. if resources.get('GPU', 0) >= 1 else 0.
        room = [int(resources.get(name, 0) / amount)
                for name, amount in (('GPU', gpus), ('CPU', self.cpus)) if amount]
        actors = min(room, default=1) if self.actors is None else self.actors
        if actors < 1:
            raise UserError(
                f"the cluster has {resources.get('GPU', 0):g} GPUs and "
                f"{resources.get('CPU', 0):g} CPUs, an actor needs {gpus:g} and "
                f'{self.cpus:g}; say less with --gpus-per-actor and '
                '--cpus-per-actor, or how many will come with --actors')
        return ActorOptions(actors, gpus, self.cpus)


class RayPool:
    """Actors that label the chunks of a queue, whatever happens to them.

    An actor whose process is killed or whose node is lost is replaced, and its
    chunks go back to the queue.  A replacement that finds no room stays
    pending and is not waited for.  Ray's own retries are not used: they would
    tie a chunk to its actor, so the chunks of a lost node would wait for the
    next node.

    Args:
        ray: the connected module.
        task: what to label with what.
        queue: of the chunks to label; known to no other pool.
        options: resolved.
        actor_class: made into actors; has the methods of :class:`LabelActor`.
    """

    def __init__(self, ray: ModuleType, task: LabelTask, queue: ChunkQueue,
                 options: ActorOptions, actor_class: type = LabelActor) -> None:
        self._ray = ray
        self._queue = queue
        self._log = MMLogger.get_current_instance()
        # Once for all actors, and once a node: the store is shared memory.
        self._task = ray.put(task)
        environment = {
            name: os.environ[name] for name in _NUMERICS if name in os.environ}
        # As many threads as chunks at once: one decodes while one infers.
        self._actor_class = ray.remote(actor_class).options(
            num_cpus=options.cpus, num_gpus=options.gpus,
            max_concurrency=queue.depth, max_restarts=0,
            runtime_env=dict(env_vars=environment))
        self._actors: dict[int, Any] = {}
        self._starting: dict[Any, int] = {}  # actors by their start()
        self._out: dict[Any, tuple[int, int]] = {}  # (actor, chunk) by label()
        self._names: dict[int, str] = {}  # of the actors that are ready
        self._num_started = 0
        self._failed_starts = 0  # in a row
        self._stopping = False
        self._unattended = time.monotonic()
        for _ in range(options.actors):
            self._start_actor()

    def results(self, stopped: Callable[[], bool] = lambda: False
                ) -> Iterator[tuple[int, list[dict[str, Any]]]]:
        """Yield (chunk, records) as they come, each chunk once.

        Ends when every chunk is done or given up, or, once ``stopped()`` is
        true, when the chunks in work are done (after half a minute at most).

        Args:
            stopped: asked at least every half second.

        Raises:
            UserError: if no actor can be started, or too many chunks fail.
        """
        deadline = None
        while not self._queue.finished:
            if deadline is None and stopped():
                deadline = time.monotonic() + _GRACE
                self._stopping = True
                self._starting.clear()
            if deadline is None:
                self._hand_out()
            elif not self._out or time.monotonic() > deadline:
                return
            done, _ = self._ray.wait([*self._starting, *self._out],
                                     num_returns=1, timeout=_POLL)
            for ref in done:
                if ref in self._starting:
                    self._end_start(ref)
                elif (result := self._end_chunk(ref)) is not None:
                    yield result
            self._remind()

    def close(self) -> None:
        """End the actors, whatever they are doing."""
        for actor in self._actors.values():
            self._kill(actor)
        self._actors.clear()
        self._out.clear()

    def _start_actor(self) -> None:
        number = self._num_started
        self._num_started += 1
        self._actors[number] = actor = self._actor_class.remote()
        self._starting[actor.start.remote(self._task)] = number

    def _hand_out(self) -> None:
        """Give every actor that is ready as much as it may hold."""
        for number in self._names:
            while (chunk := self._queue.take(number)) is not None:
                ref = self._actors[number].label.remote(chunk)
                self._out[ref] = (number, chunk)

    def _end_start(self, ref: Any) -> None:
        """An actor is ready, or dead before it was."""
        number = self._starting.pop(ref)
        errors = self._ray.exceptions
        try:
            about = self._ray.get(ref)
        except errors.RayTaskError as error:
            # Such as weights that do not fit: the next actor would fail too.
            if isinstance(error.cause, UserError):
                raise error.cause from None
            raise
        except errors.RayError as error:
            self._failed_starts += 1
            self._replace(number, _reason(error))
            return
        if about['version'] != mmdet_mal.__version__:
            raise UserError(
                f"{about['node']}: has mmdet-mal {about['version']}, here is "
                f'{mmdet_mal.__version__}; install the same on all nodes')
        self._failed_starts = 0
        name = f"actor {number} ({about['device']} of {about['node']}, "
        self._names[number] = name = f"{name}process {about['pid']})"
        self._queue.add_worker(number)
        self._log.info(f'Ray: {name} is ready')

    def _end_chunk(self, ref: Any) -> tuple[int, list[dict[str, Any]]] | None:
        """Return the result of a chunk, or see to what went wrong."""
        number, chunk = self._out.pop(ref)
        errors = self._ray.exceptions
        try:
            records = self._ray.get(ref)
        except errors.RayTaskError as error:
            # With the traceback of the actor: it may be a bug.
            self._log.warning(
                f'Ray: chunk {chunk} failed on {self._names[number]}: {error}')
            self._queue.fail(number, chunk, _reason(error.cause))
        except errors.RayError as error:
            self._replace(number, _reason(error))
        else:
            if self._queue.finish(number, chunk):
                return chunk, records
        if len(self._queue.given_up) > _MAX_GIVEN_UP:
            raise LabelRunError(
                f'{len(self._queue.given_up)} chunks failed more than '
                f'{self._queue.max_retries} times each, the last one because: '
                f'{list(self._queue.given_up.values())[-1]}; mend that and start '
                'the same command again, it resumes')
        return None

    def _replace(self, number: int, reason: str) -> None:
        """Bury an actor, put its chunks back, start another one."""
        name = self._names.pop(number, None)
        lost = [] if name is None else self._queue.lose(number, reason)
        self._out = {ref: held for ref, held in self._out.items()
                     if held[0] != number}
        # It may live on behind a broken connection.
        self._kill(self._actors.pop(number))
        self._log.warning(
            f'Ray: {name or f"actor {number}"} is lost'
            + (f' with chunks {lost}, which others take over' if lost else '')
            + f': {reason}')
        if self._stopping:
            return
        if self._failed_starts <= self._queue.max_retries:
            self._start_actor()
        elif not self._actors:
            raise LabelRunError(
                f'no Ray actor could be started, {self._failed_starts} died in '
                f'a row: {reason}')
        if not self._names:
            self._unattended = time.monotonic()

    def _remind(self) -> None:
        """Tell a person, now and then, that there is nobody who works."""
        now = time.monotonic()
        if self._names or now - self._unattended < _PATIENCE:
            return
        self._unattended = now
        free = self._ray.available_resources()
        self._log.warning(
            f'Ray: no actor is ready yet, {len(self._starting)} are starting or '
            f"wait for room; free in the cluster: {free.get('GPU', 0):g} GPUs, "
            f"{free.get('CPU', 0):g} CPUs")

    def _kill(self, actor: Any) -> None:
        with contextlib.suppress(self._ray.exceptions.RayError, ValueError):
            self._ray.kill(actor)


def _reason(error: BaseException) -> str:
    """What went wrong, in one line of bounded length."""
    text = f"{type(error).__name__}: {' '.join(str(error).split())}"
    return text if len(text) <= _MAX_REASON else f'{text[:_MAX_REASON]}…'

"""Label on a Ray cluster: the driver's side of a run."""

import contextlib
import dataclasses
import math

import numpy as np
from mmengine.config import Config
from mmengine.logging import MMLogger

from mmdet_mal.labelling.box_bar import box_bar
from mmdet_mal.labelling.errors import LabelRunError
from mmdet_mal.labelling.run import LabelRun
from mmdet_mal.labelling.signals import LabelRunStopped, StopSignals
from mmdet_mal.labelling.summary import LabelSummary

from .chunk_labeller import LabelTask, hook_options
from .chunk_queue import ChunkQueue
from .cluster import import_ray, joined_cluster
from .pool import ActorOptions, RayPool

_LISTED_CHUNKS = 3


@dataclasses.dataclass(frozen=True)
class RayOptions:
    """Where and how a run is spread.

    Attributes:
        address: see :func:`.cluster.joined_cluster`.
        actors: how many label, and what each gets.
        max_retries: how often a chunk that failed, or whose actor died, is
            tried again.
        show_progress: draw a bar that counts boxes.
    """

    address: str = 'auto'
    actors: ActorOptions = ActorOptions()
    max_retries: int = 3
    show_progress: bool = True


def label_on_ray(config: Config, checkpoint: str | None, out_file: str,
                 run_dir: str | None = None,
                 options: RayOptions | None = None) -> LabelSummary:
    """Label the test data set of a config with actors on a Ray cluster.

    The driver alone reads config, weights and boxes, hands them to the actors
    through Ray's object store, and writes every result through the same
    :class:`.run.LabelRun` as ``tools/label.py``, to the shard of rank 0.  So
    the masks JSON is the same, byte for byte; either tool resumes what the
    other has begun; and a driver that is killed loses the chunks in work.
    Images are read by the actors: every node must see them under the same
    path.  SIGINT and SIGTERM let the chunks in work finish.

    Args:
        config: with the places of the boxes and the images set.
        checkpoint: path of the weights; None if the labeller is not trained.
        out_file: the masks JSON to write.
        run_dir: the run's folder, see :class:`.run.LabelRun`.
        options: where and how; by default on the cluster of this machine.

    Returns:
        What was written.

    Raises:
        UserError: if something a person can mend is wrong; what is labelled
            by then is kept.
        LabelRunStopped: after a signal; what is labelled by then is kept.
    """
    options = options or RayOptions()
    import_ray()  # before the boxes are read, which may take minutes
    task = LabelTask.from_files(config, checkpoint)
    hook = hook_options(config)
    run = LabelRun(task.dataset.ann_file, out_file, run_dir,
                   **{key: hook[key] for key in ('sync_interval', 'if_changed')
                      if key in hook})
    done = run.prepare(task.manifest())
    left = np.setdiff1d(np.arange(len(task.dataset)), done)
    MMLogger.get_current_instance().info(
        f'Label run {run.run_dir}: {len(done)} of {len(task.dataset)} chunks '
        'are done already')
    if len(left):
        queue = ChunkQueue(left.tolist(), options.max_retries)
        run.open_shard(0)
        try:
            _label_chunks(task, left, queue, run, options)
        except LabelRunStopped as stop:
            run.report_stop(stop)
            raise
        finally:
            run.close()
        if queue.given_up:
            raise LabelRunError(_explain(task, queue))
    # Boxes and the index of the shards need not be in memory at once.
    task.dataset.release()
    return run.finish()


def _label_chunks(task: LabelTask, left: np.ndarray, queue: ChunkQueue,
                  run: LabelRun, options: RayOptions) -> None:
    """Label what is in the queue and store it."""
    sizes = task.dataset.chunk_sizes
    wanted = math.ceil((options.actors.actors or 1) * options.actors.cpus)
    with contextlib.ExitStack() as stack:
        ray = stack.enter_context(
            joined_cluster(options.address, wanted, task.nbytes))
        actors = options.actors.resolve(ray.cluster_resources())
        # After ray.init, which sets a handler of its own.
        signals = stack.enter_context(StopSignals())
        bar = stack.enter_context(box_bar(
            int(sizes.sum()), int(sizes.sum() - sizes[left].sum()),
            text=f'label ({actors.actors} actors)',
            enabled=options.show_progress))
        pool = RayPool(ray, task, queue, actors)
        stack.callback(pool.close)
        stack.enter_context(signals.finishing())
        for chunk, records in pool.results(lambda: signals.signal is not None):
            run.add(chunk, records)
            bar.update(len(records))
        signals.raise_if_stopped()


def _explain(task: LabelTask, queue: ChunkQueue) -> str:
    """Name the chunks that were given up, with their images."""
    given_up = list(queue.given_up.items())
    listed = '; '.join(f'{task.describe(chunk)}: {reason}'
                       for chunk, reason in given_up[:_LISTED_CHUNKS])
    more = len(given_up) - _LISTED_CHUNKS
    return (f'{len(given_up)} chunks could not be labelled in '
            f'{queue.max_retries + 1} attempts each: {listed}'
            + (f'; and {more} more' if more > 0 else '')
            + '; all others are stored, so mend the cause and start the same '
            'command again')

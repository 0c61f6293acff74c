"""Labels as a hook: MMEngine's test loop in, masks JSON out."""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from mmengine.dist import barrier, broadcast_object_list, get_rank
from mmengine.hooks import Hook
from mmengine.logging import MMLogger
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner

from mmdet_mal.labelling.errors import LabelRunError
from mmdet_mal.labelling.manifest import (
    LabelManifest,
    hash_config,
    hash_file,
    hash_weights,
)
from mmdet_mal.labelling.records import make_failure, make_record
from mmdet_mal.labelling.run import LabelRun
from mmdet_mal.registry import HOOKS


@HOOKS.register_module()
class PseudoLabelHook(Hook):
    """Write the masks of a test run, so that a crash loses nothing.

    Each rank appends its chunks to a shard of its own while the test loop
    runs; at the end the first rank merges them into the masks JSON, validates
    it and gives it its name (DESIGN section 4).  Starting the same test again
    resumes at the chunks that are not done.  Nothing is gathered in memory.

    The test data loader must serve ``mmdet_mal.LabelChunkDataset`` through
    ``mmdet_mal.collate_chunk`` and, to resume and to run on several ranks,
    ``mmdet_mal.ChunkSampler``.  Training and validation are not touched.

    Args:
        out_file (str): The masks JSON; ``{work_dir}`` stands for the runner's.
            Defaults to ``'{work_dir}/masks.json'``.
        run_dir (str, optional): Folder of the manifest and the shards, shared
            by all ranks; ``{work_dir}`` as above.  Defaults to ``out_file``
            with ``.run`` in place of ``.json``.
        sync_interval (int): Chunks between two syncs to disk.  A killed
            process loses no finished chunk whatever the number; a power cut
            loses at most so many.  Defaults to 8.
        if_changed (str): What to do when ``run_dir`` holds a run of another
            checkpoint, config or input: 'refuse' or 'restart', which deletes
            that run's shards.  Defaults to 'refuse'.
        options (dict, optional): Further settings that decide the masks; they
            become part of the manifest.  Defaults to None.
    """

    # After every hook that might change the outputs.
    priority = 'VERY_LOW'

    def __init__(self,
                 out_file: str = '{work_dir}/masks.json',
                 run_dir: str | None = None,
                 sync_interval: int = 8,
                 if_changed: str = 'refuse',
                 options: dict[str, Any] | None = None) -> None:
        self.out_file = out_file
        self.run_dir = run_dir
        self.sync_interval = sync_interval
        self.if_changed = if_changed
        self.options = dict(options or {})
        self._run: LabelRun | None = None

    def before_test(self, runner: Runner) -> None:
        """Open the run and skip what is done.

        Raises:
            LabelRunError: On every rank alike, if the run cannot start.
        """
        dataset = runner.test_loop.dataloader.dataset
        if not hasattr(dataset, 'chunk_boxes'):
            raise LabelRunError(
                f'PseudoLabelHook labels chunks, but test_dataloader.dataset is '
                f'a {type(dataset).__name__}; use mmdet_mal.LabelChunkDataset')
        self._run = LabelRun(
            dataset.ann_file,
            self.out_file.format(work_dir=runner.work_dir),
            self.run_dir and self.run_dir.format(work_dir=runner.work_dir),
            self.sync_interval, self.if_changed)
        done = self._prepare(runner)
        self._skip(runner, done)
        self._run.open_shard(get_rank())

    def after_test_iter(self,
                        runner: Runner,
                        batch_idx: int,
                        data_batch: dict[str, Any],
                        outputs: Sequence | None = None) -> None:
        """Store the chunk that was labelled.

        Args:
            runner (Runner): The runner.
            batch_idx (int): Number of the chunk on this rank.
            data_batch (dict): As ``mmdet_mal.collate_chunk`` returns it.
            outputs (Sequence[DetDataSample]): One sample a box, with
                ``pred_instances`` as :func:`mmdet_mal.labelling.inference.
                annotate_sample` sets them.
        """
        records = [record_of(sample) for sample in outputs or ()]
        records += [make_failure(ann_id, reason)
                    for ann_id, reason in data_batch.get('failed', ())]
        self._run.add(int(data_batch['chunk_index']), records)

    def after_test(self, runner: Runner) -> None:
        """Merge the shards of all ranks, on the first one.

        The other ranks do not wait for it: a long merge would run into the
        time limit of the process group.
        """
        self._run.close()
        # Every shard is on disk before the first rank reads them.
        barrier()
        if get_rank() == 0:
            MMLogger.get_current_instance().info(str(self._run.finish()))
        self._run = None

    def _prepare(self, runner: Runner) -> np.ndarray:
        """Prepare the run on the first rank; return the done chunks to all.

        Only the first rank looks at the folder: the others might see shards
        that are being written already and divide the rest differently.
        """
        message: list[Any] = [None, None]
        error = None
        if get_rank() == 0:
            try:
                message[0] = self._run.prepare(self._manifest(runner))
            except Exception as exception:
                error = exception
                message[1] = str(exception)
        broadcast_object_list(message)
        if error is not None:
            raise error
        if message[1] is not None:
            raise LabelRunError(message[1])
        return message[0]

    def _manifest(self, runner: Runner) -> LabelManifest:
        """Describe the run that is starting."""
        dataset = runner.test_loop.dataloader.dataset
        checkpoint = runner._load_from
        if checkpoint and os.path.isfile(checkpoint):
            checkpoint_sha256 = hash_file(checkpoint)
        else:  # no file, a URL, or what --resume found: the weights themselves
            model = runner.model
            model = model.module if is_model_wrapper(model) else model
            checkpoint_sha256 = hash_weights(model.state_dict())
        return LabelManifest(
            checkpoint_sha256=checkpoint_sha256,
            config_sha256=hash_config(runner.cfg),
            input_sha256=hash_file(dataset.ann_file),
            num_chunks=len(dataset),
            options=dict(self.options, chunk_boxes=dataset.chunk_boxes),
            names=dict(
                checkpoint=str(checkpoint or 'weights in memory'),
                config=str(runner.cfg.filename or ''),
                input=dataset.ann_file))

    def _skip(self, runner: Runner, done: np.ndarray) -> None:
        """Tell the sampler which chunks need no work."""
        total = len(runner.test_loop.dataloader.dataset)
        MMLogger.get_current_instance().info(
            f'Label run {self._run.run_dir}: {len(done)} of {total} chunks are '
            'done already')
        sampler = runner.test_loop.dataloader.sampler
        if hasattr(sampler, 'set_done'):
            sampler.set_done(done.tolist())
        elif len(done):
            raise LabelRunError(
                f'{self._run.run_dir}: cannot resume with a '
                f'{type(sampler).__name__}; set test_dataloader.sampler to '
                "dict(type='mmdet_mal.ChunkSampler')")


def record_of(sample: Any) -> dict[str, Any]:
    """Build the record of a labelled sample.

    Args:
        sample (DetDataSample): Meta data ``ann_id``; ``pred_instances`` of
            length 1 with ``masks`` (RLE), ``scores`` and ``mal`` (components).

    Returns:
        dict: See :func:`mmdet_mal.labelling.records.make_record`.
    """
    instances = sample.pred_instances
    return make_record(sample.ann_id, instances.masks[0],
                       float(instances.scores[0]), instances.mal[0])

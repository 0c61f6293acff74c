"""Labels as a hook: MMEngine's test loop in, masks JSON out."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmengine.hooks import Hook
from mmengine.logging import MMLogger
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from tqdm import tqdm

from mmdet_mal.labelling.box_bar import box_bar
from mmdet_mal.labelling.errors import LabelRunError
from mmdet_mal.labelling.manifest import LabelManifest, describe_run
from mmdet_mal.labelling.rank_meeting import RankMeeting
from mmdet_mal.labelling.records import make_failure, make_record
from mmdet_mal.labelling.run import LabelRun
from mmdet_mal.labelling.share import Share
from mmdet_mal.labelling.signals import LabelRunStopped
from mmdet_mal.machine.precision import Precision
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
        share (str, optional): ``'i/n'``: label only part i of n, counted from
            0, and do not merge; other machines do the rest on their own.
            Defaults to None.
        progress (str): 'none': log what happens; or 'bar': print it, and show
            the boxes of the first rank with rate and remaining time.  Defaults
            to 'none'.
    """

    # After every hook that might change the outputs.
    priority = 'VERY_LOW'

    def __init__(self,
                 out_file: str = '{work_dir}/masks.json',
                 run_dir: str | None = None,
                 sync_interval: int = 8,
                 if_changed: str = 'refuse',
                 options: dict[str, Any] | None = None,
                 share: str | None = None,
                 progress: str = 'none') -> None:
        if progress not in ('none', 'bar'):
            raise ValueError(f"progress must be 'none' or 'bar', got {progress!r}")
        self.out_file = out_file
        self.run_dir = run_dir
        self.sync_interval = sync_interval
        self.if_changed = if_changed
        self.options = dict(options or {})
        self.share = Share.parse(share) if share else None
        self.progress = progress
        self._run: LabelRun | None = None
        self._meeting: RankMeeting | None = None
        self._bar: tqdm | None = None

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
            self.sync_interval, self.if_changed, self.share)
        self._meeting = RankMeeting()
        done = self._prepare(runner)
        self._skip(runner, done)
        self._run.open_shard(self._meeting.rank)

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
        self._bar.update(len(records))

    def after_test(self, runner: Runner) -> None:
        """Merge the shards of all ranks, on the first one.

        The other ranks do not wait for it.

        Raises:
            LabelRunError: If another rank has ended, or as
                :meth:`~mmdet_mal.labelling.run.LabelRun.finish` does.
        """
        self._bar.close()
        self._run.close()
        # Its columns and the index of the shards need not be in memory at once.
        release = getattr(runner.test_loop.dataloader.dataset, 'release', None)
        if release is not None:
            release()
        self._meeting.arrive()
        if self._meeting.rank == 0:
            # Every shard is on disk before the first rank reads them.
            self._meeting.wait_for_all()
            if self.share is None:
                text = str(self._run.finish())
            else:
                text = self._run.share_report()
            self._tell(text)
        self._run = None

    def after_label_stop(self, runner: Runner, error: BaseException) -> None:
        """Flush what is done when something ends the loop early.

        Args:
            runner (Runner): The runner.
            error (BaseException): What ends it; ``LabelRunStopped`` if it was
                a signal.
        """
        if self._bar is not None:
            self._bar.close()
        run, self._run = self._run, None
        if run is None:
            return
        try:
            run.close()
        finally:
            self._meeting.leave(f'{type(error).__name__}: {error}'.splitlines()[0])
        if isinstance(error, LabelRunStopped) and self._meeting.rank == 0:
            run.report_stop(error)

    def _tell(self, text: str) -> None:
        """Say something to the person who watches."""
        if self.progress == 'none':
            MMLogger.get_current_instance().info(text)
        elif self._meeting.rank == 0:
            print(text, flush=True)

    def _prepare(self, runner: Runner) -> np.ndarray:
        """Prepare the run on the first rank; return the done chunks to all.

        Only the first rank looks at the folder: the others might see shards
        that are being written already and divide the rest differently.
        """
        message: dict[str, Any] = {}
        error = None
        if self._meeting.rank == 0:
            try:
                dataset = runner.test_loop.dataloader.dataset
                message['done'] = self._run.prepare(
                    self._manifest(runner), dataset.chunk_sizes).tolist()
                message['precision'] = precision_name(runner.test_loop)
            except Exception as exception:
                error = exception
                message['error'] = str(exception)
        message = self._meeting.share(message)
        if error is not None:
            raise error
        if 'error' in message:
            raise LabelRunError(message['error'])
        if hasattr(runner.test_loop, 'precision'):
            # Ranks on other machines might choose otherwise, and mix.
            runner.test_loop.precision = Precision(
                message['precision'], 'chosen by the first rank')
        return np.array(message['done'], dtype=np.int64)

    def _manifest(self, runner: Runner) -> LabelManifest:
        """Describe the run that is starting."""
        model = runner.model
        model = model.module if is_model_wrapper(model) else model
        return describe_run(
            runner.cfg, runner.test_loop.dataloader.dataset, runner._load_from,
            # Where there is no file: a URL, or what --resume found.
            weights=model.state_dict,
            options=dict(self.options,
                         precision=precision_name(runner.test_loop)))

    def _skip(self, runner: Runner, done: np.ndarray) -> None:
        """Tell the sampler which chunks need no work; set up the bar."""
        dataset = runner.test_loop.dataloader.dataset
        sizes = dataset.chunk_sizes
        others = np.zeros(0, dtype=np.int64)
        if self.share is not None:
            first, last = self.share.chunk_range(sizes)
            others = np.r_[:first, last:len(sizes)]
        self._tell(
            f'Label run {self._run.run_dir}: {len(done)} of {len(sizes)} chunks '
            'are done already'
            + (f'; {len(others)} are for other shards' if len(others) else ''))
        skipped = np.union1d(done, others)
        sampler = runner.test_loop.dataloader.sampler
        mine = np.zeros(0, dtype=np.int64)
        if hasattr(sampler, 'set_done'):
            sampler.set_done(skipped.tolist())
            mine = np.fromiter(sampler, np.int64)
        elif len(skipped):
            raise LabelRunError(
                f'{self._run.run_dir}: cannot '
                f"{'resume' if len(done) else 'label a share'} with a "
                f'{type(sampler).__name__}; set test_dataloader.sampler to '
                "dict(type='mmdet_mal.ChunkSampler')")
        ranks = self._meeting.world_size
        self._bar = box_bar(
            int(sizes[mine].sum()),
            text='label' if ranks == 1 else f'label (rank 0 of {ranks})',
            enabled=self.progress == 'bar' and self._meeting.rank == 0)


def precision_name(loop: Any) -> str:
    """What a test loop has its model compute in, for the manifest."""
    if hasattr(loop, 'precision'):
        return loop.precision.name
    return 'fp16' if getattr(loop, 'fp16', False) else 'fp32'


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

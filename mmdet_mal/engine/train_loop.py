"""A training loop that goes on exactly where it was cut off."""

import os
from collections.abc import Sequence
from typing import Any

from mmengine.dist import broadcast_object_list, get_rank
from mmengine.runner import EpochBasedTrainLoop
from torch.utils.data import DataLoader

from mmdet_mal.machine.workers import with_workers
from mmdet_mal.registry import LOOPS
from mmdet_mal.utils.errors import UserError
from mmdet_mal.utils.randomness import seed_process

# Keep these random numbers apart from those of the samples, which are 0.
_STEP_STREAM = 1
_EPOCH_STREAM = 2

# Where a run stands, in the message hub and so in every checkpoint.
_DONE = 'epoch_iters_done'
_LENGTH = 'epoch_iters'
_ORDER = 'epoch_order'
# All that older checkpoints tell of the order: the number of processes.
_RANKS = 'epoch_ranks'


class ResumeError(UserError):
    """A checkpoint cannot be gone on from with these settings."""


@LOOPS.register_module()
class ResumableTrainLoop(EpochBasedTrainLoop):
    """MMEngine's loop by epochs, reproducible from any of its iterations.

    The stock loop resumes at the beginning of an epoch and draws other random
    numbers than the run that was cut off.  Here

    * a checkpoint saved in the middle of an epoch
      (``CheckpointHook(by_epoch=False)``) resumes at the next batch;
    * the random numbers of a step (dropout, drop path) are seeded from the
      run's seed, the rank and the iteration;
    * those of a sample (crop, flip, colour) from the run's seed, the epoch
      and the index: the loop puts
      :class:`~mmdet_mal.datasets.seeded_samples.SeededSamples` around the
      data set of the config.

    On a CPU the resumed run has the losses and weights of an uninterrupted
    one to the last bit, with any number of workers; docs/training.md says
    what else this takes.

    Args:
        runner (Runner): The runner.
        dataloader (DataLoader | dict): Its sampler must be
            ``mmdet_mal.ResumableSampler``.
        max_epochs (int): Epochs of the whole run.
        **kwargs: ``val_begin``, ``val_interval`` and ``dynamic_intervals`` of
            the stock loop.

    Raises:
        UserError: If the sampler is another one.
    """

    def __init__(self, runner: Any, dataloader: DataLoader | dict,
                 max_epochs: int, **kwargs: Any) -> None:
        # Here, as it imports all transforms, which most users of the engine
        # package do not need.
        from mmdet_mal.datasets.samplers import ResumableSampler
        from mmdet_mal.datasets.seeded_samples import SeededSamples
        if isinstance(dataloader, dict):
            dataloader = dict(
                dataloader,
                dataset=dict(
                    type=SeededSamples, dataset=dataloader['dataset']))
            dataloader = with_workers(dataloader)
        super().__init__(runner, dataloader, max_epochs, **kwargs)
        self._sampler = self.dataloader.sampler
        if not isinstance(self._sampler, ResumableSampler):
            raise UserError(
                'ResumableTrainLoop cannot resume with a '
                f'{type(self._sampler).__name__}; set train_dataloader.'
                "sampler.type='mmdet_mal.ResumableSampler' and no "
                "batch_sampler, or train_cfg.type='EpochBasedTrainLoop', "
                'which repeats an epoch that was cut off')
        self._resume_at = 0
        self._seed = 0

    def run(self) -> Any:
        """Train from where the checkpoint stands to the end.

        Returns:
            nn.Module: The model.

        Raises:
            ResumeError: If the checkpoint lies within an epoch of another
                length or order.
        """
        # The checkpoint may have brought another seed than the config, and
        # with diff_rank_seed each rank has its own; the order needs one.
        seeds = [self.runner.seed]
        broadcast_object_list(seeds)
        self._seed = self._sampler.seed = seeds[0]
        self._resume_at = self._iterations_done()
        if self._resume_at:
            self.runner.logger.info(
                f'Going on in epoch {self._epoch + 1} after '
                f'{self._resume_at} of its {len(self.dataloader)} iterations')
        return super().run()

    def run_epoch(self) -> None:
        """Train one epoch, or what is left of it."""
        # By the epoch, not the iteration: hooks that draw here draw the same
        # when the epoch is entered again.
        seed_process(_EPOCH_STREAM, self._seed, get_rank(), self._epoch)
        self.runner.call_hook('before_train_epoch')
        self.runner.model.train()
        done, self._resume_at = self._resume_at, 0
        self._sampler.set_epoch(self._epoch)
        self._sampler.start_at(done * self.dataloader.batch_size)
        for idx, data_batch in enumerate(self.dataloader, start=done):
            self.run_iter(idx, data_batch)
        # A checkpoint of the epoch's end belongs to the next one.
        self.runner.message_hub.update_info(_DONE, 0)
        self.runner.call_hook('after_train_epoch')
        self._epoch += 1

    def run_iter(self, idx: int, data_batch: Sequence[dict]) -> None:
        """Train on one batch.

        Args:
            idx (int): Its number in the epoch.
            data_batch (Sequence[dict]): From the data loader.
        """
        seed_process(_STEP_STREAM, self._seed, get_rank(), self._iter)
        self.runner.message_hub.update_info(_DONE, idx + 1)
        super().run_iter(idx, data_batch)

    def _iterations_done(self) -> int:
        """Iterations of the current epoch that the checkpoint has behind it."""
        hub, length = self.runner.message_hub, len(self.dataloader)
        # The hub may hold what another run of this process left there.
        fresh = self._iter == 0
        before = length if fresh else hub.get_info(_LENGTH, length)
        done = 0 if fresh else hub.get_info(
            _DONE, self._iter - self._epoch * length)
        order = self._sampler.order_settings
        order_before = order if fresh else self._order_before(order)
        hub.update_info(_LENGTH, length)
        hub.update_info(_DONE, done)
        hub.update_info(_ORDER, order)
        if done and order_before != order:
            raise ResumeError(
                f'{os.fspath(self.runner._load_from or "the checkpoint")}: '
                'was saved within an epoch in the order of '
                f'{_in_words(order_before)}, but it is that of '
                f'{_in_words(order)} now; resume with the settings of then, or '
                'from a checkpoint of the end of an epoch')
        if done and before != length or not 0 <= done <= length:
            raise ResumeError(
                f'{os.fspath(self.runner._load_from or "the checkpoint")}: '
                f'was saved {done} iterations into an epoch of {before}, but '
                f'with these settings an epoch has {length}; resume with the '
                'batch size, number of processes and data of then, or from a '
                'checkpoint of the end of an epoch')
        if before != length:
            self.runner.logger.warning(
                f'An epoch had {before} iterations when the checkpoint was '
                f'saved and has {length} now: counts and schedules by '
                'iteration no longer agree with those by epoch')
        return done

    def _order_before(self, order: dict[str, int]) -> dict[str, int]:
        """The order of the checkpoint; where it does not tell, that of now."""
        hub = self.runner.message_hub
        ranks = hub.get_info(_RANKS)
        if ranks is not None and 'processes' in order:
            order = {**order, 'processes': ranks}
        return hub.get_info(_ORDER, order)


def _in_words(settings: dict[str, int]) -> str:
    """Settings for a message."""
    return ', '.join(f'{name}={value}' for name, value in settings.items())

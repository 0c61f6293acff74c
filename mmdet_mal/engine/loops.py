"""The loop of a label run."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from mmengine.device import get_device
from mmengine.model import is_model_wrapper
from mmengine.runner import TestLoop

from mmdet_mal.labelling.background import BackgroundWorker
from mmdet_mal.labelling.signals import (StopSignals, ignore_stop_signals,
                                         starting_workers)
from mmdet_mal.machine.precision import precision_of
from mmdet_mal.machine.workers import with_workers
from mmdet_mal.registry import LOOPS


@LOOPS.register_module()
class LabelLoop(TestLoop):
    """MMEngine's test loop for label runs: overlapped, and stopped with care.

    **Overlap.**  While the model infers a chunk, the data loader's workers
    decode the next ones, and a thread encodes the ones before: probability maps
    to run lengths, records, the line in the shard.  A model takes part with two
    methods, ``infer_maps(inputs, data_samples)`` and ``encode_maps(maps,
    data_samples)``, as :class:`~mmdet_mal.models.MaskAutoLabeler` has them; of
    any other model only what follows ``test_step`` overlaps.  ``evaluator``
    and the hooks' ``after_test_iter`` see the chunks in order, one at a time,
    **in that thread**.

    **Signals.**  After SIGINT or SIGTERM the chunks in work are completed, the
    hooks' ``after_label_stop(runner, error)`` is called, and
    :class:`~mmdet_mal.labelling.signals.LabelRunStopped` ends the process with
    130 or 143.  The same method is called when an exception ends the loop.
    Workers of the data loader leave signals to this process.

    **Chunks of which no image can be read** hold no crop, only the list of
    their failed boxes.  The model is left out and the hooks see the chunk with
    no outputs, so that :class:`~mmdet_mal.engine.hooks.PseudoLabelHook` stores
    its failures.

    Args:
        runner (Runner): As for the stock loop, like the following.
        dataloader (DataLoader | dict): Serves chunks.
        evaluator (Evaluator | dict | list): May be an empty list.
        fp16 (bool): As in the stock loop; better say ``precision``.  Defaults
            to False.
        encode_ahead (int): Chunks that may wait for the encoding thread or be
            in it; bounds the memory that their maps take.  Defaults to 2.
        precision (str): Of the network: 'fp32', 'bf16', or 'auto', which takes
            bf16 where processor or GPU have units for it.  All ranks take what
            the first one chose, and the run's manifest has it.  Defaults to
            'auto'.

    Attributes:
        precision (Precision): What was chosen.
    """

    def __init__(self, runner: Any, dataloader: Any, evaluator: Any,
                 fp16: bool = False, encode_ahead: int = 2,
                 precision: str = 'auto') -> None:
        self.precision = precision_of(
            dict(fp16=fp16, precision=precision), get_device())
        if isinstance(dataloader, dict):
            dataloader = with_workers(dataloader)
        super().__init__(runner, dataloader, evaluator, fp16)
        self.encode_ahead = encode_ahead
        if hasattr(self.dataloader.sampler, 'set_workers'):
            self.dataloader.sampler.set_workers(self.dataloader.num_workers)
        self.dataloader.worker_init_fn = partial(
            _start_worker, then=self.dataloader.worker_init_fn)

    def run(self) -> dict:
        """Label all chunks of this rank.

        Returns:
            dict: What the evaluator says; empty without one.

        Raises:
            LabelRunStopped: After a signal.
        """
        with StopSignals() as signals:
            try:
                self.runner.call_hook('before_test')
                self.runner.call_hook('before_test_epoch')
                self.runner.model.eval()
                with signals.finishing():
                    self._label(signals)
                signals.raise_if_stopped()
                metrics = self.evaluator.evaluate(len(self.dataloader.dataset))
                self.runner.call_hook('after_test_epoch', metrics=metrics)
                self.runner.call_hook('after_test')
            except BaseException as error:
                self.runner.call_hook('after_label_stop', error=error)
                raise
        return metrics

    def _label(self, signals: StopSignals) -> None:
        """Label chunk after chunk, until a signal comes."""
        with starting_workers():
            chunks = iter(self.dataloader)
        try:
            with BackgroundWorker(self.encode_ahead) as encoder:
                for idx, data_batch in enumerate(chunks):
                    if signals.signal is not None:
                        break
                    self.run_iter(idx, data_batch, encoder.submit)
        except BaseException:
            _end_workers(chunks)
            raise

    @torch.no_grad()
    def run_iter(self, idx: int, data_batch: dict[str, Any],
                 submit: Callable[..., None] | None = None) -> None:
        """Label one chunk.

        Args:
            idx (int): Number of the chunk on this rank.
            data_batch (dict): As ``mmdet_mal.collate_chunk`` returns it.
            submit (Callable, optional): Takes a function and its arguments for
                later.  Without it the chunk is completed at once.
        """
        self.runner.call_hook(
            'before_test_iter', batch_idx=idx, data_batch=data_batch)
        encode = self._infer(data_batch)
        if submit is None:
            self._complete(idx, data_batch, encode)
        else:
            submit(self._complete, idx, data_batch, encode)

    def _infer(self, data_batch: dict[str, Any]) -> Callable[[], list]:
        """Run the network; return what makes its outputs of the results."""
        if len(data_batch['data_samples']) == 0:
            return list
        model = self.runner.model
        model = model.module if is_model_wrapper(model) else model
        with self.precision.autocast(get_device()):
            if not hasattr(model, 'encode_maps'):
                outputs = model.test_step(data_batch)
                return lambda: outputs
            data = model.data_preprocessor(data_batch, False)
            maps = model.infer_maps(data['inputs'], data['data_samples'])
        # Where there is a GPU, its results are waited for in the thread.
        return partial(model.encode_maps, maps, data['data_samples'])

    def _complete(self, idx: int, data_batch: dict[str, Any],
                  encode: Callable[[], list]) -> None:
        """Encode a chunk and show it to the evaluator and the hooks."""
        outputs = encode()
        if outputs:
            self.evaluator.process(data_samples=outputs, data_batch=data_batch)
        self.runner.call_hook(
            'after_test_iter', batch_idx=idx, data_batch=data_batch,
            outputs=outputs)


def _end_workers(chunks: Any) -> None:
    """End the workers of a data loader's iterator, if it has any.

    The traceback of an exception keeps the iterator alive until the process
    ends.  Then multiprocessing would ask its workers by SIGTERM, which they leave
    to us, and wait for them for ever.
    """
    shut_down = getattr(chunks, '_shutdown_workers', None)
    if shut_down is not None:
        shut_down()


def _start_worker(worker_id: int, then: Callable[[int], None] | None) -> None:
    """Prepare a worker of the data loader."""
    ignore_stop_signals()
    if then is not None:
        then(worker_id)

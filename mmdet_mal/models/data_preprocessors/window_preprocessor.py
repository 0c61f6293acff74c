"""Makes the crops of a batch, and the student's view of them, on the device."""

from typing import Any

from mmdet.models.data_preprocessors import MultiBranchDataPreprocessor
from mmdet.structures import DetDataSample
from torch import Tensor

from mmdet_mal.datasets.windows.sampled_window import SampledWindow
from mmdet_mal.datasets.windows.window_batch import WindowBatch
from mmdet_mal.registry import MODELS
from mmdet_mal.utils.errors import UserError
from mmdet_mal.utils.setting_error import SettingError

from .colour import CHANGES, gaussian_blur
from .resample import cut_crops


@MODELS.register_module()
class WindowDataPreprocessor(MultiBranchDataPreprocessor):
    """mmdet's preprocessor of student and teacher, for windows too.

    A batch of :func:`~mmdet_mal.datasets.windows.collate_windows` is moved,
    padded, resized, mirrored, coloured and normalised on the device; every
    sample gets what the worker drew for it.  Any other batch, such as the
    crops of a label run, is treated as mmdet's does.  Nothing here waits for
    the device.

    Args:
        data_preprocessor (dict): ``mmdet.DetDataPreprocessor``: mean, std and
            order of the colours.

    Raises:
        ValueError: If it would pad crops or change batches otherwise.
    """

    def __init__(self, data_preprocessor: dict) -> None:
        super().__init__(data_preprocessor)
        inner = self.data_preprocessor
        if inner.pad_size_divisor != 1 or inner.batch_augments is not None:
            raise SettingError(
                'WindowDataPreprocessor makes crops of one size, got '
                f'pad_size_divisor={inner.pad_size_divisor} and '
                f'batch_augments={inner.batch_augments}; leave them out')

    def forward(self, data: dict, training: bool = False) -> dict:
        """Make the model's input.

        Args:
            data (dict): ``inputs`` and ``data_samples`` of a data loader.
            training (bool): Whether the student and teacher views are wanted.

        Returns:
            dict: In training ``inputs`` and ``data_samples``, each with
            ``student`` and ``teacher``; else the plain view alone.

        Raises:
            UserError: If windows were batched by another function.
        """
        if not isinstance(data['inputs'], WindowBatch):
            _refuse_uncollated(data['inputs'])
            return super().forward(data, training)
        batch = data['inputs'].to(self.device)
        samples = self._on_device(data['data_samples'], batch)
        plain = cut_crops(batch.pixels, batch.axes, batch.size, batch.padding,
                          batch.taps)
        teacher = self._normalise(plain)
        if not training:
            return dict(inputs=teacher, data_samples=samples)
        student = self._normalise(_coloured(plain, batch))
        return dict(inputs=dict(student=student, teacher=teacher),
                    data_samples=dict(student=samples, teacher=samples))

    def _normalise(self, crops: Tensor) -> Tensor:
        """As ``DetDataPreprocessor`` does, without a list of indices.

        A list would be copied to the device each time, and waited for.
        """
        inner = self.data_preprocessor
        if inner._channel_conversion:
            crops = crops.flip(1)
        if inner._enable_normalize:
            crops = (crops - inner.mean) / inner.std
        return crops

    @staticmethod
    def _on_device(samples: list[DetDataSample],
                   batch: WindowBatch) -> list[DetDataSample]:
        """The samples with boxes and labels that are views of the batch's."""
        for row, sample in enumerate(samples):
            sample.gt_instances.bboxes = batch.boxes[row:row + 1]
            sample.gt_instances.labels = batch.labels[row:row + 1]
            sample.set_metainfo(
                dict(batch_input_shape=batch.size, pad_shape=batch.size))
        return samples


def _refuse_uncollated(inputs: Any) -> None:
    """Say what is wrong with windows that are no batch."""
    if isinstance(inputs, list) and isinstance(inputs[0], SampledWindow):
        raise UserError(
            f'WindowDataPreprocessor: got a list of {len(inputs)} windows, not '
            'a batch of them; set train_dataloader.collate_fn='
            "dict(type='mmdet_mal.collate_windows')")


def _coloured(crops: Tensor, batch: WindowBatch) -> Tensor:
    """The crops with the changes of colour of the batch."""
    crops = crops.clone()
    for name, start, stop in batch.steps:
        rows, values = batch.rows[start:stop], batch.values[start:stop]
        chosen = crops.index_select(0, rows)
        if name == 'blur':
            chosen = gaussian_blur(chosen, values, batch.blur_reach)
        else:
            chosen = CHANGES[name](chosen, values)
        crops.index_copy_(0, rows, chosen)
    return crops

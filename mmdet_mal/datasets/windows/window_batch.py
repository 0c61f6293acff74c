"""Windows of a batch in few tensors, made by a worker of the data loader."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from mmdet.structures import DetDataSample
from torch import Tensor

from mmdet_mal.registry import FUNCTIONS

from .colour_draw import SLOTS
from .sampled_window import LENGTH, SHOWN, SampledWindow

# Pixels are padded to multiples of this, so that few shapes occur and the
# device's memory is reused.
BUCKET = 64


@dataclasses.dataclass(frozen=True)
class WindowBatch:
    """What a device needs to make the crops of a batch.

    Everything that decides the shapes of what the device computes is a plain
    number here: the device is never asked.

    Attributes:
        pixels (Tensor): (N, H, W, 3) uint8, BGR; a window lies in the upper
            left corner, the rest is 0.
        axes (Tensor): (N, 2, 4) int64, see :class:`.SampledWindow`.
        boxes (Tensor): (N, 4) float32, xyxy in crop pixels.
        labels (Tensor): (N,) int64.
        rows (Tensor): (R,) int64: samples, step by step.
        values (Tensor): (R,) float32: what the step takes for each of them.
        steps (tuple): Changes of colour (name, start, stop): the slice of
            ``rows`` and ``values`` that it concerns, in the order in which
            they are done.
        size (tuple[int, int]): Height and width of the crops.
        padding (str): 'reflect' or 'zero'.
        taps (tuple[int, int]): How many pixels a pixel of a crop is made of
            at most, along rows and columns.
        blur_reach (int): How many pixels on either side a box blur reads at
            most; 0 without a blur.
    """

    pixels: Tensor
    axes: Tensor
    boxes: Tensor
    labels: Tensor
    rows: Tensor
    values: Tensor
    steps: tuple[tuple[str, int, int], ...]
    size: tuple[int, int]
    padding: str
    taps: tuple[int, int]
    blur_reach: int

    def __len__(self) -> int:
        """Number of samples."""
        return len(self.pixels)

    def pin_memory(self) -> 'WindowBatch':
        """The batch in pinned memory; a data loader calls this."""
        return self._map(Tensor.pin_memory)

    def to(self, device: torch.device | str) -> 'WindowBatch':
        """The batch on a device; pinned memory is copied in the background.

        Args:
            device (torch.device | str): Which.

        Returns:
            WindowBatch: The copy.
        """
        return self._map(lambda tensor: tensor.to(device, non_blocking=True))

    def _map(self, change: Any) -> 'WindowBatch':
        return dataclasses.replace(
            self, **{field.name: change(value)
                     for field in dataclasses.fields(self)
                     if isinstance(value := getattr(self, field.name), Tensor)})


@FUNCTIONS.register_module()
def collate_windows(samples: Sequence[dict]) -> dict[str, Any]:
    """Batch of what :class:`.PackWindow` packs.

    Args:
        samples (Sequence[dict]): At least one, all of one crop size and
            padding.

    Returns:
        dict: ``inputs``, a :class:`.WindowBatch`, and ``data_samples``, a
        list.

    Raises:
        ValueError: If the samples differ in crop size or padding.
    """
    windows: list[SampledWindow] = [sample['inputs'] for sample in samples]
    data_samples: list[DetDataSample] = [s['data_samples'] for s in samples]
    kinds = {(window.size, window.padding) for window in windows}
    if len(kinds) != 1:
        raise ValueError('a batch needs crops of one size and padding, got '
                         f'{sorted(kinds)}')
    (size, padding), = kinds
    axes = np.stack([window.axes for window in windows])
    height, width = (-(-axes[:, :, SHOWN].max(axis=0) // BUCKET) *
                     BUCKET).tolist()
    pixels = torch.zeros((len(windows), height, width, 3), dtype=torch.uint8)
    for canvas, window in zip(pixels.numpy(), windows, strict=True):
        h, w = window.pixels.shape[:2]
        canvas[:h, :w] = window.pixels
    instances = [sample.gt_instances for sample in data_samples]
    rows, values, steps = _group_steps(windows)
    return dict(
        inputs=WindowBatch(
            pixels=pixels,
            axes=torch.from_numpy(axes),
            boxes=torch.cat([i.bboxes.tensor for i in instances]),
            labels=torch.cat([i.labels for i in instances]),
            rows=torch.tensor(rows, dtype=torch.int64),
            values=torch.tensor(values, dtype=torch.float32),
            steps=steps,
            size=size,
            padding=padding,
            taps=tuple(max(2, -(-int(longest) // side) + 1) for longest, side
                       in zip(axes[:, :, LENGTH].max(axis=0), size,
                              strict=True)),
            blur_reach=max((int(value) + 1 for name, start, stop in steps
                            if name == 'blur'
                            for value in values[start:stop]), default=0)),
        data_samples=data_samples)


def _group_steps(
    windows: Sequence[SampledWindow]
) -> tuple[list[int], list[float], tuple[tuple[str, int, int], ...]]:
    """Samples that get the same change in the same slot, together."""
    slots: list[dict[str, list[tuple[int, float]]]] = [{} for _ in range(SLOTS)]
    for row, window in enumerate(windows):
        for slot, name, value in window.colour.steps:
            slots[slot].setdefault(name, []).append((row, value))
    rows: list[int] = []
    values: list[float] = []
    steps = []
    for group in slots:
        for name, members in sorted(group.items()):
            steps.append((name, len(rows), len(rows) + len(members)))
            rows += [row for row, _ in members]
            values += [value for _, value in members]
    return rows, values, tuple(steps)

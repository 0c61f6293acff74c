"""Processor seconds of the data loader, transform by transform."""

import contextlib
import time
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

# Time of transforms that hold others, without that of the others.
_OWN = 'copies for the views'


class PartClock:
    """Adds up processor seconds of this thread by name.

    Attributes:
        seconds: By name, in the order in which the names first came.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._running: list[str] = []
        self._since = 0.

    @contextlib.contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Count what is done inside for ``name``, less what is for parts of it."""
        self._switch()
        self._running.append(name)
        self.seconds.setdefault(name, 0.)
        try:
            yield
        finally:
            self._switch()
            self._running.pop()

    def _switch(self) -> None:
        now = time.thread_time()
        if self._running:
            self.seconds[self._running[-1]] += now - self._since
        self._since = now


class _Timed:
    """A transform that counts its time; everything else is the transform's."""

    def __init__(self, transform: Any, name: str, clock: PartClock) -> None:
        self._transform, self._name, self._clock = transform, name, clock

    def __call__(self, results: dict) -> Any:
        with self._clock.part(self._name):
            return self._transform(results)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transform, name)


def time_training(dataset: Any, picks: Iterable[int],
                  seed: int = 0) -> dict[str, float]:
    """Read samples of a training data set.

    Args:
        dataset: A ``BoxInstanceDataset`` without cached images; its pipeline
            counts from now on.
        picks: Positions of the samples.
        seed: Of what the transforms draw.

    Returns:
        Processor seconds a sample, by part.
    """
    clock = PartClock()
    _time_transforms(dataset.pipeline, clock)
    return _timed(dataset, list(picks), clock, seed)


def time_labelling(dataset: Any, picks: Iterable[int],
                   seed: int = 0) -> dict[str, float]:
    """Read chunks of boxes to label.

    Args:
        dataset: A ``LabelChunkDataset``; counts from now on.
        picks: Positions of the chunks.
        seed: As for :func:`time_training`.

    Returns:
        Processor seconds a box, by part; ``'decode'`` among them.
    """
    clock = PartClock()
    _time_transforms(dataset.pipeline, clock)
    load = dataset._load

    def timed_load(info: dict) -> Any:
        with clock.part('decode'):
            return load(info)

    dataset._load = timed_load
    picks = list(picks)
    boxes = int(dataset.chunk_sizes[picks].sum())
    seconds = _timed(dataset, picks, clock, seed)
    return {name: value * len(picks) / boxes for name, value in seconds.items()}


def _timed(dataset: Any, picks: list[int], clock: PartClock,
           seed: int) -> dict[str, float]:
    """Seconds of each part, the mean over the picks."""
    import random
    random.seed(seed)
    np.random.seed(seed)
    dataset[picks[0]]  # imports
    if hasattr(dataset, 'forget_image'):  # chunks to label
        dataset.forget_image()
    clock.seconds.clear()
    for pick in picks:
        with clock.part('the rest'):
            dataset[pick]
    return {name: value / len(picks) for name, value in clock.seconds.items()}


def _time_transforms(pipeline: Any, clock: PartClock, where: str = '') -> None:
    """Wrap the transforms of a ``Compose``, and those within them, in place."""
    for i, transform in enumerate(pipeline.transforms):
        if isinstance(transform, _Timed):
            raise ValueError('the pipeline is being timed already')
        name = type(transform).__name__
        branches = getattr(transform, 'branch_pipelines', None)
        if branches is not None:
            for branch, inner in branches.items():
                _time_transforms(inner, clock, f'{branch}: ')
            name = _OWN
        elif hasattr(getattr(transform, 'transforms', None), 'transforms'):
            _time_transforms(transform.transforms, clock, where)
            name = 'the rest'
        else:
            name = where + _plain_name(name)
        pipeline.transforms[i] = _Timed(transform, name, clock)


def _plain_name(name: str) -> str:
    """What people call a transform."""
    return {
        'LoadBoxImage': 'decode', 'CropBox': 'crop and resize',
        'RandomCropFlip': 'flip', 'PackDetInputs': 'pack',
        'ColorJitter': 'jitter', 'FastColorJitter': 'jitter',
        'RandomGrayscale': 'grey', 'GaussianBlur': 'blur',
        'RandomBoxExpansion': 'expansion', 'FixedBoxExpansion': 'expansion',
    }.get(name, name)

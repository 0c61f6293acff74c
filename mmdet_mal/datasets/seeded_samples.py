"""Augmentations that depend on the sample alone."""

import contextlib
from typing import Any

from mmengine.registry import DATASETS as MMENGINE_DATASETS
from torch.utils.data import Dataset

from mmdet_mal.datasets.samplers.sample_key import SampleKey
from mmdet_mal.registry import DATASETS
from mmdet_mal.utils.randomness import seeded

# Keeps these random numbers apart from those of the training steps.
_STREAM = 0


def seeded_as(key: SampleKey) -> contextlib.AbstractContextManager[None]:
    """A block whose random numbers are those of a sample of an epoch."""
    return seeded(_STREAM, key.seed, key.epoch, int(key))


@DATASETS.register_module()
class SeededSamples(Dataset):
    """Seeds Python, numpy and torch before a data set reads a sample.

    The seed is made of the run's seed, the epoch and the index, which a
    :class:`~mmdet_mal.datasets.samplers.SampleKey` carries.  A sample of an
    epoch is then the same whichever worker or rank reads it, however many
    there are, and wherever a run was cut off.  The generators of the process
    go on afterwards as if nothing had been drawn.  A plain index is read
    without seeding.

    Generators of their own, as albumentations has, are not seeded.

    Args:
        dataset (dict | Dataset): The data set or its config.
    """

    def __init__(self, dataset: dict | Dataset) -> None:
        self.dataset = (
            MMENGINE_DATASETS.build(dataset)
            if isinstance(dataset, dict) else dataset)

    @property
    def pipeline(self) -> Any:
        """The transforms; hooks such as ``mmdet.PipelineSwitchHook`` set it."""
        return self.dataset.pipeline

    @pipeline.setter
    def pipeline(self, value: Any) -> None:
        self.dataset.pipeline = value

    def __len__(self) -> int:
        """Number of samples."""
        return len(self.dataset)

    def __getitem__(self, key: int) -> Any:
        """Read a sample.

        Args:
            key (int | SampleKey): Which.

        Returns:
            Any: What the data set gives.
        """
        if not isinstance(key, SampleKey):
            return self.dataset[key]
        with seeded_as(key):
            return self.dataset[key]

    def __getattr__(self, name: str) -> Any:
        """Everything else is the data set's: ``metainfo``, ``full_init``."""
        if name == 'dataset':  # not there yet while unpickled
            raise AttributeError(name)
        return getattr(self.dataset, name)

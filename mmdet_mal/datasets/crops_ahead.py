"""Crops of large photographs, cut before they are asked for."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from mmengine.logging import MMLogger

from mmdet_mal.utils.setting_error import SettingError

from .crop_store import CropStore
from .samplers.sample_key import SampleKey
from .seeded_samples import seeded_as
from .transforms.box_expansion import FixedBoxExpansion, RandomBoxExpansion
from .transforms.box_jitter import BoxJitter
from .transforms.crop_box import CropBox
from .transforms.load_box_image import LoadBoxImage
from .transforms.scale_box import ScaleBox

# What a process may hold of crops, in bytes.
STORE_LIMIT = 2 * 1024**3
# Transforms that need a box and the size of its image, but none of its pixels.
_OF_BOXES = (RandomBoxExpansion, FixedBoxExpansion, BoxJitter, ScaleBox)


class CropsAhead:
    """Runs a pipeline so that a decoded image gives more than one crop.

    A photograph of 12 megapixels takes .1 s to decode, the crop of a box some
    milliseconds.  What a sample draws depends on seed, epoch and index alone
    (:class:`.seeded_samples.SeededSamples`), so when an image is decoded for
    one of its boxes, the crops of its other boxes and those of the next epochs
    can be cut as well, and are kept until they are asked for.  Samples are
    those of the plain pipeline, to the bit.

    Each worker that meets an image before another has stored its crops decodes
    it.  Images that are read by region (:class:`.region_image.RegionImage`) are
    not decoded as a whole, and nothing is cut ahead.  Nor is it after the
    pipeline was switched for another that draws or cuts boxes otherwise.

    Args:
        dataset (Any): A :class:`.box_instance.BoxInstanceDataset`: its
            ``columns``, ``pipeline`` and ``get_data_info``.
        crops (int): Crops to cut of a decoded image, at least 1: those of its
            boxes in this epoch, then in the following ones.  Fewer if they
            would take more than ``limit``.
        limit (int): Bytes of all crops that are kept.

    Raises:
        SettingError: If the pipeline is not loader, transforms of boxes,
            ``CropBox``, and the rest.
    """

    def __init__(self, dataset: Any, crops: int,
                 limit: int = STORE_LIMIT) -> None:
        self._dataset = dataset
        self._pipeline = dataset.pipeline
        self._split = _split(self._pipeline.transforms)
        size = self._split[2].size
        images = dataset.columns.image_index
        boxes = np.bincount(images)
        wanted = crops
        while crops > 1 and CropStore.bytes_of(
                _places(boxes, crops)[images], size) > limit:
            crops = crops // 2
        places = _places(boxes, crops)[images]
        self._store: CropStore | None = None
        # Of a decoded image, in the mean: boxes and epochs; 1 gains nothing.
        self.crops_per_image = float(
            places.sum() / len(np.unique(images))) if len(images) else 1.
        log = MMLogger.get_current_instance().info
        if CropStore.bytes_of(places, size) > limit or self.crops_per_image <= 1:
            self.crops_per_image = 1.
            log(f'crops_ahead: those of one epoch take more than {limit / 2**30:.1f} '
                'GiB, or images have one box each; none are cut ahead')
            return
        self._store = CropStore(places, size)
        # Samples of an image, without a list of lists.
        self._order = np.argsort(images, kind='stable')
        self._ends = np.cumsum(boxes)
        log(f'crops_ahead: {crops} crops of each decoded image'
            + (f' (of {wanted})' if crops != wanted else '')
            + f', at most {CropStore.bytes_of(places, size) / 2**20:.0f} MiB')

    def sample(self, key: SampleKey, info: dict) -> Any:
        """What the pipeline makes of a sample.

        Args:
            key (SampleKey): Which; its random numbers are seeded already.
            info (dict): What the data set knows of it.

        Returns:
            Any: As of the data set's ``pipeline``.
        """
        self._follow(self._dataset.pipeline)
        if self._store is None:
            return self._dataset.pipeline(info)
        load, of_boxes, cut, rest = self._split
        shape = info['height'], info['width']
        results: Any = _run(of_boxes, dict(info, img_shape=shape, ori_shape=shape))
        crop = self._store.get(key, results['crop_window'])
        if crop is None:
            crop = self._cut(key, load(dict(info))['img'], results, cut)
        return _run(rest, cut.place(results, crop, shape))

    def _cut(self, key: SampleKey, img: Any, results: dict,
             cut: CropBox) -> np.ndarray:
        """The crop of a sample; others of the same image are kept."""
        crop = cut.cut(img, results['crop_window'])
        if isinstance(img, np.ndarray):
            image = self._dataset.columns.image_index[int(key)]
            begin = self._ends[image - 1] if image else 0
            for index in self._order[begin:self._ends[image]].tolist():
                for epoch in range(key.epoch,
                                   key.epoch + self._store.places(index)):
                    other = SampleKey(index, epoch, key.seed)
                    if (index, epoch) != (int(key), key.epoch):
                        self._keep(other, img, cut)
        return crop

    def _keep(self, key: SampleKey, img: np.ndarray, cut: CropBox) -> None:
        """Cut the crop of another sample, unless it is there."""
        if self._store.has(key):
            return
        try:
            with seeded_as(key):
                window = _run(self._split[1], self._dataset.get_data_info(
                    int(key)))['crop_window']
            crop = cut.cut(img, window)
        except ValueError:
            return  # nothing of it shows: its own turn says so, by its name
        self._store.put(key, window, crop)

    def _follow(self, pipeline: Any) -> None:
        """See whether a hook has switched the pipeline.

        The crops that are stored are those of the first one, and what a worker
        stores anew the others would not see.
        """
        if pipeline is self._pipeline:
            return
        before, self._pipeline = self._split, pipeline
        try:
            self._split = _split(pipeline.transforms)
        except SettingError:
            self._store = None
            return
        # Loader, transforms of boxes, and crop; what follows may differ.
        if repr(before[:3]) != repr(self._split[:3]):
            self._store = None


def _places(boxes: np.ndarray, crops: int) -> np.ndarray:
    """Epochs of which an image gives crops, by the number of its boxes."""
    return np.maximum(1, -(-crops // np.maximum(1, boxes)))


def _split(transforms: Sequence[Any]) -> tuple:
    """Loader, transforms of boxes, crop, and the rest."""
    where = next((i for i, step in enumerate(transforms)
                  if type(step) is CropBox), 0)
    of_boxes = transforms[1:where]
    # Not their subclasses, which may look at pixels or draw more.
    if (not where or type(transforms[0]) is not LoadBoxImage
            or not all(type(step) in _OF_BOXES for step in of_boxes)):
        names = [type(step).__name__ for step in transforms]
        raise SettingError(
            'crops_ahead wants a pipeline of LoadBoxImage, transforms of boxes '
            f"({', '.join(kind.__name__ for kind in _OF_BOXES)}) and CropBox, "
            f'then anything; got {names}; set crops_ahead=0')
    return transforms[0], of_boxes, transforms[where], transforms[where + 1:]


def _run(transforms: Sequence[Callable], results: Any) -> Any:
    """Apply transforms; None ends it, as in mmengine's ``Compose``."""
    for transform in transforms:
        results = transform(results)
        if results is None:
            return None
    return results

"""Data set of boxes: one sample is one box (paper section 3.1)."""

import copy
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from mmengine.dataset import BaseDataset, force_full_init
from mmengine.dist import get_world_size, is_main_process
from mmengine.logging import MMLogger

from mmdet_mal.registry import DATASETS
from mmdet_mal.utils.setting_error import SettingError

from .annotation_file import AnnotationFile
from .annotations import AnnotationError
from .columns import BoxColumns, Indices, subset_positions
from .crops_ahead import CropsAhead
from .fault_log import FaultLog, raise_errors
from .faults import find_image_faults
from .id_column import is_id
from .image_cache import ImageCache
from .image_source import join_image_path
from .image_table import ImageTable
from .other_boxes import offer_other_boxes
from .parsing import IMAGE_FILES, build_columns
from .samplers.sample_key import SampleKey


@DATASETS.register_module()
class BoxInstanceDataset(BaseDataset):
    """Boxes of a COCO detection file, one sample each, held in columns.

    ``segmentation`` is dropped while the file is parsed.  Crowd regions are
    left out.  Boxes are clipped to their image before anything is computed
    from them.  Everything wrong with the data is raised as one error before
    the first sample is read.

    Args:
        ann_file (str): COCO detection file (``segmentation`` is not needed).
        data_root (str): Folder that ``ann_file`` and ``data_prefix`` are
            relative to.  Defaults to ''.
        data_prefix (dict, optional): ``img`` is the folder of the images.
        min_area (float): Only boxes of more than this area, in square image
            pixels, are samples.  Defaults to 2048.
        min_size (float): Only boxes wider and higher than this, in image
            pixels, are samples.  Defaults to 2.
        pipeline (list): Transforms.  Defaults to ().
        metainfo (dict, optional): Overrides ``classes``, which else are the
            names of all categories in order of their ids.
        indices (int | Sequence[int], optional): Subset of the samples, as in
            :class:`mmengine.BaseDataset`; an int takes the first (or, when
            negative, the last) so many, all if there are fewer.
        backend_args (dict, optional): File backend of mmengine for images
            that are not local.
        cache_images (bool): Decode every image once, at the start, and keep
            them all in memory that forked workers share; for small sets.
            Defaults to False.
        crops_ahead (int): For photographs too large for that: so many crops
            are cut when an image is decoded, of its boxes in this epoch and
            the next ones, and kept (:class:`.crops_ahead.CropsAhead`); 32 is
            enough.  Samples are the same to the bit.  Only for samples that
            are asked for by a ``ResumableSampler`` within ``SeededSamples``, as
            ``ResumableTrainLoop`` does, and off with several processes, each of
            which wants crops of its own.  Defaults to 0.
        check_images (str): What is checked of each image that a sample
            needs before the first is read: 'headers' (exists, is an image of
            the size stated, not truncated; about .2 ms each, by the main
            process), 'exists', or 'none', which leaves all to the loader.
            Defaults to 'headers'.
        faults (str): 'raise' refuses to start when anything is wrong with
            the data; 'skip' leaves the affected boxes out and logs them.
            Defaults to 'raise'.
        known_faults (Sequence[int]): Ids of annotations whose faults are
            known and accepted: these are left out and counted.  Defaults to
            ().
        test_mode, lazy_init, max_refetch: As in
            :class:`mmengine.BaseDataset`.

    Raises:
        AnnotationError: If the file cannot be used, anything in the data is
            wrong, or no box remains; names file and ids and says what to do.
        SettingError: If ``crops_ahead`` is negative, stands beside
            ``cache_images``, or does not fit the pipeline.
    """

    METAINFO: dict = dict()

    def __init__(self,
                 ann_file: str,
                 data_root: str = '',
                 data_prefix: dict | None = None,
                 min_area: float = 2048,
                 min_size: float = 2,
                 pipeline: Sequence[dict | Callable] = (),
                 metainfo: dict | None = None,
                 indices: Indices | None = None,
                 backend_args: dict | None = None,
                 cache_images: bool = False,
                 check_images: str = 'headers',
                 faults: str = 'raise',
                 known_faults: Sequence[int] = (),
                 test_mode: bool = False,
                 lazy_init: bool = False,
                 max_refetch: int = 1000,
                 crops_ahead: int = 0) -> None:
        if faults not in ('raise', 'skip'):
            raise ValueError(f"faults must be 'raise' or 'skip', got '{faults}'")
        if check_images not in ('headers', 'exists', 'none'):
            raise ValueError("check_images must be 'headers', 'exists' or "
                             f"'none', got '{check_images}'")
        if crops_ahead < 0 or crops_ahead and cache_images:
            raise SettingError(
                f'crops_ahead must be 0 or more, and 0 with cache_images; got '
                f'{crops_ahead} and cache_images={cache_images}')
        self.min_area = min_area
        self.min_size = min_size
        self.backend_args = backend_args
        self.cache_images = cache_images
        self.crops_ahead = crops_ahead
        self.check_images = check_images
        self.fault_policy = faults
        self.known_faults = frozenset(known_faults)
        self.columns: BoxColumns | None = None
        self.images: ImageTable | None = None
        self.faults = FaultLog(accepted=self.known_faults)
        self._cache: ImageCache | None = None
        self._cache_row: dict[int, int] = {}
        self._ahead: CropsAhead | None = None
        super().__init__(
            ann_file=ann_file, metainfo=metainfo, data_root=data_root,
            data_prefix=data_prefix or dict(img=''), indices=indices,
            serialize_data=False, pipeline=list(pipeline), test_mode=test_mode,
            lazy_init=lazy_init, max_refetch=max_refetch)

    @property
    def image_dir(self) -> str:
        """Folder of the images."""
        return self.data_prefix.get('img', '')

    def full_init(self) -> None:
        """Load the file, find its faults, choose the samples."""
        if self._fully_initialized:
            return
        source = AnnotationFile(self.ann_file, segmentation='drop')
        self.faults = FaultLog(accepted=self.known_faults)
        self.columns, self.images, _ = build_columns(source, self.faults)
        self._name_classes(source.entries('categories'))
        totals = dict(
            annotations=len(self.columns),
            crowd=int(self.columns.iscrowd.sum()),
            faulty=int(self.columns.faulty.sum()),
            clipped=int(((self.columns.flags & BoxColumns.CLIPPED) > 0).sum()))
        self.columns.keep(self._choose(self.columns))
        large_enough = len(self.columns)
        if self._indices is not None:
            self.columns.keep(subset_positions(
                self._indices, large_enough, excess='all'))
        unusable = self._look_at_images()
        self._judge()
        if unusable.any():
            self.columns.keep(~unusable[self.columns.image_index])
        self._require_boxes(totals, large_enough)
        if self.cache_images:
            self._fill_cache()
        self._cut_ahead()
        self._fully_initialized = True
        MMLogger.get_current_instance().info(
            f'{self.ann_file}: {len(self.columns)} boxes in '
            f'{len(np.unique(self.columns.image_index))} images, of '
            f"{totals['annotations']} annotations ({totals['crowd']} crowd, "
            f"{totals['faulty']} faulty, {totals['clipped']} clipped to their "
            'image)')

    def _look_at_images(self) -> np.ndarray:
        """Which images cannot be used, shape (images,), bool; logs why."""
        unusable = np.zeros(len(self.images), dtype=bool)
        if self.check_images == 'none':
            return unusable
        # Eight processes need not open the same files at once; when the main
        # one finds a fault, its launcher ends the others.
        check = self.check_images if is_main_process() else 'exists'
        used = np.unique(self.columns.image_index)
        for row, fault in find_image_faults(self.images, used, self.image_dir,
                                            check, self.backend_args):
            unusable[row] = True
            self.faults.add(fault, (IMAGE_FILES, row))
        return unusable

    def _choose(self, columns: BoxColumns) -> np.ndarray:
        """Which annotations are samples, shape (n,), bool."""
        keep = ~columns.iscrowd & ~columns.faulty
        keep &= columns.areas > self.min_area
        for side in (2, 3):
            keep &= columns.boxes_xywh[:, side] > self.min_size
        return keep

    def _require_boxes(self, totals: dict[str, int],
                       large_enough: int) -> None:
        """Raise if no sample is left, saying where they all went."""
        if not len(self.columns):
            raise AnnotationError(
                f'{self.ann_file}: no box is left to use: of '
                f"{totals['annotations']} annotations {totals['crowd']} are "
                f"crowd regions, {totals['faulty']} are faulty, and "
                f'{large_enough} are sound and larger than '
                f'min_area={self.min_area} px² and min_size={self.min_size} '
                'px; lower these or give other data')

    def _name_classes(self, categories: Iterable[dict]) -> None:
        """Set ``classes`` unless ``metainfo`` did."""
        names = {c['id']: c.get('name') for c in categories if is_id(c.get('id'))}
        self._metainfo.setdefault(
            'classes', tuple(str(names[key]) for key in sorted(names)))

    def _judge(self) -> None:
        """Raise for the faults, or log them, as configured."""
        if self.fault_policy == 'raise':
            raise_errors(
                self.faults, self.ann_file,
                'repair the data, or leave these boxes out with '
                "faults='skip' or known_faults=[ids] in the data set's config")
            return
        # The words are those of the error: a log and a refusal read alike.
        try:
            raise_errors(self.faults, self.ann_file, 'these are left out')
        except AnnotationError as error:
            MMLogger.get_current_instance().warning(str(error))

    def _fill_cache(self) -> None:
        """Decode every image of a sample."""
        used = np.unique(self.columns.image_index).tolist()
        self._cache = ImageCache([self._image_path(i) for i in used],
                                 [self.images.shape(i) for i in used],
                                 self.backend_args)
        self._cache_row = {image: row for row, image in enumerate(used)}

    def _cut_ahead(self) -> None:
        """Begin to cut crops ahead, if that is wanted."""
        self._ahead = None
        if self.crops_ahead and get_world_size() == 1:
            self._ahead = CropsAhead(self, self.crops_ahead)
        elif self.crops_ahead:
            MMLogger.get_current_instance().info(
                'crops_ahead: of no use to several processes; none are cut ahead')

    @property
    def crops_per_image(self) -> float:
        """Crops that are cut of a decoded image, in the mean; 1 if none ahead."""
        return 1. if self._ahead is None else self._ahead.crops_per_image

    def _image_path(self, image: int) -> str:
        return join_image_path(self.image_dir, self.images.file_names[image])

    @force_full_init
    def __len__(self) -> int:
        """Number of samples."""
        return len(self.columns)

    @force_full_init
    def get_data_info(self, idx: int) -> dict[str, Any]:
        """What is known of a sample before its image is read.

        Args:
            idx (int): Position of the sample; negative counts from the end.

        Returns:
            dict: ``img_path``, ``img_id``, ``ann_id``, ``sample_idx``;
            ``bbox``: np.ndarray, shape (4,), float32, xyxy in image pixels,
            clipped to the image; ``box_area``: float, its area in square
            image pixels; ``category_id``; ``label``: index of its class;
            ``height`` and ``width`` of the image as the file states them;
            with ``cache_images`` also ``img``, (H, W, 3), read-only.
        """
        columns, row = self.columns, range(len(self.columns))[idx]
        image = int(columns.image_index[row])
        x, y, w, h = columns.boxes_xywh[row].tolist()
        height, width = self.images.shape(image)
        info = dict(
            img_path=self._image_path(image),
            img_id=self.images.ids[image],
            ann_id=int(columns.ann_ids[row]),
            sample_idx=row,
            bbox=np.array([x, y, x + w, y + h], dtype=np.float32),
            box_area=w * h,
            category_id=int(columns.category_table[columns.labels[row]]),
            label=int(columns.labels[row]),
            height=height,
            width=width)
        if self._cache is not None:
            info['img'] = self._cache[self._cache_row[image]]
        return info

    def prepare_data(self, idx: int) -> Any:
        """Send a sample through the pipeline, with the others if it asks."""
        info = self.get_data_info(idx)
        offer_other_boxes(self, info)
        if self._ahead is not None and isinstance(idx, SampleKey):
            return self._ahead.sample(idx, info)
        return self.pipeline(info)

    def get_cat_ids(self, idx: int) -> list[int]:
        """Class indices of a sample, for ``ClassBalancedDataset``.

        Args:
            idx (int): Position of the sample.

        Returns:
            list[int]: Its one class index.
        """
        return [self.get_data_info(idx)['label']]

    @force_full_init
    def get_subset_(self, indices: Indices) -> None:
        """Keep only some samples, in place.

        Args:
            indices (int | Sequence[int]): The first (or, when negative, last)
                so many, or positions.
        """
        self.columns = self.columns.take(
            subset_positions(indices, len(self.columns), excess='raise'))
        self._cut_ahead()

    @force_full_init
    def get_subset(self, indices: Indices) -> 'BoxInstanceDataset':
        """Some of the samples as a data set that shares the image table.

        Args:
            indices (int | Sequence[int]): As in :meth:`get_subset_`.

        Returns:
            BoxInstanceDataset: The subset.
        """
        subset = copy.copy(self)
        subset.get_subset_(indices)
        return subset

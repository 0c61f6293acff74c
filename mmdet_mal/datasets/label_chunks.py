"""Data set of chunks: the unit of work of a label run (DESIGN section 4)."""

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any

import numpy as np
from mmcv.transforms import Compose
from mmengine.logging import MMLogger
from torch.utils.data import Dataset

from mmdet_mal.registry import DATASETS, FUNCTIONS

from .annotations import AnnotationError
from .box_instance import BoxInstanceDataset
from .columns import BoxColumns
from .images import check_size, read_image


def cut_chunks(boxes_per_image: Sequence[int],
               limit: int) -> list[tuple[int, int]]:
    """Cut boxes, listed image by image, into chunks of at most ``limit``.

    A chunk takes whole consecutive images as long as their boxes fit; an
    image with more than ``limit`` boxes is cut into chunks of its own.  The
    cut depends on nothing but the arguments.

    Args:
        boxes_per_image (Sequence[int]): Number of boxes of each image, in
            the order of the images; 0 is allowed.
        limit (int): Largest number of boxes in a chunk, at least 1.

    Returns:
        list[tuple[int, int]]: First box and one past the last box of each
        chunk; together they cover all boxes, in order, without gaps.

    Raises:
        ValueError: If ``limit`` is less than 1 or a count is negative.
    """
    if limit < 1:
        raise ValueError(f'a chunk must hold at least 1 box, got {limit}')
    chunks = []
    first = last = 0  # the chunk being filled is boxes first..last-1
    for count in boxes_per_image:
        if count < 0:
            raise ValueError(f'an image cannot have {count} boxes')
        if last - first + count > limit and last > first:
            chunks.append((first, last))
            first = last
        if count > limit:
            end = last + count
            chunks += [(i, min(i + limit, end))
                       for i in range(last, end, limit)]
            first = last = end
        else:
            last += count
    if last > first:
        chunks.append((first, last))
    return chunks


class _BoxesToLabel(BoxInstanceDataset):
    """Boxes of which there may be none: then all labels are fallbacks."""

    def _require_boxes(self, columns: BoxColumns, large_enough: int) -> None:
        pass


@DATASETS.register_module()
class LabelChunkDataset(Dataset):
    """Chunks of boxes to label; each image is decoded once a chunk.

    Boxes are listed by image (images in the order in which the annotations
    first name them) and, within an image, in the order of the file.  Crowd
    regions and boxes with faults are in no chunk: the writer of the labels
    carries them through.

    Args:
        ann_file (str): COCO detection file (``segmentation`` is not read).
        data_root (str): Folder that ``ann_file`` and ``data_prefix`` are
            relative to.  Defaults to ''.
        data_prefix (dict): ``img`` is the folder of the images.  Defaults to
            ``dict(img='')``.
        chunk_boxes (int): Largest number of boxes in a chunk.  Defaults to
            16.
        pipeline (list): Transforms of one box whose image is loaded already;
            must end with ``mmdet.PackDetInputs``.  Defaults to ().
        color_type (str): Flag of :func:`mmcv.imfrombytes`.  Defaults to
            'color_ignore_orientation' (see ``LoadBoxImage``).
        metainfo (dict, optional): As in ``BoxInstanceDataset``.
        indices (int | Sequence[int], optional): Subset of the boxes in the
            order of the file, for dry runs.
        backend_args (dict, optional): File backend of mmengine.
        lazy_init (bool): Load the file at first use.  Defaults to False.

    Raises:
        AnnotationError: If the file cannot be read as COCO detection file.
    """

    def __init__(self,
                 ann_file: str,
                 data_root: str = '',
                 data_prefix: dict | None = None,
                 chunk_boxes: int = 16,
                 pipeline: Sequence[dict | Callable] = (),
                 color_type: str = 'color_ignore_orientation',
                 metainfo: dict | None = None,
                 indices: int | Sequence[int] | None = None,
                 backend_args: dict | None = None,
                 lazy_init: bool = False) -> None:
        # Every box with an area is labelled, and no fault stops the run:
        # images are only looked for when their chunk is due.
        self.boxes = _BoxesToLabel(
            ann_file,
            data_root=data_root,
            data_prefix=data_prefix,
            min_area=0,
            min_size=0,
            metainfo=metainfo,
            indices=indices,
            backend_args=backend_args,
            check_images='none',
            faults='skip',
            test_mode=True,
            lazy_init=True)
        self.chunk_boxes = chunk_boxes
        self.color_type = color_type
        self.backend_args = backend_args
        self.pipeline = Compose(list(pipeline))
        self._chunks: list[tuple[int, int]] = []
        self._order = np.zeros(0, dtype=np.int64)
        self._fully_initialized = False
        if not lazy_init:
            self.full_init()

    def full_init(self) -> None:
        """Load the file and cut it into chunks."""
        if self._fully_initialized:
            return
        self.boxes.full_init()
        images = self.boxes.columns.image_index
        _, first, inverse, counts = np.unique(
            images, return_index=True, return_inverse=True,
            return_counts=True)
        by_appearance = np.argsort(first)
        # Stable, so that the boxes of an image keep the order of the file.
        self._order = np.argsort(first[inverse], kind='stable')
        self._chunks = cut_chunks(counts[by_appearance].tolist(),
                                  self.chunk_boxes)
        self._fully_initialized = True
        MMLogger.get_current_instance().info(
            f'{self.ann_file}: {len(self._order)} boxes to label in '
            f'{len(self._chunks)} chunks of at most {self.chunk_boxes}')

    @property
    def ann_file(self) -> str:
        """Path of the annotation file."""
        return self.boxes.ann_file

    @property
    def metainfo(self) -> dict:
        """``classes`` and the like, as mmengine's runner asks for them."""
        return self.boxes.metainfo

    @property
    def chunk_sizes(self) -> np.ndarray:
        """Number of boxes of each chunk, shape (chunks,), int64."""
        self.full_init()
        return np.array([last - first for first, last in self._chunks],
                        dtype=np.int64)

    def chunk_ann_ids(self, index: int) -> list[int]:
        """Annotation ids of a chunk.

        Args:
            index (int): Position of the chunk.

        Returns:
            list[int]: In the order in which they are labelled.
        """
        first, last = self._chunks[index]
        return self.boxes.columns.ann_ids[self._order[first:last]].tolist()

    def __len__(self) -> int:
        """Number of chunks."""
        self.full_init()
        return len(self._chunks)

    def __getitem__(self, index: int) -> dict[str, Any]:
        """Crops of all boxes of a chunk.

        Args:
            index (int): Position of the chunk.

        Returns:
            dict: ``inputs``, a list of uint8 tensors (3, H, W);
            ``data_samples``, as many :class:`DetDataSample`, each with
            ``chunk_index`` in its metainfo; ``chunk_index``; ``failed``, a
            list of (annotation id, reason) of the boxes whose image cannot be
            used, which are not among the samples.
        """
        self.full_init()
        index = range(len(self._chunks))[index]
        first, last = self._chunks[index]
        infos = [
            self.boxes.get_data_info(int(row))
            for row in self._order[first:last]
        ]
        chunk = dict(
            inputs=[], data_samples=[], chunk_index=index, failed=[])
        for _, group in groupby(infos, key=lambda info: info['img_id']):
            self._add_image(chunk, list(group))
        return chunk

    def _add_image(self, chunk: dict[str, Any], infos: list[dict]) -> None:
        """Read one image and add the crops of its boxes."""
        path = infos[0]['img_path']
        who = f"image {infos[0]['img_id']}"
        try:
            img = read_image(
                path, who, self.color_type, backend_args=self.backend_args)
            check_size(path, who, img.shape[:2],
                       (infos[0]['height'], infos[0]['width']))
        except AnnotationError as error:
            chunk['failed'] += [(info['ann_id'], str(error)) for info in infos]
            return
        for info in infos:
            info['img'] = img
            packed = self.pipeline(info)
            packed['data_samples'].set_metainfo(
                dict(chunk_index=chunk['chunk_index']))
            chunk['inputs'].append(packed['inputs'])
            chunk['data_samples'].append(packed['data_samples'])


@FUNCTIONS.register_module()
def collate_chunk(batch: Sequence[dict]) -> dict:
    """Take the one chunk out of a batch of one.

    Args:
        batch (Sequence[dict]): One item of :class:`LabelChunkDataset`.

    Returns:
        dict: That item: a batch never crosses a chunk, so a mask does not
        depend on what it is batched with.

    Raises:
        ValueError: If the batch size of the data loader is not 1.
    """
    if len(batch) != 1:
        raise ValueError(
            f'a batch must be one chunk, got {len(batch)}; set batch_size=1 '
            'in test_dataloader and choose the size by chunk_boxes')
    return batch[0]

"""Data set of chunks: the unit of work of a label run (DESIGN section 4)."""

import copy
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
from .box_overlap import box_overlaps
from .chunk_cutting import cut_chunks, label_order
from .columns import BoxColumns
from .image_access import open_source
from .image_opening import REGION_PIXELS
from .images import check_size
from .last_image import LastImage
from .region_image import RegionImage


class _BoxesToLabel(BoxInstanceDataset):
    """Boxes of which there may be none: then all labels are fallbacks."""

    def _choose(self, columns: BoxColumns) -> np.ndarray:
        crowds = columns.take(columns.iscrowd & ~columns.faulty)
        self.crowds = crowds.take(np.argsort(crowds.image_index, kind='stable'))
        return super()._choose(columns)

    def _require_boxes(self, columns: BoxColumns, large_enough: int) -> None:
        pass


@DATASETS.register_module()
class LabelChunkDataset(Dataset):
    """Chunks of boxes to label; each image is decoded once.

    A worker keeps an image whose boxes go on in the next chunk, and nothing
    else.  Since a data loader deals its chunks out in turn, an image of k
    chunks is decoded min(k, workers) times, once by each worker.

    Boxes are listed by image (images in the order in which the annotations
    first name them) and, within an image, in the order of the file.  Crowd
    regions and boxes with faults are in no chunk: the writer of the labels
    carries them through.

    A box takes 31 bytes and a chunk 8: below 32 bytes a box when a chunk
    holds 8 and more; :attr:`nbytes` says how many there are.

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
        region_pixels (int): Images of more pixels are read by region where
            their format allows it (see :func:`.image_opening.open_image`).  Defaults
            to 50 million.
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
                 region_pixels: int = REGION_PIXELS,
                 metainfo: dict | None = None,
                 indices: int | Sequence[int] | None = None,
                 backend_args: dict | None = None,
                 lazy_init: bool = False) -> None:
        self._arguments = dict(
            ann_file=ann_file,
            data_root=data_root,
            data_prefix=data_prefix,
            metainfo=metainfo,
            indices=indices,
            backend_args=backend_args)
        self.boxes = self._make_boxes()
        self.chunk_boxes = chunk_boxes
        self.color_type = color_type
        self.region_pixels = region_pixels
        self.backend_args = backend_args
        self.pipeline = Compose(list(pipeline))
        self._metainfo: dict | None = None
        # First box and one past the last box of each chunk.
        self._chunks: np.ndarray | None = None
        # Kept while its boxes go on in the next chunk.
        self._last_image = LastImage()
        if not lazy_init:
            self.full_init()

    def _make_boxes(self) -> _BoxesToLabel:
        """The boxes, not loaded yet."""
        # Every box with an area is labelled, and no fault stops the run:
        # images are only looked for when their chunk is due.
        return _BoxesToLabel(
            **copy.deepcopy(self._arguments),
            min_area=0,
            min_size=0,
            check_images='none',
            faults='skip',
            test_mode=True,
            lazy_init=True)

    def full_init(self) -> None:
        """Load the file, sort the boxes, cut them into chunks.

        Raises:
            UserError: If the file cannot be used, or the images cannot be
                reached at all (no such archive, a package is missing).
        """
        if self.boxes.columns is not None:
            return
        open_source(self.boxes.image_dir, self.backend_args)
        self.boxes.full_init()
        columns = self.boxes.columns
        order, counts = label_order(columns.image_index)
        columns.reorder(order)
        del order  # 8 bytes a box
        chunks = cut_chunks(counts.tolist(), self.chunk_boxes)
        small = np.int32 if len(columns) < 2**31 else np.int64
        self._chunks = chunks.astype(small)
        self._metainfo = self.boxes.metainfo
        MMLogger.get_current_instance().info(
            f'{self.ann_file}: {len(columns)} boxes to label in '
            f'{len(self._chunks)} chunks of at most {self.chunk_boxes}')

    def release(self) -> None:
        """Drop the boxes from memory; they are read again at next use.

        ``len()``, ``metainfo`` and ``chunk_sizes`` stay known: 8 bytes a
        chunk are kept.
        """
        self.boxes = self._make_boxes()
        self.forget_image()

    def forget_image(self) -> None:
        """Drop the image that the next chunk might go on with."""
        self._last_image.forget()

    @property
    def nbytes(self) -> int:
        """Bytes held per box and per chunk, the image table apart."""
        columns = self.boxes.columns
        chunks = 0 if self._chunks is None else self._chunks.nbytes
        return chunks + (0 if columns is None else columns.nbytes)

    @property
    def ann_file(self) -> str:
        """Path of the annotation file."""
        return self.boxes.ann_file

    @property
    def metainfo(self) -> dict:
        """``classes`` and the like, as mmengine's runner asks for them."""
        if self._metainfo is not None:
            return copy.deepcopy(self._metainfo)
        return self.boxes.metainfo

    @property
    def chunk_sizes(self) -> np.ndarray:
        """Number of boxes of each chunk, shape (chunks,), int64."""
        return np.diff(self._cut(), axis=1)[:, 0].astype(np.int64)

    def _cut(self) -> np.ndarray:
        """Borders of the chunks, shape (chunks, 2)."""
        if self._chunks is None:
            self.full_init()
        return self._chunks

    def chunk_ann_ids(self, index: int) -> list[int]:
        """Annotation ids of a chunk.

        Args:
            index (int): Position of the chunk.

        Returns:
            list[int]: In the order in which they are labelled.
        """
        self.full_init()
        first, last = self._chunks[index]
        return self.boxes.columns.ann_ids[first:last].tolist()

    def __len__(self) -> int:
        """Number of chunks."""
        return len(self._cut())

    def __getitem__(self, index: int) -> dict[str, Any]:
        """Crops of all boxes of a chunk.

        Args:
            index (int): Position of the chunk.

        Returns:
            dict: ``inputs``, a list of uint8 tensors (3, H, W);
            ``data_samples``, as many :class:`DetDataSample`, each with
            ``chunk_index`` and ``box_overlap`` (the share of the box that
            other boxes and crowd regions cover) in its metainfo; ``chunk_index``;
            ``failed``, a list of (annotation id, reason) of the boxes whose
            image cannot be used, which are not among the samples.
        """
        self.full_init()
        index = range(len(self._chunks))[index]
        first, last = self._chunks[index].tolist()
        infos = [self.boxes.get_data_info(row) for row in range(first, last)]
        columns = self.boxes.columns
        overlaps = box_overlaps(columns, first, last, self.boxes.crowds)
        for info, overlap in zip(infos, overlaps.tolist(), strict=True):
            info['box_overlap'] = overlap
        chunk = dict(
            inputs=[], data_samples=[], chunk_index=index, failed=[])
        for _, group in groupby(infos, key=lambda info: info['img_id']):
            self._add_image(chunk, list(group))
        images = columns.image_index
        if last == len(images) or images[last] != images[last - 1]:
            self.forget_image()  # none of its boxes is left
        return chunk

    def _load(self, info: dict) -> np.ndarray | RegionImage:
        """Open the image of a box, or take what the last chunk left."""
        path, who = info['img_path'], f"image {info['img_id']}"
        img = self._last_image.open(
            path, who, color_type=self.color_type,
            backend_args=self.backend_args, region_pixels=self.region_pixels)
        check_size(path, who, img.shape[:2], (info['height'], info['width']))
        return img

    def _add_image(self, chunk: dict[str, Any], infos: list[dict]) -> None:
        """Read one image and add the crops of its boxes."""
        try:
            img = self._load(infos[0])
        except AnnotationError as error:
            chunk['failed'] += [(info['ann_id'], str(error)) for info in infos]
            return
        for info in infos:
            info['img'] = img
            try:
                packed = self.pipeline(info)
            except AnnotationError as error:  # a broken part of a large image
                chunk['failed'].append((info['ann_id'], str(error)))
                continue
            packed['data_samples'].set_metainfo(
                dict(chunk_index=chunk['chunk_index'],
                     box_overlap=info['box_overlap']))
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

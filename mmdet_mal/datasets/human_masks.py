"""Data set of boxes with their human masks, for the supervised twin alone."""

from typing import Any

from mmdet_mal.registry import DATASETS
from mmdet_mal.structures.rle import RLE, rle_area, segmentation_to_rle

from .annotation_file import AnnotationFile
from .annotations import AnnotationError
from .box_instance import BoxInstanceDataset


@DATASETS.register_module()
class HumanMaskDataset(BoxInstanceDataset):
    """Boxes as in the class above, each with the mask that a person drew.

    Every other data set here drops masks while it reads.  This one exists for
    the yardstick of box supervision: the same network on the same boxes,
    trained on human masks.  Masks are held as RLE, so it is for small sets.

    Args:
        *args: See :class:`BoxInstanceDataset`.
        **kwargs: Likewise.

    Raises:
        AnnotationError: As there, and if a sample has no usable mask.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._masks: dict[int, RLE] = {}
        super().__init__(*args, **kwargs)

    def full_init(self) -> None:
        """Choose the samples by their boxes, then read their masks."""
        if self._fully_initialized:
            return
        super().full_init()
        self._fully_initialized = False
        self._masks = self._read_masks()
        self._fully_initialized = True

    def _read_masks(self) -> dict[int, RLE]:
        """RLE of each sample by annotation id."""
        columns, masks, problems = self.columns, {}, []
        image_of = dict(zip(columns.ann_ids.tolist(),
                            columns.image_index.tolist(), strict=True))
        source = AnnotationFile(self.ann_file, segmentation='keep')
        for ann in source.entries('annotations'):
            ann_id = ann.get('id')
            if ann_id not in image_of:
                continue
            shape = self.images.shape(image_of[ann_id])
            try:
                masks[ann_id] = segmentation_to_rle(
                    ann.get('segmentation'), *shape)
                if not rle_area(masks[ann_id]):
                    raise ValueError('the mask covers no pixel')
            except ValueError as error:
                problems.append(f'annotation {ann_id}: {error}')
        if problems:
            raise AnnotationError.of_many(
                f'{self.ann_file}: {len(problems)} boxes have no human mask '
                'that can be trained on', problems,
                'give a file with a mask for every box (a labeller that '
                'learns from boxes alone wants BoxInstanceDataset)')
        return masks

    def get_data_info(self, idx: int) -> dict[str, Any]:
        """What is known of a sample before its image is read.

        Args:
            idx (int): Position of the sample; negative counts from the end.

        Returns:
            dict: As in :class:`BoxInstanceDataset`, and ``mask_rle``, the
            human mask over the whole image.
        """
        info = super().get_data_info(idx)
        info['mask_rle'] = self._masks[info['ann_id']]
        return info

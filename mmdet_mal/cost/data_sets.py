"""How large data sets are: known ones by name, others by their file."""

import dataclasses
import difflib
import os

from mmdet_mal.utils.errors import UserError

# Of the 1474 boxes of coco_mini's training photographs that are no crowd
# regions: larger than 2048 px² (what the paper trains on).
_COCO_TRAINABLE = .51
# Mean of coco_mini's 159 training photographs.
_COCO_MEGAPIXELS = .281
# Bytes an annotation, means of a run on coco_mini's training photographs: in the
# file of boxes (images and categories included), what mask and score add to it
# in the masks JSON, and in the shards.
BOX_BYTES = 162
MASK_BYTES = 345
SHARD_BYTES = 356


@dataclasses.dataclass(frozen=True)
class DataSize:
    """A data set in numbers.

    Attributes:
        name: For people.
        images: With boxes.
        boxes: To label.
        trainable: Share of the boxes that is large enough to train on.
        megapixels: Of an image, mean.
        source: Where the numbers come from, and which are assumed.
    """

    name: str
    images: int
    boxes: int
    trainable: float
    megapixels: float
    source: str


_LIKE_COCO = 'image size and share of trainable boxes as measured on coco_mini'
NAMED = {size.name: size for size in (
    DataSize('coco', 118_287, 860_001, _COCO_TRAINABLE, _COCO_MEGAPIXELS,
             f'COCO 2017 train, counts of its file; {_LIKE_COCO}'),
    DataSize('lvis-v1', 100_170, 1_270_141, _COCO_TRAINABLE, _COCO_MEGAPIXELS,
             'LVIS v1 train, counts of its file, images of COCO; '
             f'{_LIKE_COCO}, though its boxes are smaller'),
    DataSize('objects365-v1', 638_000, 10_101_000, _COCO_TRAINABLE, .5,
             'Shao et al., ICCV 2019: 638K images, 10,101K boxes; .5 megapixels '
             'assumed, share of trainable boxes as on coco_mini'),
    DataSize('objects365-v2', 1_742_289, 26_000_000, _COCO_TRAINABLE, .5,
             'train part: 1,742,289 images as distributed; 26M boxes from the '
             "project's 30M in 2M images; .5 megapixels assumed, share of "
             'trainable boxes as on coco_mini'),
    DataSize('open-images', 1_743_042, 14_610_229, _COCO_TRAINABLE, .79,
             'Kuznetsova et al., IJCV 2020: 14.6M boxes on 1.74M training '
             'images; 1024 x 768 px assumed, share of trainable boxes as on '
             'coco_mini'),
)}


def data_size(what: str, min_area: float | None = None) -> DataSize:
    """The size of a data set.

    Args:
        what: A key of :data:`NAMED`, or a COCO file of boxes, which is counted.
        min_area: Boxes above so many px² are trained on; by default what the
            presets for one's own data have (400).  Files only.

    Raises:
        UserError: If it is neither, or the file has no boxes.
    """
    if what in NAMED:
        return NAMED[what]
    if not os.path.isfile(what):
        near = difflib.get_close_matches(what, NAMED, n=1)
        hint = f'; did you mean {near[0]}?' if near else ''
        raise UserError(f'{what}: is neither a file nor one of '
                        f'{", ".join(NAMED)}{hint}')
    import numpy as np

    from mmdet_mal.auto.facts import MIN_AREA, MIN_SIDE
    from mmdet_mal.datasets.annotation_file import AnnotationFile
    from mmdet_mal.datasets.parsing import build_columns
    columns, images, _ = build_columns(
        AnnotationFile(what, segmentation='drop'))
    sound = ~columns.iscrowd & ~columns.faulty
    if not sound.any():
        raise UserError(f'{what}: has no sound box, so nothing costs anything; '
                        'give a file with boxes')
    large = sound & (columns.areas > (MIN_AREA if min_area is None else min_area))
    for side in (2, 3):
        large &= columns.boxes_xywh[:, side] > MIN_SIDE
    used = np.unique(columns.image_index[sound])
    pixels = images.heights[used].astype(np.int64) * images.widths[used]
    return DataSize(
        os.path.basename(what), len(used), int(sound.sum()),
        float(large.sum() / sound.sum()), float(pixels.mean() / 1e6),
        'counted in the file')

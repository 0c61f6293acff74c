"""What the boxes are, as far as it decides how they are labelled."""

import dataclasses

import numpy as np

# As the presets' configs have them; a test compares.
MIN_AREA = 400  # px²
MIN_SIDE = 2  # px


@dataclasses.dataclass(frozen=True)
class DataFacts:
    """Counts of an annotation file.

    Attributes:
        annotations: Entries.
        boxes: Of these, sound and no crowd regions: they get a mask.
        trainable: Of these, large enough to train on.
        images: Images that they lie in.
        classes: Categories of the file.
        pixel_bytes: Of those images, decoded, 3 bytes a pixel.
    """

    annotations: int
    boxes: int
    trainable: int
    images: int
    classes: int
    pixel_bytes: int


def count_boxes(ann_file: str) -> DataFacts:
    """Count what is in a COCO detection file, as the data sets do.

    Args:
        ann_file: The file; read as a stream.
    """
    from mmdet_mal.datasets.annotation_file import AnnotationFile
    from mmdet_mal.datasets.parsing import build_columns
    columns, images, _ = build_columns(
        AnnotationFile(ann_file, segmentation='drop'))
    sound = ~columns.iscrowd & ~columns.faulty
    large = sound & (columns.areas > MIN_AREA)
    for side in (2, 3):
        large &= columns.boxes_xywh[:, side] > MIN_SIDE
    used = np.unique(columns.image_index[sound])
    pixels = images.heights[used].astype(np.int64) * images.widths[used]
    return DataFacts(
        annotations=len(columns), boxes=int(sound.sum()),
        trainable=int(large.sum()), images=len(used),
        classes=len(columns.category_table), pixel_bytes=int(3 * pixels.sum()))

"""What a person asked ``mal auto`` for."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class AutoOptions:
    """What a person asked for.

    Attributes:
        boxes: File or folder, any format of :func:`mmdet_mal.formats.read_boxes`.
        images: Folder, archive or address.
        weights: Pretrained weights, absolute path.
        preset: Name of a preset, None to have one chosen.
        minutes: For training and labelling, None for no limit.
        format: Of the boxes, None to find out.
        bbox_format: What the four numbers of a COCO box are, None for COCO's.
        read: Options of the format's reader.
        precision: Of the network, None to ask the machine.
    """

    boxes: str
    images: str
    weights: str
    preset: str | None = None
    minutes: float | None = None
    format: str | None = None
    bbox_format: str | None = None
    read: dict[str, Any] = field(default_factory=dict)
    precision: str | None = None

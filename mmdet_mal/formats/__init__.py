"""Formats of other tools: boxes in, masks out.

A format is one file here; ``READERS`` and ``WRITERS`` list them by the names
that ``mal convert --from`` and ``mal export --to`` take.
"""

from .base import BoxReader, MaskWriter
from .cityscapes_reader import CityscapesReader
from .coco_reader import CocoReader
from .coco_results_reader import CocoResultsReader
from .coco_writer import CocoWriter
from .csv_reader import CsvReader
from .cvat_reader import CvatReader
from .cvat_writer import CvatWriter
from .label_studio_reader import LabelStudioReader
from .label_studio_writer import LabelStudioWriter
from .labelme_reader import LabelmeReader
from .labelme_writer import LabelmeWriter
from .lvis_reader import LvisReader
from .lvis_writer import LvisWriter
from .mmdet_reader import MmdetReader
from .objects365_reader import Objects365Reader
from .png_writer import PngWriter
from .read import read_boxes
from .tally import Tally
from .voc_reader import VocReader
from .voc_writer import VocWriter
from .yolo_reader import YoloReader
from .yolo_writer import YoloWriter
from .youtube_vis_reader import YouTubeVisReader
from .youtube_vis_writer import YouTubeVisWriter

_READERS: tuple[BoxReader, ...] = (
    CocoReader(),
    LvisReader(),
    VocReader(),
    YoloReader(),
    CsvReader(),
    LabelmeReader(),
    CvatReader(),
    LabelStudioReader(),
    CocoResultsReader(),
    MmdetReader(),
    CityscapesReader(),
    Objects365Reader(),
    YouTubeVisReader(),
)
_WRITERS: tuple[MaskWriter, ...] = (
    CocoWriter(),
    LvisWriter(),
    YoloWriter(),
    LabelmeWriter(),
    VocWriter(),
    CvatWriter(),
    LabelStudioWriter(),
    PngWriter(),
    YouTubeVisWriter(),
)

READERS: dict[str, BoxReader] = {reader.name: reader for reader in _READERS}
WRITERS: dict[str, MaskWriter] = {writer.name: writer for writer in _WRITERS}

__all__ = ['READERS', 'WRITERS', 'BoxReader', 'MaskWriter', 'Tally', 'read_boxes']

"""Boxes and images: reading, checking, cropping, cutting into chunks."""

from . import samplers, transforms, windows
from .annotation_file import AnnotationFile
from .annotations import AnnotationError, load_annotation_file
from .box_instance import BoxInstanceDataset
from .columns import BoxColumns
from .fault import Fault
from .fault_log import FaultLog, raise_errors
from .faults import find_faults
from .human_masks import HumanMaskDataset
from .image_table import ImageTable
from .label_chunks import LabelChunkDataset, collate_chunk, cut_chunks
from .parsing import build_columns
from .scored_coco import ScoredCocoDataset, ScoredLVISV1Dataset

__all__ = [
    'AnnotationError', 'AnnotationFile', 'BoxColumns', 'BoxInstanceDataset',
    'Fault', 'FaultLog', 'HumanMaskDataset', 'ImageTable', 'LabelChunkDataset',
    'ScoredCocoDataset', 'ScoredLVISV1Dataset', 'build_columns',
    'collate_chunk', 'cut_chunks', 'find_faults',
    'load_annotation_file', 'raise_errors', 'samplers', 'transforms', 'windows'
]

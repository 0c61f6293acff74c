"""Boxes and images: reading, checking, cropping, cutting into chunks."""

from . import samplers, transforms
from .annotations import AnnotationError, load_annotation_file
from .box_instance import BoxInstanceDataset
from .columns import BoxColumns, ImageTable
from .fault import Fault, raise_errors
from .faults import find_faults
from .label_chunks import LabelChunkDataset, collate_chunk, cut_chunks
from .parsing import build_columns

__all__ = [
    'AnnotationError', 'BoxColumns', 'BoxInstanceDataset', 'Fault',
    'ImageTable', 'LabelChunkDataset', 'build_columns', 'collate_chunk',
    'cut_chunks', 'find_faults', 'load_annotation_file', 'raise_errors',
    'samplers', 'transforms'
]

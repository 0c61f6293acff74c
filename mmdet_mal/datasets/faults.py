"""What is wrong with an annotation file and its images, found all at once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from mmdet_mal.utils.choices import IMAGE_CHECKS

from .annotation_source import AnnotationSource
from .annotations import AnnotationError
from .fault import Fault
from .fault_log import FaultLog
from .image_access import missing_images
from .image_source import join_image_path
from .image_table import ImageTable
from .images import ImageSizeError, check_size, look_at_image, read_image
from .parsing import build_columns

# Opening files is mostly waiting, on network storage all the more.
_THREADS = 8
# Images looked at between two reports; each block lists their folders anew.
_BLOCK = 1 << 14


def find_faults(data: dict | AnnotationSource,
                image_dir: str | None = None,
                check_images: str = 'none',
                backend_args: dict | None = None) -> list[Fault]:
    """List everything that is wrong with a COCO detection file.

    Kinds of annotations: 'ann_id_missing', 'ann_id_duplicate',
    'image_id_unknown', 'category_id_unknown', 'bbox_malformed', 'bbox_nan',
    'bbox_reversed', 'bbox_zero', 'bbox_outside' and, as repair,
    'bbox_clipped'.  The boxes of crowd regions are not judged: they are
    passed through.  Kinds of images and categories: 'image_id_missing',
    'image_id_duplicate', 'image_entry', 'category_entry',
    'category_id_duplicate', 'image_missing', 'image_unreadable',
    'image_size'.

    Args:
        data (dict | AnnotationSource): As :func:`load_annotation_file`
            returns it, or an :class:`.annotation_file.AnnotationFile`.
        image_dir (str, optional): Folder of the images; needed to check
            them.  Defaults to None.
        check_images (str): 'none', 'exists', 'headers' (size, format and
            end of the file) or 'decode' (reads them all).  Defaults to
            'none'.
        backend_args (dict, optional): File backend of mmengine, for images
            that are not local files.

    Returns:
        list[Fault]: In the order of the file: images, categories, annotations,
        then image files.  All of them, however many; a :class:`.FaultLog`
        given to :func:`.build_columns` keeps the first.
    """
    if check_images not in IMAGE_CHECKS:
        raise ValueError(f'check_images must be one of {IMAGE_CHECKS}, got '
                         f"'{check_images}'")
    _, images, log = build_columns(data, FaultLog(limit=None))
    faults = list(log)
    if check_images != 'none':
        found = find_image_faults(images, np.arange(len(images)),
                                  image_dir or '', check_images, backend_args)
        faults += [fault for _, fault in found]
    return faults


def find_image_faults(
        images: ImageTable,
        which: np.ndarray,
        image_dir: str,
        check_images: str = 'exists',
        backend_args: dict | None = None) -> Iterator[tuple[int, Fault]]:
    """Look for image files, a block of images at a time.

    Args:
        images (ImageTable): Images of the annotation file.
        which (np.ndarray): Rows of the table to look at.
        image_dir (str): Folder of the images.
        check_images (str): 'exists', 'headers' or 'decode'.
        backend_args (dict, optional): File backend of mmengine.

    Yields:
        tuple[int, Fault]: Row of the image; 'image_missing',
        'image_unreadable' or 'image_size'.
    """
    def look(row: int, path: str) -> Fault | None:
        image_id = images.ids[row]
        who = f'image {image_id}'
        kind = 'image_unreadable'
        try:
            if check_images == 'decode':
                img = read_image(path, who, backend_args=backend_args)
                check_size(path, who, img.shape[:2], images.shape(row))
            elif check_images == 'headers':
                look_at_image(path, who, images.shape(row), backend_args)
        except ImageSizeError as error:
            kind, message = 'image_size', str(error)
        except AnnotationError as error:
            message = str(error)
        else:
            return None
        # The message starts with the path, which the fault adds itself.
        return Fault(kind, path, image_id, None, message[len(path) + 2:])

    with ThreadPoolExecutor(_THREADS) as pool:
        for first in range(0, len(which), _BLOCK):
            rows = [int(row) for row in which[first:first + _BLOCK]
                    if images.file_names[row]]
            paths = [join_image_path(image_dir, images.file_names[row])
                     for row in rows]
            gone = set(missing_images(paths, backend_args))
            there = [i for i in range(len(rows)) if i not in gone]
            found = dict(zip(there, pool.map(
                look, [rows[i] for i in there], [paths[i] for i in there]),
                strict=True))
            for i, row in enumerate(rows):
                fault = found.get(i)
                if i in gone:
                    fault = Fault(
                        'image_missing', paths[i], images.ids[row], None,
                        'image not found; put the file there or correct '
                        'data_root and data_prefix')
                if fault is not None:
                    yield row, fault

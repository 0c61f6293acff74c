"""What is wrong with an annotation file and its images, found all at once."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from mmengine.fileio import join_path
from mmengine.utils import is_abs

from .annotations import AnnotationError
from .columns import ImageTable
from .fault import Fault
from .images import (ImageSizeError, check_size, look_at_file, missing_files,
                     read_image)
from .parsing import build_columns

# Opening files is mostly waiting, on network storage all the more.
_THREADS = 8


def find_faults(data: dict,
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
        data (dict): As :func:`load_annotation_file` returns it.
        image_dir (str, optional): Folder of the images; needed to check
            them.  Defaults to None.
        check_images (str): 'none', 'exists', 'headers' (size, format and
            end of the file) or 'decode' (reads them all).  Defaults to
            'none'.
        backend_args (dict, optional): File backend of mmengine, for images
            that are not local files: of these only 'decode' finds faults.

    Returns:
        list[Fault]: In the order of the file: images, then annotations, then
        image files.
    """
    if check_images not in ('none', 'exists', 'headers', 'decode'):
        raise ValueError("check_images must be 'none', 'exists', 'headers' or "
                         f"'decode', got '{check_images}'")
    _, images, faults = build_columns(data)
    if check_images != 'none':
        faults += find_image_faults(images, np.arange(len(images)),
                                    image_dir or '', check_images,
                                    backend_args)
    return faults


def find_image_faults(images: ImageTable,
                      which: np.ndarray,
                      image_dir: str,
                      check_images: str = 'exists',
                      backend_args: dict | None = None) -> list[Fault]:
    """Look for image files.

    Args:
        images (ImageTable): Images of the annotation file.
        which (np.ndarray): Rows of the table to look at.
        image_dir (str): Folder of the images.
        check_images (str): 'exists', 'headers' or 'decode'.
        backend_args (dict, optional): File backend of mmengine.

    Returns:
        list[Fault]: 'image_missing', 'image_unreadable' and 'image_size'.
    """
    which = [int(i) for i in which if images.file_names[i]]
    paths = [join_image_path(image_dir, images.file_names[i]) for i in which]
    remote = bool(backend_args) or '://' in image_dir
    gone = set() if remote else set(missing_files(paths))

    def look(row: int) -> Fault | None:
        image, path = which[row], paths[row]
        image_id = images.ids[image]
        who = f'image {image_id}'
        kind = 'image_unreadable'
        if row in gone:
            return Fault(
                'image_missing', path, image_id, None,
                'image not found; put the file there or correct data_root '
                'and data_prefix')
        try:
            if check_images == 'decode':
                img = read_image(path, who, backend_args=backend_args)
                check_size(path, who, img.shape[:2], images.shape(image))
            elif check_images == 'headers' and not remote:
                look_at_file(path, who, images.shape(image))
        except ImageSizeError as error:
            kind, message = 'image_size', str(error)
        except AnnotationError as error:
            message = str(error)
        else:
            return None
        # The message starts with the path, which the fault adds itself.
        return Fault(kind, path, image_id, None, message[len(path) + 2:])

    with ThreadPoolExecutor(_THREADS) as pool:
        found = pool.map(look, range(len(which)))
        return [fault for fault in found if fault is not None]


def join_image_path(image_dir: str, file_name: str) -> str:
    """Path of an image: folder and file name, or the name if absolute."""
    if not image_dir or is_abs(file_name):
        return file_name
    return join_path(image_dir, file_name)

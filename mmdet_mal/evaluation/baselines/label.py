"""Masks JSON of a baseline, in the form that the labeller writes."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from tqdm import tqdm

from mmdet_mal.datasets.annotation_reader import is_crowd
from mmdet_mal.datasets.annotations import (AnnotationError,
                                            load_annotation_file)
from mmdet_mal.datasets.image_source import image_source, join_image_path
from mmdet_mal.datasets.images import read_image
from mmdet_mal.labelling.files import check_writable
from mmdet_mal.labelling.image_sizes import image_size, image_sizes
from mmdet_mal.labelling.manifest import hash_file
from mmdet_mal.labelling.merge import write_labels
from mmdet_mal.labelling.records import (IMAGE_UNREADABLE, make_failure,
                                         make_record)
from mmdet_mal.labelling.summary import LabelSummary
from mmdet_mal.structures.rle import encode_window
from mmdet_mal.utils.choices import BASELINE_NAMES, SEEING_BASELINES
from mmdet_mal.utils.errors import UserError

from .box import box_mask
from .ellipse import ellipse_mask
from .grabcut import grabcut_mask
from .kept import foreign, made_by, read_masks
from .random_walker import load_random_walker, random_walker_mask

Baseline = Callable[[np.ndarray | None, np.ndarray, tuple[int, int]],
                    tuple[np.ndarray, np.ndarray]]

BASELINES: dict[str, Baseline] = dict(zip(
    BASELINE_NAMES, (box_mask, ellipse_mask, grabcut_mask, random_walker_mask),
    strict=True))
# Goes into the provenance: raise it when a baseline's masks change.
VERSION = 1
# Raise where a package is missing that a baseline needs.
_LIBRARIES = dict(random_walker=load_random_walker)


def check_baseline(name: str, ann_file: str | Path, out_file: str | Path,
                   images: str | Path | None = None) -> bool:
    """Find out what is missing, before anything is labelled.

    Args:
        name, ann_file, out_file, images: as for :func:`label_with_baseline`.

    Returns:
        bool: whether ``out_file`` is there already, and need not be made.

    Raises:
        UserError: unknown baseline, no folder of images where one is needed, a
            package that is not installed, an output that cannot be written, or
            one that is no baseline's.
    """
    _check_name(name, images)
    if _is_kept(out_file, _provenance(name, ann_file)):
        return True
    _LIBRARIES.get(name, lambda: None)()
    check_writable(str(out_file), f"the masks of baseline '{name}'")
    return False


def label_with_baseline(name: str,
                        ann_file: str | Path,
                        out_file: str | Path,
                        images: str | Path | None = None,
                        reuse: bool = False) -> LabelSummary | None:
    """Label every box of a COCO JSON with a baseline; shows a progress bar.

    Writes what the labeller would write: the input with ``segmentation``,
    ``area``, ``score`` (1: these masks are hard) and ``mal``.  Masks that are
    in the input are not looked at.

    Args:
        name (str): key of ``BASELINES``.
        ann_file (str | Path): COCO JSON with boxes.
        out_file (str | Path): masks JSON to write.
        images (str | Path | None): folder, archive or address of the images,
            see :func:`~mmdet_mal.datasets.image_source.image_source`; needed
            by GrabCut and the random walker, else ignored.
        reuse (bool): keep ``out_file`` if it was made from the same input by
            the same baseline, and no image was unreadable then.  Defaults to
            False.

    Returns:
        LabelSummary | None: what was written; None if the file was kept.

    Raises:
        UserError: as :func:`check_baseline`, though only with ``reuse`` because
            of what ``out_file`` holds; or an unreadable input, or none of the
            images can be read.  A faulty box or an unreadable image is no
            error: its filled box stands in, flagged and counted.
    """
    _check_name(name, images)
    if reuse and check_baseline(name, ann_file, out_file, images):
        return None
    data = load_annotation_file(str(ann_file), segmentation='drop')
    provenance = _provenance(name, ann_file)
    records = _label(name, data, images if name in SEEING_BASELINES else None)
    failed = [record['reason'] for record in records.values()
              if 'reason' in record]
    if failed and len(failed) == len(records):
        # Filled boxes throughout would pass for the baseline's masks.
        raise UserError(f"baseline '{name}': no image can be used; the first: "
                        f'{failed[0]}')
    return write_labels(data, records.get, str(out_file), provenance)


def _check_name(name: str, images: str | Path | None) -> None:
    """Raise if there is no such baseline, or nothing that it could look at."""
    if name not in BASELINES:
        raise UserError(f"no baseline '{name}'; there are "
                        f"{', '.join(BASELINES)}")
    if name in SEEING_BASELINES and images is None:
        raise UserError(f"baseline '{name}' looks at the images; say where "
                        'they are (--images DIR)')


def _provenance(name: str, ann_file: str | Path) -> dict[str, str | int]:
    """What the masks of a baseline say of their making."""
    return dict(baseline=name, baseline_version=VERSION,
                input_sha256=hash_file(str(ann_file)))


def _label(name: str, data: dict,
           images: str | Path | None) -> dict[int, dict]:
    """Records of all boxes that can be labelled, by annotation id.

    Boxes with faults get none: the merge finds the fault and fills the box.
    """
    image_dir = backend_args = None
    if images is not None:
        image_dir, backend_args = image_source(str(images))
    sizes = image_sizes(data['images'])
    names = {image.get('id'): image.get('file_name')
             for image in data['images']}
    by_image: dict[int, list[dict]] = {}
    for ann in data['annotations']:
        # What has no id or no image is at fault; the merge says so.
        if (not is_crowd(ann) and type(ann.get('id')) is int
                and image_size(ann, sizes) is not None):
            by_image.setdefault(ann['image_id'], []).append(ann)

    records: dict[int, dict] = {}
    total = sum(map(len, by_image.values()))
    with tqdm(total=total, desc=f'label with {name}', unit='box') as bar:
        for image_id, anns in by_image.items():
            img = None
            if image_dir is not None:
                try:
                    img = read_image(
                        join_image_path(image_dir, names[image_id]),
                        f"annotation {anns[0]['id']}",
                        backend_args=backend_args)
                except AnnotationError as error:
                    records.update((ann['id'], make_failure(
                        ann['id'], str(error))) for ann in anns)
                    bar.update(len(anns))
                    continue
            for ann in anns:
                record = _record(name, img, ann, sizes[image_id])
                if record is not None:
                    records[ann['id']] = record
                bar.update()
    return records


def _record(name: str, img: np.ndarray | None, ann: dict,
            size: tuple[int, int]) -> dict | None:
    """The record of one box, None where the box is at fault."""
    if img is not None and img.shape[:2] != size:
        return make_failure(
            ann['id'], f'image is {img.shape[1]} x {img.shape[0]} px, the JSON '
            f'says {size[1]} x {size[0]}')
    try:
        x, y, w, h = (float(value) for value in ann['bbox'])
        mask, window = BASELINES[name](
            img, np.array([x, y, x + w, y + h]), size)
    except (KeyError, TypeError, ValueError):
        return None
    rle = encode_window(mask, window, size)
    return make_record(ann['id'], rle, 1., {})


def _is_kept(path: str | Path, provenance: dict) -> bool:
    """Whether a masks JSON is what would be made, and made with its images."""
    masks = read_masks(path)
    if masks is None:
        return False
    if 'baseline' not in made_by(masks):
        raise foreign(path)
    return made_by(masks) == provenance and not any(
        (ann.get('mal') or {}).get('fallback') == IMAGE_UNREADABLE
        for ann in masks['annotations'])

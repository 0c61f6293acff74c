"""What a stock MMDetection loader makes of a masks JSON.

The stock loaders drop annotations without a word: boxes under a pixel, areas of 0,
categories outside ``classes``, everything in an image under ``min_size``, masks of a
form that the pipeline cannot use.  This module runs the loader of a config over every
image, counts what comes out, and gives every annotation that is missing a reason.
The rules are those of ``CocoDataset.parse_data_info``, ``CocoDataset.filter_data``
and ``LoadAnnotations._process_masks`` in MMDetection 3.3; a difference between the
rules and the run is reported as a fault, so the rules cannot go stale unnoticed.
"""

import copy
import json
import os.path as osp
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from mmdet_mal.registry import DATASETS
from mmdet_mal.utils.tool import one_line

# A list of faults is read by a person: beyond this many lines only the count helps.
MAX_FAULTS = 20


@dataclass
class StockReading:
    """What a stock loader yields from one annotation file.

    Attributes:
        images (int): Images that the dataset yields.
        annotations (int): Non-crowd annotations in the file.
        crowds (int): Crowd annotations in the file; stock training ignores them.
        read (int): Non-crowd annotations that arrive as a training instance
            with at least one mask pixel.
        dropped (dict[str, int]): Non-crowd annotations that do not, by reason.
        faults (list[str]): What would stop or spoil training, a line each.
    """

    images: int = 0
    annotations: int = 0
    crowds: int = 0
    read: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """bool: Every non-crowd annotation was read and nothing is at fault."""
        return self.read == self.annotations and not self.faults


def drop_reason(annotation: dict,
                image: dict | None,
                cat_ids: Collection[int],
                min_size: int = 0) -> str | None:
    """The rule by which a stock COCO dataset drops an annotation.

    Args:
        annotation (dict): COCO annotation with ``bbox`` (xywh, pixels) and ``area``.
        image (dict, optional): Its image entry, None where the file has none.
        cat_ids (Collection[int]): Category ids whose names are among the classes.
        min_size (int): ``filter_cfg['min_size']``: least image side in pixels.
            It is a rule about images, not about boxes.

    Returns:
        str or None: The reason; None when the annotation is kept.
    """
    if image is None:
        return 'image id not in the file'
    if min(image['width'], image['height']) < min_size:
        return f'image side under {min_size} px'
    if annotation.get('ignore', False):
        return 'flagged ignore'
    x0, y0, w, h = annotation['bbox']
    overlap_w = min(x0 + w, image['width']) - max(x0, 0)
    overlap_h = min(y0 + h, image['height']) - max(y0, 0)
    if max(0, overlap_w) * max(0, overlap_h) == 0:
        return 'box without overlap with the image'
    if annotation['area'] <= 0:
        return 'area not above 0'
    if w < 1 or h < 1:
        return 'box under 1 px wide or high'
    if annotation['category_id'] not in cat_ids:
        return 'category not among the classes'
    return None


def read_with_stock_loader(dataset_cfg: dict) -> StockReading:
    """Read every image of a dataset config as stock training would.

    The pipeline is cut after ``LoadAnnotations``: what follows is augmentation, which
    may crop an instance away in one epoch and show it in the next.

    Args:
        dataset_cfg (dict): ``train_dataloader.dataset`` of a stock config, wrappers
            such as ``RepeatDataset`` included.

    Returns:
        StockReading: Counts, reasons and faults.

    Raises:
        ValueError: If the pipeline has no ``LoadAnnotations``.
    """
    dataset_cfg = _cut_after_loading(dataset_cfg)
    ann_file = osp.join(dataset_cfg.get('data_root') or '', dataset_cfg['ann_file'])
    with open(ann_file, encoding='utf-8') as file:
        data = json.load(file)
    images = {image['id']: image for image in data['images']}
    crowds = sum(bool(ann.get('iscrowd')) for ann in data['annotations'])
    reading = StockReading(
        annotations=len(data['annotations']) - crowds, crowds=crowds)
    try:
        dataset = DATASETS.build(dataset_cfg)
    except Exception as error:  # whatever the loader raises is the finding
        reading.faults.append(f'the stock dataset cannot be built: {_describe(error)}')
        return reading
    reading.images = len(dataset)
    dropped: Counter = Counter()
    min_size = (dataset.filter_cfg or {}).get('min_size', 0)
    cat_ids = set(dataset.cat_ids)
    kept = defaultdict(list)
    for annotation in data['annotations']:
        image_id = annotation['image_id']
        reason = drop_reason(
            annotation, images.get(image_id), cat_ids, min_size)
        if reason is None:
            kept[image_id].append(annotation)
        elif not annotation.get('iscrowd'):
            dropped[reason] += 1

    _check_classes(reading, data, dataset.metainfo['classes'])
    for index in range(len(dataset)):
        info = dataset.get_data_info(index)
        _read_image(reading, dropped, dataset, info, kept[info['img_id']])
    reading.dropped = dict(dropped)
    missing = reading.annotations - reading.read - sum(dropped.values())
    if missing:
        reading.faults.append(
            f'{missing} annotations were not read, and no known rule says why')
    if len(reading.faults) > MAX_FAULTS:
        more = len(reading.faults) - MAX_FAULTS
        reading.faults[MAX_FAULTS:] = [f'... and {more} more']
    return reading


def _cut_after_loading(dataset_cfg: dict) -> dict:
    """The innermost dataset of a config, its pipeline cut after LoadAnnotations."""
    while 'dataset' in dataset_cfg:
        dataset_cfg = dataset_cfg['dataset']
    dataset_cfg = copy.deepcopy(dataset_cfg)
    types = [step['type'].split('.')[-1] for step in dataset_cfg['pipeline']]
    if 'LoadAnnotations' not in types:
        raise ValueError(
            f'the training pipeline {types} has no LoadAnnotations: '
            'no mask would be read')
    last = types.index('LoadAnnotations')
    dataset_cfg['pipeline'] = dataset_cfg['pipeline'][:last + 1]
    # Text configs that access a base variable carry its scope along.
    dataset_cfg.setdefault('_scope_', 'mmdet')
    # Packing the list for worker processes fails when every image was dropped.
    dataset_cfg['serialize_data'] = False
    return dataset_cfg


def _check_classes(reading: StockReading, data: dict, classes: Sequence[str]) -> None:
    """Labels count the file's categories, names come from the classes: same order?"""
    names = [category['name'] for category in data['categories']]
    found = [name for name in names if name in set(classes)]
    if found != list(classes):
        reading.faults.append(
            f'labels would be shifted: the file has {len(found)} of the '
            f'{len(classes)} classes, or has them in another order; set '
            'metainfo.classes to the category names in file order and num_classes')


def _read_image(reading: StockReading, dropped: Counter, dataset, info: dict,
                kept: list[dict]) -> None:
    """Load one image as training does and settle the annotations kept for it."""
    where = f"image {info['img_id']}"
    people = [ann for ann in kept if not ann.get('iscrowd')]
    bare = [ann['id'] for ann in kept if not ann.get('segmentation')]
    if bare:
        reading.faults.append(
            f'{where}: annotations {bare[:5]} have no segmentation: training stops '
            "with KeyError: 'mask'")
        dropped['image with an annotation without segmentation'] += len(people)
        return
    if len(info['instances']) != len(kept):
        reading.faults.append(
            f"{where}: {len(info['instances'])} instances where the known rules "
            f'keep {len(kept)}')
        return
    try:
        results = dataset.pipeline(info)
    except Exception as error:  # whatever the loader raises is the finding
        reading.faults.append(f'{where}: loading raised {_describe(error)}')
        dropped['image that the loader cannot read'] += len(people)
        return
    areas = results['gt_masks'].areas
    for ann, ignored, area in zip(
            kept, results['gt_ignore_flags'], areas, strict=True):
        if ann.get('iscrowd'):
            continue
        if ignored:
            dropped['mask of a form that this pipeline ignores'] += 1
            continue
        if area == 0:
            dropped['mask without a pixel'] += 1
            continue
        reading.read += 1
        shape = list(results['ori_shape'])
        if isinstance(ann['segmentation'], dict) and list(
                ann['segmentation']['size']) != shape:
            reading.faults.append(
                f"annotation {ann['id']}: RLE size {ann['segmentation']['size']}, "
                f'image {shape}: the mask is read as another shape')
        # Only the labeller promises that `area` is the number of mask pixels.
        elif 'mal' in ann and int(area) != ann['area']:
            reading.faults.append(
                f"annotation {ann['id']}: area {ann['area']}, mask {int(area)} px")


def _describe(error: Exception) -> str:
    """The kind and the message of an exception."""
    return f'{type(error).__name__}: {one_line(error)}'

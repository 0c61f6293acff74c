"""Label boxes with all cells of a group and compare with human masks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from mmengine.registry import DefaultScope

from mmdet_mal.evaluation.mask_iou import rle_iou
from mmdet_mal.labelling.command import LabelJob, point_config_at
from mmdet_mal.models.crop_labeler import CropLabeler
from mmdet_mal.models.crop_maps import CropMaps
from mmdet_mal.registry import DATASETS
from mmdet_mal.utils.errors import UserError

from .build import VariantGroup
from .score_file import ScoreFile

Masks = dict[int, dict[str, Any]]


def make_dataset(group: VariantGroup, ann_file: str, images: str) -> Any:
    """The group's crops of the boxes of a file.

    Args:
        group: of labellers.
        ann_file: COCO JSON with boxes; masks in it are not read.
        images: folder, archive or address of its images.

    Returns:
        LabelChunkDataset: the same chunks as in a label run.

    Raises:
        UserError: a file is missing or faulty.
    """
    job = LabelJob.from_options(ann_file, images, f'{ann_file}.unused')
    point_config_at(group.config, job)
    with DefaultScope.overwrite_default_scope('mmdet'):
        dataset = DATASETS.build(group.config.test_dataloader.dataset)
        dataset.full_init()
    return dataset


@torch.no_grad()
def score_group(group: VariantGroup, dataset: Any, targets: Mapping[int, dict],
                out: ScoreFile, keep_masks_of: str | None = None,
                tick: Callable[[int], None] = lambda boxes: None) -> None:
    """Label what ``out`` does not hold yet, chunk by chunk.

    Args:
        group: of labellers.
        dataset: of :func:`make_dataset`.
        targets: human RLE by annotation id; only the scores see them.
        out: gets the IoUs.
        keep_masks_of: name of a labeller whose masks go into ``out`` too.
        tick: told the number of boxes after each chunk.

    Raises:
        UserError: an image cannot be read.
    """
    for index in range(len(dataset)):
        if index in out.done:
            tick(len(dataset.chunk_ann_ids(index)))
            continue
        chunk = dataset[index]
        if chunk['failed']:
            raise UserError(f"{dataset.ann_file}: {chunk['failed'][0][1]}")
        ious: dict[int, dict[str, float]] = {}
        masks: Masks = {}
        maps: dict[str, Any] = {}
        for name, model in group.models.items():
            found = label_chunk(model, chunk, maps.get(group.maps[name]))
            maps[group.maps[name]] = found.maps
            for ann_id, mask in found.masks.items():
                ious.setdefault(ann_id, {})[name] = rle_iou(
                    mask['segmentation'], targets[ann_id])
                if name == keep_masks_of:
                    masks[ann_id] = mask
        group.forget()
        out.add(index, ious, **({'masks': masks} if keep_masks_of else {}))
        tick(len(ious))


@dataclass(frozen=True)
class LabelledChunk:
    """Masks of a chunk and what they were cut from.

    Attributes:
        maps: probability maps of all boxes.
        masks: by annotation id, ``segmentation`` (RLE) and ``score``.
    """

    maps: CropMaps
    masks: Masks


def label_chunk(model: CropLabeler, chunk: dict[str, Any],
                maps: CropMaps | None = None) -> LabelledChunk:
    """Masks of a chunk, as a label run makes them.

    Args:
        model: in evaluation mode.
        chunk: item of a LabelChunkDataset.
        maps: of these boxes, from a labeller that makes the same maps.
    """
    data = model.data_preprocessor(
        dict(inputs=list(chunk['inputs']), data_samples=chunk['data_samples']),
        False)
    if maps is None:
        with torch.no_grad():
            maps = model.infer_maps(data['inputs'], data['data_samples'])
    samples = model.encode_maps(maps, data['data_samples'])
    return LabelledChunk(maps, {sample.ann_id: dict(
        segmentation=sample.pred_instances.masks[0],
        score=float(sample.pred_instances.scores[0])) for sample in samples})

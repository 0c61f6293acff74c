"""The labelled boxes of an image, put together."""

from typing import Any

import numpy as np
import torch
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData

from mmdet_mal.labelling.records import make_record
from mmdet_mal.structures.rle import rle_to_mask


def gather_image(index: int, samples: list[DetDataSample],
                 image_shape: tuple[int, int]) -> DetDataSample:
    """Join the samples of an image's boxes to one sample of the image.

    Args:
        index: position of the image among the inputs.
        samples: of its boxes, labelled, in order; may be empty.
        image_shape: height and width in px.

    Returns:
        With ``pred_instances`` of n instances: ``bboxes`` (n, 4), ``scores``,
        ``areas``, ``masks`` (list of RLE), ``mal`` (list of components).
    """
    parts = [sample.pred_instances for sample in samples]
    joined = DetDataSample(metainfo=dict(
        img_id=index, ori_shape=tuple(image_shape),
        img_path=samples[0].get('img_path', '') if samples else ''))
    joined.pred_instances = InstanceData(
        bboxes=torch.cat([p.bboxes for p in parts])
        if parts else torch.zeros(0, 4),
        scores=torch.cat([p.scores for p in parts]) if parts else torch.zeros(0),
        areas=torch.cat([p.areas for p in parts])
        if parts else torch.zeros(0, dtype=torch.int64),
        masks=[p.masks[0] for p in parts],
        mal=[p.mal[0] for p in parts])
    return joined


def to_prediction(sample: DetDataSample, mask_format: str) -> dict[str, Any]:
    """Give an image's masks as plain Python, as the masks JSON has them.

    Args:
        sample: from :func:`gather_image`.
        mask_format: ``'bool'`` or ``'rle'``.

    Returns:
        ``masks``: bool (n, H, W), or n RLE; ``scores``, ``areas``, ``bboxes`` and
        ``components`` as lists.
    """
    instances = sample.pred_instances
    records = [
        make_record(row, rle, float(score), components)
        for row, (rle, score, components) in enumerate(
            zip(instances.masks, instances.scores, instances.mal, strict=True))
    ]
    masks = [record['segmentation'] for record in records]
    return dict(
        masks=masks if mask_format == 'rle' else decode_masks(
            masks, sample.ori_shape),
        scores=[record['score'] for record in records],
        areas=[record['area'] for record in records],
        bboxes=instances.bboxes.tolist(),
        components=[record['mal'] for record in records])


def decode_masks(rles: list[dict], image_shape: tuple[int, int]) -> np.ndarray:
    """Decode the masks of an image, bool (n, H, W); n may be 0."""
    masks = np.zeros((len(rles), *image_shape), dtype=bool)
    for mask, rle in zip(masks, rles, strict=True):
        mask[:] = rle_to_mask(rle)
    return masks

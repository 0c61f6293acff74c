"""Masks for a file of boxes: everything in memory, full canvases."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from pycocotools import mask as coco_mask
from torch import Tensor
from torch.utils.data import DataLoader

from .boxes import BoxesToLabel
from .geometry import Box, Window, rectangles, resize
from .grouping import group_crops
from .mean_field import crf_marginals
from .network import LOSS_STRIDE

EDGE = .01  # px by which a box edge may miss the pixel border it means


@dataclass(frozen=True)
class Rules:
    """How crops become masks.

    Attributes:
        flip: average with the labels of the mirrored crop.
        grouping: ``ridge``, ``rounds``, ``sharpness`` and ``network_weight``
            of the tokens' grouping beside the network (ours); None: none.
        mean_field: ``zeta``, ``omega``, ``clamp`` and ``rounds``; None: none.
        threshold: a pixel is object above it.
        ellipse_prior, small_area: log odds of the ellipse in boxes of less
            than so many px².
    """

    flip: bool = False
    grouping: dict | None = None
    mean_field: dict | None = None
    threshold: float = .5
    ellipse_prior: float = 0.
    small_area: float = 32**2


def label(boxes: BoxesToLabel,
          infer: Callable[[dict[str, Tensor]], Tensor],
          rules: Rules,
          out_file: str | Path,
          batch_size: int = 16,
          workers: int = 0) -> None:
    """Write the masks JSON of a data set.

    Args:
        boxes (BoxesToLabel): The crops.
        infer (Callable): Probability maps (N, h, w) of a batch of them.
        rules (Rules): What becomes of the maps.
        out_file (str | Path): The JSON: that of the boxes with
            ``segmentation`` and ``area``.
        batch_size (int): Boxes inferred together.
        workers (int): Processes that read ahead.
    """
    rles = {}
    for batch in DataLoader(boxes, batch_size, num_workers=workers):
        with torch.no_grad():
            maps = infer(batch)
        for i, index in enumerate(batch['index'].tolist()):
            sample = boxes.samples[index]
            entry = boxes.images[sample['image_id']]
            mask = mask_of(maps[i].numpy(), tuple(batch['window'][i].tolist()),
                           sample['xyxy'], (entry['height'], entry['width']),
                           rules)
            rles[sample['id']] = coco_mask.encode(np.asfortranarray(mask))
    annotations = []
    for annotation in boxes.data['annotations']:
        annotation = dict(annotation)
        if annotation['id'] in rles:
            rle = rles[annotation['id']]
            annotation['area'] = int(coco_mask.area(rle))
            annotation['segmentation'] = dict(
                size=rle['size'], counts=rle['counts'].decode())
        annotations.append(annotation)
    with open(out_file, 'w', encoding='utf-8') as file:
        json.dump(dict(boxes.data, annotations=annotations), file)


def network_maps(network: Callable, rules: Rules) -> Callable:
    """Probability maps by a trained network (the teacher).

    Args:
        network (Callable): Crops and areas to logits and tokens.
        rules (Rules): Mirrored views and mean field.
    """
    def infer(batch: dict[str, Tensor]) -> Tensor:
        crops, areas = batch['crop'], batch['area']
        logits, tokens = network(crops, areas)
        prob = logits.sigmoid()
        if rules.flip:
            mirrored = network(crops.flip(-1), areas)[0].sigmoid().flip(-1)
            prob = (prob + mirrored) / 2
        if rules.grouping is not None:
            prob = with_grouping(prob, tokens, batch, **rules.grouping)
        if rules.mean_field is not None:
            prob = fit_to_edges(prob, batch, **rules.mean_field)
        return prob
    return infer


def with_grouping(prob: Tensor, tokens: Tensor, batch: dict[str, Tensor],
                  ridge: float, rounds: int, sharpness: float,
                  network_weight: float) -> Tensor:
    """Log odds of the tokens' grouping and of the network, added up."""
    scores = group_crops(tokens, batch, ridge, rounds, tuple(prob.shape[-2:]))
    odds = torch.logit(prob.clamp(1e-3, 1 - 1e-3))
    return (sharpness * scores + network_weight * odds).sigmoid()


def fit_to_edges(prob: Tensor, batch: dict[str, Tensor], zeta: float,
                 omega: float, clamp: float, rounds: int) -> Tensor:
    """Mean field over the crop, which knows that beyond the box is ground."""
    size = tuple(prob.shape[-2:])
    inside = rectangles(batch['box'], size, LOSS_STRIDE)
    valid = rectangles(batch['valid'], size, LOSS_STRIDE)
    colours = F.avg_pool2d(batch['crop'], LOSS_STRIDE)
    return crf_marginals(prob * (inside & valid), colours, valid, zeta, omega,
                         rounds, clamp)


def mask_of(prob: np.ndarray, window: Window, box: Box,
            shape: tuple[int, int], rules: Rules) -> np.ndarray:
    """The mask of one box on a canvas of the image's size.

    Args:
        prob (np.ndarray): (h, w), the map of the crop.
        window (tuple): Integer xyxy that the crop shows.
        box (tuple): xyxy in image pixels.
        shape (tuple[int, int]): Height and width of the image.
        rules (Rules): Threshold and ellipse.

    Returns:
        np.ndarray: uint8 (height, width); the box filled if it was empty.
    """
    x0, y0, x1, y1 = window
    prob = resize(prob.astype(np.float32), (y1 - y0, x1 - x0))
    if (rules.ellipse_prior
            and (box[2] - box[0]) * (box[3] - box[1]) < rules.small_area):
        prob = with_ellipse(prob, (x0, y0), box, rules.ellipse_prior)
    # Onto the canvas, as far as it overlaps.
    left, top, right, bottom = (max(x0, 0), max(y0, 0), min(x1, shape[1]),
                                min(y1, shape[0]))
    canvas = np.zeros(shape, np.uint8)
    canvas[top:bottom, left:right] = (
        prob[top - y0:bottom - y0, left - x0:right - x0] > rules.threshold)
    in_box = np.zeros(shape, np.uint8)
    low = np.floor(np.array(box[:2]) + EDGE).astype(int)
    high = np.ceil(np.array(box[2:]) - EDGE).astype(int)
    in_box[low[1]:high[1], low[0]:high[0]] = 1
    mask = canvas * in_box
    return mask if mask.any() else in_box


def with_ellipse(prob: np.ndarray, corner: tuple[int, int], box: Box,
                 weight: float) -> np.ndarray:
    """Add weight · (1 - d) to the log odds, d the squared elliptic distance.

    Args:
        prob (np.ndarray): (h, w), a part of the image.
        corner (tuple[int, int]): x and y of its first pixel.
        box (tuple): xyxy in image pixels.
        weight (float): Log odds at the centre.
    """
    ys, xs = np.mgrid[:prob.shape[0], :prob.shape[1]] + .5
    x0, y0, x1, y1 = box
    distance = (((2 * (xs + corner[0]) - x0 - x1) / (x1 - x0))**2
                + ((2 * (ys + corner[1]) - y0 - y1) / (y1 - y0))**2)
    prob = np.clip(prob, 1e-3, 1 - 1e-3).astype(np.float64)
    odds = np.log(prob / (1 - prob)) + weight * (1 - distance)
    return 1 / (1 + np.exp(-odds))

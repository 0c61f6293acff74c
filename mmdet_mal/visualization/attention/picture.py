"""Attention maps over their crop as one picture."""

from collections.abc import Sequence

import cv2
import numpy as np

from mmdet_mal.visualization.grid import picture_grid
from mmdet_mal.visualization.mask_view import BOX_COLOUR

# Of the attention; single patches that get nearly all would hide the rest.
_WHITE_PERCENTILE = 99.5
_OPACITY = .65
# Of 'mean of heads' in px.
_CAPTION_WIDTH = 125


def attention_picture(crop: np.ndarray, bbox: Sequence[float],
                      maps: np.ndarray, blocks: Sequence[int],
                      heads: Sequence[int] | str = 'all',
                      cell: int = 200) -> np.ndarray:
    """A row a block: the crop, the chosen heads, the mean of all heads.

    Each map is stretched to its own range, so colours tell where a head looks,
    not how strongly compared with another.

    Args:
        crop (np.ndarray): uint8 (H, W, 3), BGR.
        bbox (Sequence[float]): xyxy in px of the crop.
        maps (np.ndarray): (blocks, heads, h, w), not negative.
        blocks (Sequence[int]): Numbers of the blocks, for the rows' names.
        heads (Sequence[int] | str): Heads to show, ``'all'`` or ``'mean'``.
        cell (int): Longest side of a picture in px.

    Returns:
        np.ndarray: uint8, BGR.

    Raises:
        ValueError: there is no such head, or the maps do not fit the blocks.
    """
    if len(maps) != len(blocks):
        raise ValueError(f'{len(maps)} maps for {len(blocks)} blocks')
    shown = {'all': range(maps.shape[1]), 'mean': ()}.get(
        heads, heads) if isinstance(heads, str) else heads
    for head in shown:
        if not 0 <= head < maps.shape[1]:
            raise ValueError(f'head {head}: the block has heads 0 to '
                             f'{maps.shape[1] - 1}')
    rows = []
    for number, block in enumerate(blocks):
        layers = [maps[number][head] for head in shown]
        layers.append(maps[number].mean(axis=0))
        rows.append([_named(_boxed(crop, bbox), f'block {block}', cell),
                     *(_boxed(_heat(crop, layer), bbox) for layer in layers)])
    captions = ['', *(f'head {head}' for head in shown), 'mean of heads']
    height, width = (round(side * cell / max(crop.shape[:2]))
                     for side in crop.shape[:2])
    return picture_grid(rows, captions, (height, max(width, _CAPTION_WIDTH)))


def _heat(crop: np.ndarray, layer: np.ndarray) -> np.ndarray:
    """A map as warm colours over the grey crop."""
    low, high = layer.min(), np.percentile(layer, _WHITE_PERCENTILE)
    scaled = np.clip((layer - low) / max(high - low, 1e-12), 0, 1)
    scaled = cv2.resize((255 * scaled).astype(np.uint8), crop.shape[1::-1],
                        interpolation=cv2.INTER_LINEAR)
    colours = cv2.applyColorMap(scaled, cv2.COLORMAP_INFERNO)
    grey = cv2.cvtColor(cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY),
                        cv2.COLOR_GRAY2BGR)
    return cv2.addWeighted(colours, _OPACITY, grey, 1 - _OPACITY, 0)


def _boxed(img: np.ndarray, bbox: Sequence[float]) -> np.ndarray:
    """A copy with the box."""
    x0, y0, x1, y1 = (int(round(float(value))) for value in bbox)
    return cv2.rectangle(img.copy(), (x0, y0), (x1 - 1, y1 - 1), BOX_COLOUR,
                         max(1, round(max(img.shape[:2]) / 200)))


def _named(img: np.ndarray, name: str, cell: int) -> np.ndarray:
    """A copy, enlarged or shrunk to its cell, with a name on it."""
    scale = cell / max(img.shape[:2])
    img = cv2.resize(img, None, fx=scale, fy=scale)
    for colour, width in (((0, 0, 0), 3), ((255, 255, 255), 1)):
        cv2.putText(img, name, (5, 18), cv2.FONT_HERSHEY_SIMPLEX, .55, colour,
                    width, cv2.LINE_AA)
    return img

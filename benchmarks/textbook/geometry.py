"""Boxes, crops and grids, with plain loops and whole images."""

import math

import cv2
import numpy as np
import torch
from torch import Tensor

MEAN = (123.675, 116.28, 103.53)
STD = (58.395, 57.12, 57.375)

Box = tuple[float, float, float, float]
Window = tuple[int, int, int, int]


def expand(box: Box, rates: tuple[float, float, float, float]) -> Window:
    """The window of a crop: each side moved out by a rate of the half-size.

    Args:
        box (tuple): xyxy in image pixels.
        rates (tuple): Left, top, right, bottom.

    Returns:
        tuple: Integer xyxy around the expanded box; may overhang the image.
    """
    x0, y0, x1, y1 = box
    half_w, half_h = (x1 - x0) / 2, (y1 - y0) / 2
    left, top = (math.floor(x0 - rates[0] * half_w),
                 math.floor(y0 - rates[1] * half_h))
    right, bottom = (math.ceil(x1 + rates[2] * half_w),
                     math.ceil(y1 + rates[3] * half_h))
    return left, top, max(right, left + 1), max(bottom, top + 1)


def resize(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Mean of the pixels along an axis that shrinks, linear where it grows.

    Args:
        image (np.ndarray): (H, W) or (H, W, 3).
        size (tuple[int, int]): Height and width wanted.
    """
    small = min(size[0], image.shape[0]), min(size[1], image.shape[1])
    image = cv2.resize(image, small[::-1], interpolation=cv2.INTER_AREA)
    return cv2.resize(image, size[::-1], interpolation=cv2.INTER_LINEAR)


def cut(image: np.ndarray, window: Window,
        size: tuple[int, int]) -> tuple[np.ndarray, Box]:
    """Cut a window out, mirror what overhangs, resize.

    Args:
        image (np.ndarray): (H, W, 3).
        window (tuple): Integer xyxy, shows a part of the image.
        size (tuple[int, int]): Height and width of the crop.

    Returns:
        tuple: The crop, and the rectangle of it that shows the image, xyxy in
        crop pixels.
    """
    height, width = image.shape[:2]
    x0, y0, x1, y1 = window
    inside = max(x0, 0), max(y0, 0), min(x1, width), min(y1, height)
    crop = image[inside[1]:inside[3], inside[0]:inside[2]]
    crop = cv2.copyMakeBorder(crop, inside[1] - y0, y1 - inside[3],
                              inside[0] - x0, x1 - inside[2],
                              cv2.BORDER_REFLECT_101)
    return resize(crop, size), to_crop(inside, window, size)


def to_crop(box: Box, window: Window, size: tuple[int, int]) -> Box:
    """A box in image pixels as xyxy in pixels of the crop."""
    scale_x = size[1] / (window[2] - window[0])
    scale_y = size[0] / (window[3] - window[1])
    return ((box[0] - window[0]) * scale_x, (box[1] - window[1]) * scale_y,
            (box[2] - window[0]) * scale_x, (box[3] - window[1]) * scale_y)


def normalise(crop: np.ndarray) -> Tensor:
    """BGR bytes (H, W, 3) as normalised RGB (3, H, W), fp32."""
    rgb = crop[:, :, ::-1].astype(np.float32)
    rgb = (rgb - np.float32(MEAN)) / np.float32(STD)
    return torch.from_numpy(np.ascontiguousarray(rgb.transpose(2, 0, 1)))


def rectangles(boxes: Tensor, size: tuple[int, int], stride: float) -> Tensor:
    """Cells of a grid whose centre lies in the rectangle, box after box.

    Args:
        boxes (Tensor): (N, 4) xyxy in crop pixels.
        size (tuple[int, int]): Height and width of the grid.
        stride (float): Crop pixels per cell.

    Returns:
        Tensor: bool (N, height, width).
    """
    masks = torch.zeros(len(boxes), *size, dtype=torch.bool)
    for mask, (x0, y0, x1, y1) in zip(masks, boxes.tolist(), strict=True):
        ys = (torch.arange(size[0]) + 0.5) * stride
        xs = (torch.arange(size[1]) + 0.5) * stride
        rows, columns = (ys >= y0) & (ys < y1), (xs >= x0) & (xs < x1)
        mask |= rows[:, None] & columns[None, :]
    return masks

"""One drawn picture: objects on a ground, some touching, some overlapping."""

from dataclasses import dataclass, field

import cv2
import numpy as np

from mmdet_mal.demo.shapes import SHAPES, shape_mask
from mmdet_mal.demo.textures import ground, ground_palette, light, surface

SMALLEST_PX = 12
# An object of which less than this share stays visible is not placed, nor is
# one that would hide more than the rest of another.
MIN_VISIBLE = .6
# How often an object is put against another one.
TOUCH_PROB = .4
# Of an object's longer side, and the share of light that is gone.
SHADOW_LENGTH = .15
SHADOW_DEPTH = .45
_TRIES = 30


@dataclass
class Scene:
    """A picture and what is on it.

    Attributes:
        img (np.ndarray): uint8 (h, w, 3), BGR.
        masks (list[np.ndarray]): bool (h, w) each, the visible part.
        names (list[str]): shape of each object, keys of ``SHAPES``.
    """
    img: np.ndarray
    masks: list[np.ndarray] = field(default_factory=list)
    names: list[str] = field(default_factory=list)


@dataclass
class _Placed:
    """An object with its place: left top corner in px, whole and visible."""
    name: str
    cover: np.ndarray
    left: int
    top: int
    whole: np.ndarray
    visible: np.ndarray


def draw_scene(shape: tuple[int, int], num_objects: int,
               rng: np.random.Generator) -> Scene:
    """Draw one picture.

    Args:
        shape (tuple[int, int]): (height, width) in px, at least 64 each.
        num_objects (int): how many objects to try to place; where no room is
            left there are fewer.
        rng (np.random.Generator): source of all choices.

    Returns:
        Scene: objects in painting order, later ones in front.  The tight box
        of each visible part has a longer side of at least 12 px and at most
        half the shorter side of the image.

    Raises:
        ValueError: the image is too small.
    """
    if min(shape) < 64:
        raise ValueError(f'image of {shape} (h, w) px, at least 64 a side')
    placed: list[_Placed] = []
    for _ in range(num_objects):
        found = _find_place(shape, placed, rng)
        if found is not None:
            for other in placed:
                other.visible &= ~found.whole
            placed.append(found)

    palette = ground_palette(rng)
    img = ground(shape, palette, rng)
    # All light comes from one side, so all shadows fall to the other.
    angle = rng.uniform(0, 2 * np.pi)
    for item in placed:
        height, width = item.cover.shape
        _cast_shadow(img, item, angle)
        part = img[item.top:item.top + height, item.left:item.left + width]
        alpha = item.cover[..., None]
        part[:] = part * (1 - alpha) + surface(item.cover, palette, rng) * alpha
    img *= light(shape, rng)[..., None]
    img = cv2.GaussianBlur(img, (0, 0), rng.uniform(.4, .8))
    img += rng.normal(0, .015, img.shape).astype(np.float32)
    img = np.clip(np.round(img * 255), 0, 255).astype(np.uint8)
    return Scene(img, [item.visible for item in placed],
                 [item.name for item in placed])


def _cast_shadow(img: np.ndarray, item: _Placed, angle: float) -> None:
    """Darken what lies beside an object, in place.

    A shadow belongs to no mask but lies in part in the box, as in photographs.
    """
    size = max(item.cover.shape)
    shift = SHADOW_LENGTH * size * np.array([np.cos(angle), np.sin(angle)])
    shadow = np.zeros(img.shape[:2], np.float32)
    height, width = item.cover.shape
    shadow[item.top:item.top + height, item.left:item.left + width] = item.cover
    shadow = cv2.warpAffine(shadow, np.float32(
        [[1, 0, shift[0]], [0, 1, shift[1]]]), shadow.shape[::-1])
    shadow = cv2.GaussianBlur(shadow, (0, 0), max(size / 25, 1))
    img *= (1 - SHADOW_DEPTH * shadow)[..., None]


def _find_place(shape: tuple[int, int], placed: list[_Placed],
                rng: np.random.Generator) -> _Placed | None:
    """A new object that leaves enough of the others visible, or None."""
    names = list(SHAPES)
    for _ in range(_TRIES):
        name = names[rng.integers(len(names))]
        size = rng.uniform(SMALLEST_PX, min(shape) / 2)
        cover = shape_mask(name, size, rng)
        height, width = cover.shape
        if placed and rng.random() < TOUCH_PROB:
            left, top = _beside(placed[rng.integers(len(placed))], cover, rng)
        else:
            left = int(rng.integers(shape[1] - width + 1))
            top = int(rng.integers(shape[0] - height + 1))
        if (left < 0 or top < 0 or left + width > shape[1]
                or top + height > shape[0]):
            continue
        whole = np.zeros(shape, dtype=bool)
        whole[top:top + height, left:left + width] = cover > .5
        if _extent(whole) < SMALLEST_PX:
            continue
        if all(_enough_left(other, whole) for other in placed):
            return _Placed(name, cover, left, top, whole, whole.copy())
    return None


def _beside(other: _Placed, cover: np.ndarray,
            rng: np.random.Generator) -> tuple[int, int]:
    """A corner (left, top) at which the new object's edge meets another's."""
    # Along a random ray, centres as far apart as the two mean radii, less up
    # to a third: from touching to overlapping.
    reach = (sum(other.cover.shape) + sum(cover.shape)) / 4
    reach *= rng.uniform(.67, 1.)
    angle = rng.uniform(0, 2 * np.pi)
    x = other.left + other.cover.shape[1] / 2 + reach * np.cos(angle)
    y = other.top + other.cover.shape[0] / 2 + reach * np.sin(angle)
    return int(x - cover.shape[1] / 2), int(y - cover.shape[0] / 2)


def _enough_left(other: _Placed, front: np.ndarray) -> bool:
    """Whether an object stays visible enough behind a new one."""
    left = other.visible & ~front
    return (left.sum() >= MIN_VISIBLE * other.whole.sum()
            and _extent(left) >= SMALLEST_PX)


def _extent(mask: np.ndarray) -> int:
    """Longer side of the tight box of a mask in px, 0 if it is empty."""
    if not mask.any():
        return 0
    return 1 + max(int(np.ptp(np.flatnonzero(mask.any(axis))))
                   for axis in (0, 1))

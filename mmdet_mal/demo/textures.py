"""Colours and surfaces of the drawn grounds and objects.

The task is meant to be fair, as photographs are.  Objects can be told from
ground by looking, and the rule can be learned from many pictures: objects
wear warm colours in patterns and have a darker rim, grounds are cool or grey.
It is meant to be hard for colours of a single picture: every object shares
one of its two colours with its ground, and the ground is littered with the
objects' warm colours.  A method that sees one picture and no others (GrabCut)
must fail on part of it.  That is intended: the demo shows what learning from
many boxes adds, not how good GrabCut is.
"""

import cv2
import numpy as np

# Ground families: hue in degrees, saturation and value of their colours.
GROUNDS = dict(
    grass=((80, 140), (.25, .6), (.3, .65)),
    moss=((140, 180), (.15, .4), (.25, .6)),
    stone=((0, 360), (.0, .12), (.35, .75)),
    water=((185, 240), (.25, .6), (.35, .7)),
    sand=((30, 60), (.05, .2), (.6, .85)))
# Objects and litter: magenta over red to yellow.
OBJECT_HUE = (-60, 60)
OBJECT_SATURATION = (.55, .95)
OBJECT_VALUE = (.45, .95)
# How often the first colour of an object is one of its ground's, and the
# second one of its ground's litter.
SHARED_COLOUR_PROB = .8
# At most so many colours of litter on one ground.
MAX_LITTER = 3


def bgr(hue: float, saturation: float, value: float) -> np.ndarray:
    """A colour as float32 (3,) BGR in [0, 1] from HSV (degrees, 0-1, 0-1)."""
    hsv = np.array([[[hue % 360, saturation, value]]], dtype=np.float32)
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)[0, 0]


def noise(shape: tuple[int, int], scale: float,
          rng: np.random.Generator) -> np.ndarray:
    """Smooth noise, float32 (h, w), about N(0, 1), with grains of scale px."""
    height, width = shape
    coarse = rng.standard_normal(
        (int(height / scale) + 3, int(width / scale) + 3)).astype(np.float32)
    # Cut from the middle of the enlarged field: the borders are flat.
    field = cv2.resize(coarse, None, fx=scale, fy=scale,
                       interpolation=cv2.INTER_CUBIC)
    top, left = int(scale), int(scale)
    return np.ascontiguousarray(field[top:top + height, left:left + width])


def ground_palette(rng: np.random.Generator) -> np.ndarray:
    """Colours of one ground, float32 (3 + k, 3) BGR in [0, 1].

    Three of one ground family, then up to ``MAX_LITTER`` of objects' colours.
    """
    family = GROUNDS[list(GROUNDS)[rng.integers(len(GROUNDS))]]
    colours = [bgr(*(rng.uniform(*limits) for limits in family))
               for _ in range(3)]
    colours += [object_colour(rng)
                for _ in range(rng.integers(MAX_LITTER + 1))]
    return np.stack(colours)


def ground(shape: tuple[int, int], palette: np.ndarray,
           rng: np.random.Generator) -> np.ndarray:
    """A textured ground: noise at three scales, often planks, light, flecks.

    Args:
        shape (tuple[int, int]): (height, width) in px.
        palette (np.ndarray): float32 (3 + k, 3), of ground_palette.
        rng (np.random.Generator): source of all choices.

    Returns:
        np.ndarray: float32 (h, w, 3) BGR, about [0, 1] (not clipped).
    """
    tone = noise(shape, 45, rng) + .5 * noise(shape, 15, rng)
    if rng.random() < .4:
        tone = tone * .5 + stripes(shape, rng.uniform(14, 40), rng)
    img = _blend(palette[0], palette[1], _soft_step(tone / 2))
    grain = noise(shape, rng.uniform(1.5, 2.5), rng)
    img = _blend(img, palette[2], _soft_step(grain - rng.uniform(-.2, .5)))
    for colour in palette[3:]:
        litter = noise(shape, rng.uniform(2, 4), rng)
        img = _blend(img, colour, _soft_step(litter - rng.uniform(1.2, 1.8)))
    _scatter_flecks(img, rng)
    return img.astype(np.float32)


def _scatter_flecks(img: np.ndarray, rng: np.random.Generator) -> None:
    """Small spots in objects' colours (leaves, flowers, litter), in place."""
    height, width = img.shape[:2]
    count = int(rng.uniform(0, 60) * height * width / 256**2)
    for _ in range(count):
        centre = int(rng.integers(width)), int(rng.integers(height))
        axes = int(rng.integers(1, 5)), int(rng.integers(1, 3))
        cv2.ellipse(img, centre, axes, rng.uniform(0, 180), 0, 360,
                    object_colour(rng).tolist(), -1, cv2.LINE_AA)


def object_colour(rng: np.random.Generator) -> np.ndarray:
    """A warm colour as objects wear it, float32 (3,) BGR in [0, 1]."""
    return bgr(rng.uniform(*OBJECT_HUE), rng.uniform(*OBJECT_SATURATION),
               rng.uniform(*OBJECT_VALUE))


def surface(cover: np.ndarray, palette: np.ndarray,
            rng: np.random.Generator) -> np.ndarray:
    """The surface of one object: two colours in a pattern, shaded as a solid.

    Args:
        cover (np.ndarray): float32 (h, w) in [0, 1], the object's shape.
        palette (np.ndarray): float32 (3 + k, 3), of its ground.
        rng (np.random.Generator): source of all choices.

    Returns:
        np.ndarray: float32 (h, w, 3) BGR, about [0, 1] (not clipped).
    """
    shape = cover.shape
    size = max(shape)
    first, second = object_colour(rng), object_colour(rng)
    if rng.random() < SHARED_COLOUR_PROB:
        first = palette[rng.integers(3)]
    if len(palette) > 3 and rng.random() < SHARED_COLOUR_PROB:
        second = palette[rng.integers(3, len(palette))]
    kind = rng.integers(4)
    period = rng.uniform(5, 10)
    if kind == 0:
        pattern = stripes(shape, period, rng)
    elif kind == 1:
        pattern = stripes(shape, period, rng) * stripes(shape, period, rng)
    elif kind == 2:
        pattern = dots(shape, period, rng)
    else:
        pattern = noise(shape, period / 2.5, rng)
    img = _blend(first, second, _soft_step(pattern * 2))

    # Light from above and a darker rim: depth inside the shape, in px.
    inside = np.pad((cover > .5).astype(np.uint8), 1)
    depth = cv2.distanceTransform(inside, cv2.DIST_L2, 3)[1:-1, 1:-1]
    rim = 1 - .35 * np.exp(-depth / max(size / 25, 1))
    slope = np.linspace(1.1, .85, shape[0], dtype=np.float32)[:, None]
    grain_light = 1 + .05 * noise(shape, 1.5, rng)
    return (img * (rim * slope * grain_light)[..., None]).astype(np.float32)


def stripes(shape: tuple[int, int], period: float,
            rng: np.random.Generator) -> np.ndarray:
    """Wavering parallel stripes, float32 (h, w) in [-1, 1], period in px."""
    rows, columns = np.mgrid[:shape[0], :shape[1]].astype(np.float32)
    angle, phase = rng.uniform(0, np.pi), rng.uniform(0, 2 * np.pi)
    way = columns * np.cos(angle) + rows * np.sin(angle)
    waver = noise(shape, 20, rng) * .4
    return np.sin(2 * np.pi * way / period + phase + waver).astype(np.float32)


def dots(shape: tuple[int, int], spacing: float,
         rng: np.random.Generator) -> np.ndarray:
    """A turned grid of dots, float32 (h, w), above 0 on about half the area."""
    rows, columns = np.mgrid[:shape[0], :shape[1]].astype(np.float32)
    angle = rng.uniform(0, np.pi)
    turned = (columns * np.cos(angle) + rows * np.sin(angle),
              rows * np.cos(angle) - columns * np.sin(angle))
    waves = [np.cos(2 * np.pi * way / spacing + rng.uniform(0, 2 * np.pi))
             for way in turned]
    return (sum(waves) / 2).astype(np.float32)


def light(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Uneven light over the picture, float32 (h, w), about 1."""
    height, width = shape
    slope_y, slope_x = rng.uniform(-.2, .2, 2)
    rows = np.linspace(-.5, .5, height, dtype=np.float32)[:, None]
    columns = np.linspace(-.5, .5, width, dtype=np.float32)[None]
    return 1 + slope_y * rows + slope_x * columns


def _blend(first: np.ndarray, second: np.ndarray,
           share: np.ndarray) -> np.ndarray:
    """Two colours or pictures mixed, `share` (h, w) of the second."""
    return first * (1 - share[..., None]) + second * share[..., None]


def _soft_step(field: np.ndarray) -> np.ndarray:
    """From 0 below to 1 above zero, over about one unit of the field / 4."""
    return (1 / (1 + np.exp(-8 * np.clip(field, -4, 4)))).astype(np.float32)

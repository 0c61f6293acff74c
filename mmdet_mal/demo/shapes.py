"""Outlines of the drawn objects, as masks that fill the unit square's box.

Each function draws one outline in coordinates around the origin with a radius
of about 1; :func:`shape_mask` turns, stretches and rasterises it.
"""

from collections.abc import Callable

import cv2
import numpy as np

# Contours of one shape: the first is the outline, the others are holes; each
# float64 (k, 2) of x, y.
Contours = list[np.ndarray]

# Sub-pixels per pixel side: soft edges, as photographs have them.
OVERSAMPLING = 4
_CIRCLE_POINTS = 96


def _circle(radius: float = 1., centre: tuple[float, float] = (0., 0.)
            ) -> np.ndarray:
    angles = np.linspace(0, 2 * np.pi, _CIRCLE_POINTS, endpoint=False)
    return radius * np.stack([np.cos(angles), np.sin(angles)], 1) + centre


def ellipse(rng: np.random.Generator) -> Contours:
    """A filled ellipse: its own best guess is the ellipse baseline."""
    return [_circle() * (1, rng.uniform(.35, 1.))]


def polygon(rng: np.random.Generator) -> Contours:
    """A polygon of 3 to 6 corners, often with a notch."""
    corners = int(rng.integers(3, 7))
    step = 2 * np.pi / corners
    angles = np.arange(corners) * step + rng.uniform(-.3, .3, corners) * step
    radii = rng.uniform(.5, 1., corners)
    return [np.stack([np.cos(angles), np.sin(angles)], 1) * radii[:, None]]


def star(rng: np.random.Generator) -> Contours:
    """A star of 4 to 7 rays."""
    rays = int(rng.integers(4, 8))
    angles = np.arange(2 * rays) * np.pi / rays
    radii = np.where(np.arange(2 * rays) % 2, rng.uniform(.4, .55), 1.)
    return [np.stack([np.cos(angles), np.sin(angles)], 1) * radii[:, None]]


def blob(rng: np.random.Generator) -> Contours:
    """A closed curve whose radius is a random Fourier series of 4 terms."""
    angles = np.linspace(0, 2 * np.pi, _CIRCLE_POINTS, endpoint=False)
    radii = np.ones(_CIRCLE_POINTS)
    for order in range(2, 6):
        amplitude, phase = rng.normal(0, .6 / order), rng.uniform(0, 2 * np.pi)
        radii += amplitude * np.cos(order * angles + phase)
    radii = np.clip(radii, .25, None)
    return [np.stack([np.cos(angles), np.sin(angles)], 1) * radii[:, None]]


def bow(rng: np.random.Generator) -> Contours:
    """A ring or a crescent: much of its box is not object."""
    if rng.random() < .4:
        return [_circle(), _circle(rng.uniform(.45, .6))]
    shift = rng.uniform(.45, .65)
    # Two arcs of equal circles, from tip to tip.
    tip = np.arccos(shift / 2)
    outer = np.linspace(tip, 2 * np.pi - tip, _CIRCLE_POINTS)
    inner = np.linspace(np.pi + tip, np.pi - tip, _CIRCLE_POINTS)
    return [np.concatenate([
        np.stack([np.cos(outer), np.sin(outer)], 1),
        np.stack([np.cos(inner) + shift, np.sin(inner)], 1)])]


def bar(rng: np.random.Generator) -> Contours:
    """A rectangle; slanted, it fills little of its box."""
    half = rng.uniform(.15, .45)
    return [np.array([[-1., -half], [1, -half], [1, half], [-1, half]])]


SHAPES: dict[str, Callable[[np.random.Generator], Contours]] = dict(
    ellipse=ellipse, polygon=polygon, star=star, blob=blob, bow=bow, bar=bar)


def shape_mask(name: str, size: float,
               rng: np.random.Generator) -> np.ndarray:
    """Draw one shape at a random angle.

    Args:
        name (str): key of ``SHAPES``.
        size (float): longer side of its tight box in px, at least 4.
        rng (np.random.Generator): source of all choices.

    Returns:
        np.ndarray: float32 (h, w), share of each pixel that is covered, in
        [0, 1]; no empty border, max(h, w) is ``size`` to a pixel.

    Raises:
        ValueError: unknown name, or a size below 4 px.
    """
    if name not in SHAPES:
        raise ValueError(f"no shape '{name}', only {', '.join(SHAPES)}")
    if size < 4:
        raise ValueError(f'size {size} px is too small to draw, at least 4')
    angle = rng.uniform(0, 2 * np.pi)
    turn = np.array([[np.cos(angle), np.sin(angle)],
                     [-np.sin(angle), np.cos(angle)]])
    contours = [contour @ turn for contour in SHAPES[name](rng)]
    low, high = contours[0].min(0), contours[0].max(0)
    scale = size / (high - low).max()
    width, height = np.ceil((high - low) * scale - 1e-6).astype(int)
    canvas = np.zeros((height * OVERSAMPLING, width * OVERSAMPLING), np.uint8)
    corners = [np.round((contour - low) * scale * OVERSAMPLING - .5)
               .astype(np.int32) for contour in contours]
    # Even-odd filling leaves the inner contours as holes.
    cv2.fillPoly(canvas, corners, 255)
    cover = cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA)
    return cover.astype(np.float32) / 255

"""The ellipse inscribed in the box: the best mask that sees no image."""


import numpy as np

from mmdet_mal.structures.rle import bbox_window


def ellipse_mask(img: np.ndarray | None, bbox: np.ndarray,
                 image_shape: tuple[int, int]
                 ) -> tuple[np.ndarray, np.ndarray]:
    """Pixels whose centre lies in the ellipse with the box's axes.

    Args:
        img (np.ndarray | None): not used; here so that all baselines are
            called alike.
        bbox (np.ndarray): (4,) xyxy in image px.
        image_shape (tuple[int, int]): (height, width) in px.

    Returns:
        tuple: mask bool (h, w) and its window int64 (4,) xyxy in image px; the
        filled window where the ellipse holds no pixel centre.

    Raises:
        ValueError: the box is not finite, has no area or lies outside.
    """
    window = np.array(bbox_window(bbox, image_shape), dtype=np.int64)
    x0, y0, x1, y1 = (float(value) for value in bbox)
    # A box thinner than a pixel would divide by 0; the window has a pixel.
    half_width = max((x1 - x0) / 2, .5)
    half_height = max((y1 - y0) / 2, .5)
    columns = (np.arange(window[0], window[2]) + .5 - (x0 + x1) / 2) / half_width
    rows = (np.arange(window[1], window[3]) + .5 - (y0 + y1) / 2) / half_height
    mask = rows[:, None]**2 + columns[None, :]**2 <= 1
    return (mask if mask.any() else np.ones_like(mask)), window

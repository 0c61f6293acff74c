"""What was drawn for the colours of one sample."""

import dataclasses
import math

# The four of a colour jitter come in any order, then grey, then the blur.
JITTER_SLOTS = 4
GREY_SLOT = JITTER_SLOTS
BLUR_SLOT = JITTER_SLOTS + 1
SLOTS = JITTER_SLOTS + 2

# Pillow's Gaussian blur is this many box blurs.
BLUR_PASSES = 3


@dataclasses.dataclass(frozen=True)
class ColourDraw:
    """The changes of colour of one sample, in the order of their slots.

    Attributes:
        steps (tuple): Up to ``SLOTS`` tuples (slot, name, value) by rising
            slot: 'brightness', 'contrast' and 'saturation' with their factor,
            'hue' with its shift in 256ths of a turn, 'grey' with 0, 'blur'
            with the radius of its boxes in pixels.
    """

    steps: tuple[tuple[int, str, float], ...] = ()


def box_radius(sigma: float, passes: int = BLUR_PASSES) -> float:
    """Radius of box blurs that together come near a Gaussian, as Pillow's do.

    A box of radius l + a has the 2l + 1 pixels around its centre with weight 1
    and one more at either end with weight a; the variance of all passes is
    that of the Gaussian.  Source: Gwosdek et al., Theoretical Foundations of
    Gaussian Convolution by Extended Box Filtering, SSVM 2011.

    Args:
        sigma (float): Standard deviation in pixels, at least 0.
        passes (int): Number of box blurs, at least 1.

    Returns:
        float: Radius in pixels, at least 0.

    Raises:
        ValueError: If sigma is negative or not finite.
    """
    if not (math.isfinite(sigma) and sigma >= 0):
        raise ValueError(f'the sigma of a blur must be >= 0, got {sigma}')
    variance = sigma**2 / passes
    whole = math.floor((math.sqrt(12 * variance + 1) - 1) / 2)
    part = (2 * whole + 1) * (whole * (whole + 1) - 3 * variance)
    part /= 6 * (variance - (whole + 1)**2)
    return whole + part

"""Arithmetic of the labeller: by formula, and as torch counts it.

One multiplication and one addition count as two operations.  Products of
matrices and convolutions count; what is done pixel by pixel does not, nor the
mean field.
"""

import dataclasses
from collections.abc import Callable

from torch.utils.flop_counter import FlopCounterMode

# Convolutions of the decoder's V have 3x3 taps.
_TAPS = 9


@dataclasses.dataclass(frozen=True)
class Shapes:
    """What the number of operations depends on.

    Attributes:
        embed_dims, num_layers, feedforward: Of the ViT.
        patch (int): Side of a patch in px.
        crop (int): Side of a crop in px.
        channels (int): Width of the decoder.
        stride (int): Of the score map: 4 for boxes of 96² px and more.
    """

    embed_dims: int = 768
    num_layers: int = 12
    feedforward: int = 3072
    patch: int = 16
    crop: int = 512
    channels: int = 256
    stride: int = 4


def patch_embedding(shapes: Shapes) -> int:
    """Operations of cutting one crop into tokens."""
    tokens = (shapes.crop // shapes.patch)**2
    return 2 * tokens * 3 * shapes.patch**2 * shapes.embed_dims


def encoder(shapes: Shapes) -> int:
    """Operations of the encoder, forward, for one crop."""
    d = shapes.embed_dims
    tokens = (shapes.crop // shapes.patch)**2 + 1  # with the class token
    linear = 2 * tokens * (4 * d * d + 2 * d * shapes.feedforward)
    attention = 2 * 2 * tokens * tokens * d
    return patch_embedding(shapes) + shapes.num_layers * (linear + attention)


def decoder(shapes: Shapes) -> int:
    """Operations of the attention decoder, forward, for one crop."""
    d, c = shapes.embed_dims, shapes.channels
    half = (shapes.crop // (2 * shapes.stride))**2
    full = 4 * half
    value = 2 * _TAPS * (half * (d * c + c * c) + full * 2 * c * c)
    return value + 2 * d * c + 2 * full * c


def forward(shapes: Shapes) -> int:
    """Operations of one network, forward, for one crop."""
    return encoder(shapes) + decoder(shapes)


def parts_of_step(shapes: Shapes) -> dict[str, int]:
    """Operations of one training step for one crop, part by part.

    Backward is twice forward, once for the inputs and once for the weights;
    the patches need no gradient of their input.  What a kernel computes again
    (flash attention, activation checkpointing) is no work done.

    Args:
        shapes (Shapes): The network.

    Returns:
        dict[str, int]: ``student_forward``, ``student_backward`` and
        ``teacher_forward``, each of which includes a decoder; ``decoder``,
        what the three of them are of it; and ``step``, the sum.
    """
    once = forward(shapes)
    backward = 2 * once - patch_embedding(shapes)
    return dict(
        student_forward=once, student_backward=backward, teacher_forward=once,
        decoder=4 * decoder(shapes), step=2 * once + backward)


def counted(call: Callable[[], object]) -> int:
    """Operations of a call as torch's counter sees them.

    Args:
        call (Callable): Called once.

    Returns:
        int: Operations.  Flash attention's backward pass counts with what it
        computes again; the fused attention of CPUs counts as nothing.
    """
    with FlopCounterMode(display=False) as counter:
        call()
    return counter.get_total_flops()

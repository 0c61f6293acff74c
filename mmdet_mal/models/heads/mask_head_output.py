"""What a mask decoder says of its crops."""

from typing import NamedTuple

from torch import Tensor


class MaskHeadOutput(NamedTuple):
    """Scores of the pixels and, with a class branch, of the classes.

    Attributes:
        logits (Tensor): (N, H / out_stride, W / out_stride).
        class_logits (Tensor | None): (N, num_classes); None without a class
            branch.
    """

    logits: Tensor
    class_logits: Tensor | None

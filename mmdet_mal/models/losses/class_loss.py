"""Auxiliary loss on the class of the box."""

import torch
from mmdet.models.losses import CrossEntropyLoss
from torch import Tensor, nn

from mmdet_mal.models.heads.errors import DecoderError
from mmdet_mal.registry import MODELS
from mmdet_mal.utils.setting_error import SettingError

from .warmup import warmup_scale


@MODELS.register_module()
class ClassLoss(nn.Module):
    """Cross-entropy between the decoder's class branch and the box's class.

    Off in the paper's recipe.  The class stands beside each box in the
    annotation, so this is no supervision beyond boxes.  The variants:

    ========== =========== ================== ===============================
    target     activation  ``num_classes``    is
    ========== =========== ================== ===============================
    category   softmax     number of classes  one of the classes (Mask R-CNN,
                                              Mask2Former)
    category   sigmoid     number of classes  each class for itself
    object     sigmoid     1                  "holds an object", Mask2Former's
                                              class loss on one class
    ========== =========== ================== ===============================

    Every crop holds an object, so the target of ``object`` is always 1: it
    teaches nothing and shows what a class loss costs or does by itself.

    Args:
        target (str): ``'category'`` or ``'object'``.
        activation (str): ``'softmax'`` or ``'sigmoid'``.
        loss_weight (float): Default 1 (ours).
        warmup_iters (int): Iterations over which the weight rises linearly
            from 0.  Default 0.
    """

    def __init__(self,
                 target: str = 'category',
                 activation: str = 'softmax',
                 loss_weight: float = 1.0,
                 warmup_iters: int = 0) -> None:
        super().__init__()
        if target not in ('category', 'object'):
            raise SettingError(
                f"target must be 'category' or 'object', got {target!r}")
        if activation not in ('softmax', 'sigmoid'):
            raise SettingError("activation must be 'softmax' or 'sigmoid', got "
                               f'{activation!r}')
        if target == 'object' and activation == 'softmax':
            raise SettingError("target='object' has one class, whose softmax is "
                               "always 1: set activation='sigmoid'")
        self.target = target
        self.loss_weight = loss_weight
        self.warmup_iters = warmup_iters
        self.criterion = CrossEntropyLoss(use_sigmoid=activation == 'sigmoid')

    def weight_scale(self, iteration: int) -> float:
        """Linear warm-up of the weight.

        Args:
            iteration (int): Iterations of the runner so far.

        Returns:
            float: In (0, 1].
        """
        return warmup_scale(iteration, self.warmup_iters)

    def forward(self, class_logits: Tensor, labels: Tensor) -> Tensor:
        """Loss averaged over the batch, summed over classes for sigmoids.

        Args:
            class_logits (Tensor): (N, num_classes).
            labels (Tensor): int64 (N,), the index of each box's class.

        Returns:
            Tensor: fp32 scalar.

        Raises:
            DecoderError: If a label has no logit, or ``'object'`` meets
                several classes.
        """
        num_classes = class_logits.shape[1]
        if self.target == 'object':
            if num_classes != 1:
                raise DecoderError("target='object' needs a decoder with "
                                   f'num_classes=1, got {num_classes}')
            labels = torch.zeros_like(labels)
        elif labels.max() >= num_classes:
            raise DecoderError(
                f'a box has class index {int(labels.max())}, the decoder has '
                f'num_classes={num_classes}: set it to the number of '
                'categories of the annotation file')
        with torch.autocast(class_logits.device.type, enabled=False):
            return self.loss_weight * self.criterion(
                class_logits.float(), labels, avg_factor=len(labels))

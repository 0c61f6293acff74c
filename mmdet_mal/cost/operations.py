"""Operations and memory of a labeller's network, counted without computing."""

import copy
import dataclasses
from typing import Any

# What autograd keeps is counted in fp32; under bf16 autocast about this much of
# it is left (norms and sums stay in fp32).  Assumed.
_BF16_SHARE = .6
# Boxes of this area get the largest score map, the most work.
_LARGE_BOX = 96.**2
_MOST_HEADS = 32


@dataclasses.dataclass(frozen=True)
class Work:
    """Of one crop.

    Attributes:
        forward: Operations of one network, two for a multiply-add.
        backward: Operations of the backward pass: twice the forward of what is
            trained.
        parameters: Of one network.
        saved_bytes: What autograd keeps for the backward pass under bf16
            autocast, the attention's matrices aside, which fused attention
            never stores.
    """

    forward: float
    backward: float
    parameters: int
    saved_bytes: float


def count_operations(config: Any, crops: str = 'label') -> Work:
    """Count for the network of a config.

    Args:
        config: MMEngine config with ``model.network`` (a MaskAutoLabeler) or
            ``model.encoder`` (an InstantLabeler, whose grouping and mean field
            do not count).
        crops: ``'label'`` or ``'train'``, whose size may differ.
    """
    import torch
    from mmengine.registry import DefaultScope
    from torch.utils.flop_counter import FlopCounterMode

    from mmdet_mal.registry import MODELS
    model = config.model
    size = _crop_size(config, crops)
    saved = 0.

    def keep(tensor: Any) -> Any:
        nonlocal saved
        # (crops, heads, tokens, tokens); a map of pixels has more channels than
        # a ViT has heads.
        attention = (tensor.dim() == 4 and tensor.shape[-1] == tensor.shape[-2]
                     and tensor.shape[1] <= _MOST_HEADS)
        if not attention:
            saved += tensor.numel() * tensor.element_size()
        return tensor

    # Sizes are routed by value, which meta tensors do not have.
    area = torch.full((1, ), _LARGE_BOX)
    with DefaultScope.overwrite_default_scope('mmdet'), torch.device('meta'):
        trained = 'network' in model
        if trained:
            network = MODELS.build(dict(copy.deepcopy(model.network),
                                        pretrained=None))
        else:
            network = MODELS.build(copy.deepcopy(model.encoder))
        crop = torch.zeros(1, 3, *size)
        with FlopCounterMode(display=False) as counter, \
                torch.autograd.graph.saved_tensors_hooks(keep, lambda x: x):
            if trained:
                network(crop, area)
            else:
                network(crop)
    forward = float(counter.get_total_flops())
    sizes = [(p.numel(), p.requires_grad) for p in network.parameters()]
    parameters = sum(count for count, _ in sizes)
    moving = sum(count for count, moves in sizes if moves) / max(1, parameters)
    return Work(forward, 2 * forward * moving if trained else 0., parameters,
                saved * _BF16_SHARE if trained else 0.)


def _crop_size(config: Any, crops: str) -> tuple[int, int]:
    """Height and width of the crops that the config labels or trains on."""
    # Where a training does not say (a crop within another step), as in a label.
    loaders = dict(label=['test_dataloader'],
                   train=['train_dataloader', 'test_dataloader'])[crops]
    for loader in loaders:
        dataset = config[loader].dataset
        while 'dataset' in dataset:  # wrapped
            dataset = dataset['dataset']
        for step in dataset.get('pipeline', ()):
            if step['type'].rpartition('.')[2] in ('CropBox', 'CutWindow'):
                return tuple(step.get('size', (512, 512)))
    return 512, 512

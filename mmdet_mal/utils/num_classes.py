"""The class count of a stock model config."""

from typing import Any

# Weight of the 'no object' class in the stock Mask2Former classification loss.
NO_OBJECT_WEIGHT = 0.1


def set_num_classes(cfg: Any, num_classes: int) -> int:
    """Set the class count wherever a stock model config states it, in place.

    ``num_classes`` (box, mask and SOLO heads, cascades included) and, for the
    MaskFormer family, ``num_things_classes`` with the class weights of the loss.
    An ``rpn_head`` names no class count in its config and stays as it is.

    Args:
        cfg (dict | list | Any): A model config, or a part of one.
        num_classes (int): Number of foreground classes, at least 1.

    Returns:
        int: How many settings were changed or confirmed; 0 means that the model
        states no class count.

    Raises:
        ValueError: If ``num_classes`` is below 1.
    """
    if num_classes < 1:
        raise ValueError(f'num_classes is {num_classes}, it must be at least 1')
    count = 0
    if isinstance(cfg, (list, tuple)):
        return sum(set_num_classes(item, num_classes) for item in cfg)
    if not isinstance(cfg, dict):
        return 0
    for key in ('num_classes', 'num_things_classes'):
        if key in cfg:
            cfg[key] = num_classes
            count += 1
    loss = cfg.get('loss_cls')
    if isinstance(loss, dict) and isinstance(loss.get('class_weight'), (list, tuple)):
        loss['class_weight'] = [1.0] * num_classes + [NO_OBJECT_WEIGHT]
        count += 1
    return count + sum(
        set_num_classes(value, num_classes) for value in cfg.values())

"""Object against ground by grouping the tokens of a frozen encoder.

Ours, not the paper's: with a few hundred photographs the losses alone need
many epochs to learn what the pretrained tokens of one crop already tell.
"""

import torch
from torch import Tensor

from mmdet_mal.utils.host_reads import reads_are_free
from mmdet_mal.utils.setting_error import SettingError

# Smallest ridge for each token of a crop that a system in fp32 may have: its
# rounding errors are about 1e-7 for each token, and of smaller ridges they take
# a hundredth and more (or leave no factor at all).  Below, it is solved in fp64.
_RIDGE_OF_FP32 = 1e-5


@torch.no_grad()
def group_tokens(tokens: Tensor,
                 box_mask: Tensor,
                 valid: Tensor,
                 ridge: float = 10.0,
                 rounds: int = 4,
                 bias: float = 0.3,
                 solver: str = 'auto') -> Tensor:
    r"""Classify the tokens of each crop by ridge regression, transductively.

    The first labels are +1 inside the box and -1 outside it.  Each round fits
    a ridge classifier of the labels on the tokens of this one crop, then
    relabels the tokens inside the box by the sign of the fit: what looks like
    the surroundings of the box becomes ground.  Both classes weigh the same.

    In the dual form the scores are :math:`s = K a` with
    :math:`(K + \lambda W^{-1}) a = y`, for the kernel K of the normalised
    tokens and the weights W that balance the two classes.  Only y changes from
    round to round: on a CPU one Cholesky factor of a crop's system serves them
    all.  On other devices all crops are solved together, by products alone.

    Args:
        tokens (Tensor): Feature map (N, C, h, w) of a frozen block.
        box_mask (Tensor): bool (N, h, w), the filled box.
        valid (Tensor): bool (N, h, w), true where the crop shows the image.
        ridge (float): :math:`\lambda`, positive: larger groups more coarsely.
        rounds (int): Times that the tokens are relabelled.
        bias (float): Value of the constant feature.
        solver (str): ``'direct'``; ``'iterative'``, to 1e-4 of the residual;
            or ``'auto'``, which is direct on a CPU.

    Returns:
        Tensor: fp32 scores (N, h, w), positive for the object; around -1 to 1.

    Raises:
        SettingError: The ridge is not positive, or so small that the direct
            solver loses it beside the kernel, in fp64.
        ValueError: No such solver.
    """
    if ridge <= 0:
        raise SettingError(f'ridge must be positive, got {ridge}')
    if solver not in ('auto', 'direct', 'iterative'):
        raise ValueError("solver must be 'auto', 'direct' or 'iterative', got "
                         f'{solver!r}')
    size = tokens.shape[-2:]
    x = tokens.flatten(2).mT.float()
    inside, valid = box_mask.flatten(1), valid.flatten(1).float()
    # What a crop shows beyond the image is made up, so it has no say here.
    mean = (valid[:, None] @ x) / valid.sum(1).clamp(min=1)[:, None, None]
    x = torch.nn.functional.normalize(x - mean, dim=-1)
    x = torch.cat([x, x.new_full((*x.shape[:2], 1), bias)], dim=-1)

    count = x.shape[1]
    share = torch.where(inside, (valid * inside).sum(1, keepdim=True),
                        (valid * ~inside).sum(1, keepdim=True))
    weight = valid / share.clamp(min=1) * count / 2
    if solver == 'direct' or (solver == 'auto' and reads_are_free(x)):
        # Crop by crop: a system stays in the cache of a core.
        scores = torch.stack([_group_directly(*crop, ridge, rounds)
                              for crop in zip(x, weight, inside, strict=True)])
    else:
        scores = _group_iteratively(x, weight, inside, ridge, rounds)
    return scores.unflatten(1, size)


def _group_directly(x: Tensor, weight: Tensor, inside: Tensor, ridge: float,
                    rounds: int) -> Tensor:
    """Scores of one crop.

    Args:
        x (Tensor): Features (T, C) of its tokens.
        weight, inside (Tensor): (T,).
        ridge, rounds: As of :func:`group_tokens`.

    Returns:
        Tensor: (T,).

    Raises:
        SettingError: As :func:`group_tokens`.
    """
    if ridge < _RIDGE_OF_FP32 * len(x):
        x, weight = x.double(), weight.double()
    # Of the primal and the dual form, the one with the smaller system.
    if x.shape[1] <= x.shape[0]:
        balanced, scored = weight[:, None] * x, x
        system = x.mT @ balanced
    else:
        root = weight.sqrt()
        balanced, scored = root.diag(), x @ x.mT * root
        system = root[:, None] * scored
    system.diagonal().add_(ridge)
    factor, failed = torch.linalg.cholesky_ex(system)
    if failed and x.isfinite().all():
        raise SettingError(
            f'the ridge of the token grouping, {ridge:g}, is too small: the system '
            'of a crop cannot be solved; the shipped configs have ridge=10')
    # A crop of NaN has scores of NaN.
    labels = torch.where(inside, 1.0, -1.0).to(x.dtype)
    for step in range(rounds + 1):
        scores = (scored @ torch.cholesky_solve(
            (balanced.mT @ labels)[:, None], factor))[:, 0]
        if step < rounds:
            labels = torch.where(inside & (scores > 0), 1.0, -1.0).to(x.dtype)
    return scores.float()


def _group_iteratively(x: Tensor, weight: Tensor, inside: Tensor, ridge: float,
                       rounds: int) -> Tensor:
    """Scores (N, T) of all crops at once; the arguments have an N before."""
    root = weight.sqrt()
    kernel = x @ x.mT
    # With a = W^(1/2) z the system is W^(1/2) K W^(1/2) + lambda: symmetric,
    # well conditioned, and defined for tokens of weight 0 too.
    balanced = root[:, :, None] * kernel * root[:, None, :]
    labels = torch.where(inside, 1.0, -1.0)
    for step in range(rounds + 1):
        z = _conjugate_gradients(balanced, ridge, root * labels)
        scores = (kernel @ (root * z)[..., None])[..., 0]
        if step < rounds:
            labels = torch.where(inside & (scores > 0), 1.0, -1.0)
    return scores


def repeat_edge(scores: Tensor, valid: Tensor) -> Tensor:
    """Give cells beyond the image the score of the nearest cell within.

    So that a map which is resized afterwards is the same whatever the padding
    of the crop showed.

    Args:
        scores (Tensor): (N, h, w).
        valid (Tensor): bool (N, h, w), a filled rectangle in each.

    Returns:
        Tensor: (N, h, w).
    """
    for dim in (1, 2):
        shown = valid.any(dim=3 - dim).int()
        count = shown.shape[1]
        first = shown.argmax(dim=1, keepdim=True)
        last = count - 1 - shown.flip(1).argmax(dim=1, keepdim=True)
        nearest = torch.arange(count, device=scores.device)[None]
        nearest = nearest.maximum(first).minimum(last)
        index = nearest.unsqueeze(3 - dim).expand_as(scores)
        scores = scores.gather(dim, index)
    return scores


def _conjugate_gradients(matrix: Tensor,
                         ridge: float,
                         target: Tensor,
                         max_iters: int = 50,
                         tolerance: float = 1e-4) -> Tensor:
    """Solve ``(matrix + ridge) z = target`` for a batch.

    Products only, so it runs alike on every device; it takes about ten rounds
    here, since the ridge bounds the condition number.  Each system ends by
    itself, whatever the others of the batch still do.  Only on the CPU is it
    asked whether all have ended: elsewhere the answer would have to be waited
    for.

    Args:
        matrix (Tensor): (N, T, T), symmetric, not negative definite.
        ridge (float): Added to the diagonal.
        target (Tensor): (N, T).
        max_iters (int): Most rounds.
        tolerance (float): Residual, relative to the target, that suffices.

    Returns:
        Tensor: (N, T).
    """
    solution = torch.zeros_like(target)
    residual = target.clone()
    direction = residual.clone()
    power = residual.square().sum(1, keepdim=True)
    enough = power * tolerance**2
    moving = power > enough
    for _ in range(max_iters):
        image = (matrix @ direction[..., None])[..., 0] + ridge * direction
        curvature = (direction * image).sum(1, keepdim=True)
        step = torch.where(moving, power / curvature.clamp(min=1e-30), 0.0)
        solution += step * direction
        residual -= step * image
        new_power = residual.square().sum(1, keepdim=True)
        # A NaN has not converged.
        moving = moving & ~(new_power <= enough)
        if reads_are_free(moving) and not moving.any():
            break
        direction = residual + new_power / power.clamp(min=1e-30) * direction
        power = new_power
    return solution

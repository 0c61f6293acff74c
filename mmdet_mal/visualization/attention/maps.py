"""Where the tokens of a plain ViT look: attention of blocks and heads."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from mmpretrain.models import VisionTransformer
from mmpretrain.models.utils.attention import MultiheadAttention
from torch import Tensor, nn

from mmdet_mal.utils.errors import UserError

QUERIES = ('class', 'box')


@dataclass(frozen=True)
class AttentionMaps:
    """Attention of one kind of query.

    Attributes:
        maps (Tensor): fp32 (N, blocks, heads, h, w), the share of attention
            that each patch gets; with ``elsewhere`` it sums to 1.
        elsewhere (Tensor): fp32 (N, blocks, heads), the share that goes to
            the class token, registers and the like.
        blocks (tuple[int, ...]): The blocks, from 0.
    """
    maps: Tensor
    elsewhere: Tensor
    blocks: tuple[int, ...]


@torch.no_grad()
def attention_maps(encoder: nn.Module, crops: Tensor, blocks: Sequence[int],
                   query: str = 'class',
                   inside: Tensor | None = None) -> AttentionMaps:
    r"""Attention :math:`softmax(q k^T / \sqrt d)` of chosen blocks.

    The encoder runs as it is; the input of each attention is caught on its
    way, and queries and keys are computed from it with the block's own
    weights.  ``query='class'`` is the row of the class token; ``query='box'``
    the mean of the rows of the patches inside the box.

    Args:
        encoder (nn.Module): A ``mmpretrain.VisionTransformer`` or one derived
            from it with the same attention (``DistilledVisionTransformer``,
            ``mmdet_mal.RegisterVisionTransformer``).
        crops (Tensor): Normalised crops (N, 3, H, W).
        blocks (Sequence[int]): From 0.
        query (str): ``'class'`` or ``'box'``.
        inside (Tensor, optional): bool (N, h, w), the patches of the box; for
            ``query='box'``.

    Returns:
        AttentionMaps: Of all heads of these blocks.

    Raises:
        UserError: The encoder has no global attention (Swin, ConvNeXt), not
            such a block, or no class token.
        ValueError: An unknown query, or patches that do not fit.
    """
    check_encoder(encoder, blocks, query)
    if query not in QUERIES:
        raise ValueError(f'query must be one of {QUERIES}, got {query!r}')
    caught: dict[int, Tensor] = {}
    hooks = [encoder.layers[block].attn.register_forward_pre_hook(
        _catcher(caught, block)) for block in set(blocks)]
    was_training = [(m, m.training) for m in encoder.modules()]
    try:
        encoder.eval()
        encoder(crops)
    finally:
        for hook in hooks:
            hook.remove()
        for module, mode in was_training:
            module.training = mode
    grid = encoder.patch_embed(crops[:1])[1]
    extra = _num_extra(encoder)
    if query == 'box':
        if inside is None or inside.shape != (len(crops), *grid):
            raise ValueError(
                f"query='box' needs inside of {(len(crops), *grid)}, got "
                f'{None if inside is None else tuple(inside.shape)}')
        if not inside.flatten(1).any(1).all():
            raise ValueError('a box without a patch inside has no query')
    rows = torch.stack([
        _rows(encoder.layers[block].attn, caught[block], extra, inside)
        for block in blocks], dim=1)                   # (N, blocks, heads, T)
    maps = rows[..., extra:].unflatten(-1, tuple(grid))
    return AttentionMaps(maps, rows[..., :extra].sum(-1), tuple(blocks))


def check_encoder(encoder: nn.Module, blocks: Sequence[int],
                  query: str) -> None:
    """Raise a UserError unless such maps can be drawn of an encoder.

    Args:
        encoder (nn.Module): Any backbone.
        blocks (Sequence[int]): From 0.
        query (str): ``'class'`` or ``'box'``.
    """
    name = type(encoder).__name__
    if not isinstance(encoder, VisionTransformer):
        raise UserError(
            f'the encoder is a {name}, whose tokens do not attend to the whole '
            'crop (Swin attends within windows, ConvNeXt not at all); attention '
            'maps need a plain ViT such as DeiT, MAE or DINOv2')
    if type(encoder.layers[0].attn) is not MultiheadAttention:
        raise UserError(
            f'the encoder is a {name} with attention of its own '
            f'({type(encoder.layers[0].attn).__name__}); only that of '
            'mmpretrain.VisionTransformer is known here')
    if query == 'class' and not _num_extra(encoder):
        raise UserError(f'the encoder, a {name}, has no class token; use the box '
                        "as the query (query='box')")
    depth = len(encoder.layers)
    for block in blocks:
        if not 0 <= block < depth:
            raise UserError(f'block {block}: the encoder has blocks 0 to '
                            f'{depth - 1}')


def _num_extra(encoder: nn.Module) -> int:
    """Tokens before the patches: class, distillation, registers."""
    return encoder.num_extra_tokens + getattr(encoder, 'num_registers', 0)


def _catcher(caught: dict[int, Tensor], block: int):
    """A hook that keeps the input of a module."""

    def keep(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        caught[block] = inputs[0]

    return keep


def _rows(attn: MultiheadAttention, x: Tensor, extra: int,
          inside: Tensor | None) -> Tensor:
    """Attention of the query to all tokens, (N, heads, T).

    Args:
        attn (MultiheadAttention): Of a block.
        x (Tensor): Its input (N, T, C).
        extra (int): Tokens before the patches.
        inside (Tensor, optional): bool (N, h, w); None is the class token.
    """
    count, length, _ = x.shape
    qkv = attn.qkv(x).reshape(count, length, 3, attn.num_heads, attn.head_dims)
    q, k, _ = qkv.permute(2, 0, 3, 1, 4)               # (N, heads, T, d)
    rows = []
    for crop in range(count):
        if inside is None:
            chosen = q[crop, :, :1]
        else:
            chosen = q[crop, :, extra:][:, inside[crop].flatten()]
        logits = chosen @ k[crop].transpose(-2, -1) / attn.head_dims**.5
        rows.append(logits.float().softmax(-1).mean(1))
    return torch.stack(rows)

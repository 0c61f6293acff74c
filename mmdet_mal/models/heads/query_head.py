"""Query-based mask decoder, for comparison."""

import torch
from mmdet.models.layers import (Mask2FormerTransformerDecoder,
                                 SinePositionalEncoding)
from torch import Tensor, nn

from mmdet_mal.registry import MODELS
from mmdet_mal.utils.setting_error import SettingError

from .base_mask_head import BaseMaskHead
from .pixel_branch import PixelBranch
from .resize import resize_bilinear


@MODELS.register_module()
class QueryMaskHead(BaseMaskHead):
    """One learned query in the manner of Mask2Former (paper 4.5).

    **The paper reports that it could not train this decoder.**  It is here so
    that the comparison is complete.

    The query reads the encoder's map through the layers of Mask2Former
    (masked cross-attention, self-attention, feed-forward); the inner product
    of its embedding with V is the score.  One query, because a crop holds one
    object: nothing is matched.  With one query self-attention is a linear map
    of the query; its layers stay as they are in Mask2Former.

    What the paper leaves open and we chose:

    * V of the attention decoder in the place of Mask2Former's pixel decoder,
      so that the decoders differ in how the crop's vector comes about and in
      nothing else;
    * attention reads one map, the encoder's (or the routed one of a pyramid),
      and not three levels in turn;
    * losses on the last layer alone;
    * the class branch, if any, reads the query.

    Args:
        in_channels (list[int]): See :class:`BaseMaskHead`.
        channels (int): Width of query and V; a multiple of 4 and of
            ``num_heads``.  Default 256.
        num_layers (int): Layers, at least 1.  Default 9 (Mask2Former).
        num_heads (int): Heads of the attention.  Default 8 (Mask2Former).
        feedforward_channels (int): Hidden width of the feed-forward
            networks.  Default 2048 (Mask2Former).
        upsample_after (int): See :class:`PixelBranch`.
        **kwargs: Other arguments of :class:`BaseMaskHead`.
    """

    def __init__(self,
                 in_channels: list[int],
                 channels: int = 256,
                 num_layers: int = 9,
                 num_heads: int = 8,
                 feedforward_channels: int = 2048,
                 upsample_after: int = 2,
                 **kwargs) -> None:
        super().__init__(in_channels, channels, **kwargs)
        # Half of the sine encoding is for y, half for x, each in pairs.
        if channels % 4 or channels % num_heads:
            raise SettingError('channels must be a multiple of 4 and of '
                               f'num_heads={num_heads}, got {channels}')
        if num_layers < 1:
            raise SettingError(f'num_layers must be positive, got {num_layers}')
        self.num_heads = num_heads
        self.memory = nn.Conv2d(self.feat_channels, channels, 1)
        self.value = PixelBranch(self.feat_channels, channels, upsample_after)
        self.position = SinePositionalEncoding(channels // 2, normalize=True)
        attention = dict(
            embed_dims=channels, num_heads=num_heads, batch_first=True)
        self.transformer = Mask2FormerTransformerDecoder(
            num_layers=num_layers,
            layer_cfg=dict(
                self_attn_cfg=dict(attention),
                cross_attn_cfg=dict(attention),
                ffn_cfg=dict(
                    embed_dims=channels,
                    feedforward_channels=feedforward_channels)))
        self.query = nn.Embedding(1, channels)
        self.query_position = nn.Embedding(1, channels)
        self.mask_embed = nn.Sequential(
            nn.Linear(channels, channels), nn.ReLU(inplace=True),
            nn.Linear(channels, channels), nn.ReLU(inplace=True),
            nn.Linear(channels, channels))
        self.add_class_branch(channels)

    def init_weights(self) -> None:
        """Initialise the transformer as Mask2Former does."""
        super().init_weights()
        for parameter in self.transformer.parameters():
            if parameter.dim() > 1:
                nn.init.xavier_normal_(parameter)

    def read(self, memory: Tensor, value: Tensor) -> Tensor:
        """The query after it has read the map.

        Args:
            memory (Tensor): Tokens to attend to (N, channels, h, w).
            value (Tensor): V's features (N, channels, H, W).

        Returns:
            Tensor: Normalised queries (N, channels).
        """
        # (N, channels, h, w) -> (N, h * w, channels)
        tokens, positions = (
            x.flatten(2).transpose(1, 2)
            for x in (memory, self.position(None, memory)))
        query, query_position = (
            embedding.weight.expand(len(memory), 1, -1)
            for embedding in (self.query, self.query_position))
        norm = self.transformer.post_norm
        for layer in self.transformer.layers:
            with torch.no_grad():
                scores = self._scores(norm(query[:, 0]), value)
                blocked = blocked_tokens(scores, memory.shape[-2:])
            query = layer(
                query=query,
                key=tokens,
                value=tokens,
                query_pos=query_position,
                key_pos=positions,
                # (N, tokens) -> (N * heads, 1 query, tokens)
                cross_attn_mask=blocked.repeat_interleave(
                    self.num_heads, dim=0)[:, None])
        return norm(query[:, 0])

    def score_map(self, feat: Tensor,
                  size: tuple[int, int]) -> tuple[Tensor, Tensor]:
        """Inner product of the query's embedding with V at one resolution.

        Args:
            feat (Tensor): Map of the encoder (N, feat_channels, h, w).
            size (tuple[int, int]): Height and width of the score map, even.

        Returns:
            tuple[Tensor, Tensor]: Logits (N, *size) and the queries
            (N, channels).
        """
        half = (size[0] // 2, size[1] // 2)
        value = self.value(resize_bilinear(feat, half))
        query = self.read(self.memory(feat), value)
        return self._scores(query, value), query

    def _scores(self, query: Tensor, value: Tensor) -> Tensor:
        """Logits (N, H, W) of queries (N, C) on V's features (N, C, H, W)."""
        return torch.einsum('nc,nchw->nhw', self.mask_embed(query), value)


def blocked_tokens(scores: Tensor, size: tuple[int, int]) -> Tensor:
    """Tokens that masked attention leaves out: those outside the mask so far.

    Args:
        scores (Tensor): Logits of the mask so far (N, H, W).
        size (tuple[int, int]): Height and width of the map of tokens.

    Returns:
        Tensor: bool (N, h * w), true where a token is left out.  Where the
        mask is empty, no token is left out.
    """
    outside = resize_bilinear(scores[:, None], size).flatten(1) < 0
    return outside & ~outside.all(dim=1, keepdim=True)

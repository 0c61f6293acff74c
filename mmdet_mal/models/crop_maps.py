"""What the network half of a labeller hands to the half that encodes masks."""

from dataclasses import dataclass, field

import torch
from torch import Tensor


@dataclass(frozen=True)
class CropMaps:
    """Probability maps of a batch and what they say about their quality.

    Attributes:
        prob (Tensor): fp32 (N, h, w) in [0, 1], as the masks are cut from.
        parts (dict[str, Tensor]): Components of the quality score by name,
            (N,) each, in [0, 1], see :func:`.map_parts.map_parts`.
    """
    prob: Tensor
    parts: dict[str, Tensor] = field(default_factory=dict)

    @classmethod
    def of(cls, maps: 'Tensor | CropMaps') -> 'CropMaps':
        """Take bare maps for maps of which nothing else is known."""
        return maps if isinstance(maps, cls) else cls(maps)

    def cpu(self) -> 'CropMaps':
        """The same on the CPU, all components in one transfer."""
        if not self.parts:
            return CropMaps(self.prob.cpu())
        values = torch.stack(list(self.parts.values())).cpu()
        return CropMaps(self.prob.cpu(),
                        dict(zip(self.parts, values, strict=True)))

    def parts_of(self, row: int) -> dict[str, float]:
        """Components of one crop as plain numbers."""
        return {name: float(values[row]) for name, values in self.parts.items()}

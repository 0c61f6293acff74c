"""Does an exported file do what the network does?"""

from collections.abc import Callable

import torch
from torch import Tensor

from mmdet_mal.models.heads.size_routing import AREA_BOUNDS

from .labeler_graph import LabelerGraph

# Largest difference of a probability that passes.
TOLERANCE = 1e-3
# Batches of these sizes are compared, whose boxes have areas around the bounds
# of the size routing.
BATCH_SIZES = (1, 3)
_SEED = 0


def sample_inputs(graph: LabelerGraph, count: int) -> tuple[Tensor, ...]:
    """Crops of smooth colours, box areas at the routing's bounds, overhang.

    Args:
        graph: whose inputs are wanted.
        count: of crops, at least 1.

    Returns:
        As many tensors as the graph takes; the same in every call.
    """
    generator = torch.Generator().manual_seed(_SEED)
    height, width = graph.crop_size
    # Noise at 1/16 of the resolution: the mean field finds regions in it.
    coarse = torch.randn(count, 3, max(height // 16, 1), max(width // 16, 1),
                         generator=generator)
    crops = torch.nn.functional.interpolate(coarse, size=(height, width))
    areas = [bound + step for bound in AREA_BOUNDS for step in (-1., 0.)]
    areas = torch.tensor([areas[i % len(areas)] for i in range(count)])
    rows = torch.arange(count) % 2
    valid = torch.tensor([[0., 0., width, height], [0., height / 4, width, height]])
    boxes = torch.tensor([[width / 8, height / 8, width * .9, height * .8],
                          [width / 8, height / 4, width * .8, height * .9]])
    return (crops, areas, boxes[rows], valid[rows])[:len(graph.input_names)]


def compare(graph: LabelerGraph, run: Callable[..., Tensor]) -> float:
    """Largest difference between a graph and what was made of it.

    Args:
        graph: in evaluation mode.
        run: takes what the graph takes.

    Returns:
        Largest absolute difference of a probability; NaN counts as infinite.
    """
    worst = 0.
    for count in BATCH_SIZES:
        inputs = sample_inputs(graph, count)
        with torch.no_grad():
            difference = (graph(*inputs) - run(*inputs)).abs().max().item()
        worst = max(worst, difference if difference == difference else torch.inf)
    return worst

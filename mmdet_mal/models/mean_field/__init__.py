"""Mean field inference of a binary mask on the 8-neighbour grid.

Source: MAL paper (Lan et al., CVPR 2023), eq. 3-5 and appendix A.1.  How it is
computed, and on what: docs/mean_field.md.
"""

from .marginals import crf_marginals, mean_field
from .pairwise import (FORWARD_OFFSETS, gather_messages, pair_views,
                       pairwise_kernel)

__all__ = [
    'FORWARD_OFFSETS', 'crf_marginals', 'gather_messages', 'mean_field',
    'pair_views', 'pairwise_kernel'
]

"""mmdet-mal: the Mask Auto-Labeler for the OpenMMLab stack.

Importing the package applies the shields of :mod:`mmdet_mal.utils.compat`, makes
MKL round alike in every process (:mod:`mmdet_mal.utils.arithmetic`), and loads
neither models nor data sets: MMEngine's registries import those by their
locations when a config names them.  ``MaskAutoLabelerInferencer`` is imported
when somebody asks for it.
"""

from typing import Any

from .utils.arithmetic import round_alike
from .utils.compat import apply_shields
from .version import __version__

apply_shields()
round_alike()

__all__ = ['MaskAutoLabelerInferencer', '__version__']


def __getattr__(name: str) -> Any:
    """Import what costs seconds when it is asked for."""
    if name == 'MaskAutoLabelerInferencer':
        from .inferencer import MaskAutoLabelerInferencer
        return MaskAutoLabelerInferencer
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')

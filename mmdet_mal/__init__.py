"""mmdet-mal: the Mask Auto-Labeler for the OpenMMLab stack.

Importing the package applies the shields of :mod:`mmdet_mal.utils.compat` and
loads neither models nor data sets: MMEngine's registries import those by their
locations when a config names them.
"""

from .utils.compat import apply_shields
from .version import __version__

apply_shields()

__all__ = ['__version__']

"""mmdet-mal: the Mask Auto-Labeler for the OpenMMLab stack.

Importing the package applies the shields of :mod:`mmdet_mal.utils.compat`, makes
MKL round alike in every process (:mod:`mmdet_mal.utils.arithmetic`), and loads
neither models nor data sets: MMEngine's registries import those by their
locations when a config names them.
"""

from .utils.arithmetic import round_alike
from .utils.compat import apply_shields
from .version import __version__

apply_shields()
round_alike()

__all__ = ['__version__']

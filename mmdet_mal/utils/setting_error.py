"""Error about the value of a setting."""

from mmdet_mal.utils.errors import UserError


class SettingError(UserError, ValueError):
    """A setting, of a config or of ``--cfg-options``, has an impossible value.

    The tools print its one line; in Python it is a ``ValueError``, too.
    """

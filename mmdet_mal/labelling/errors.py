"""What a person can mend about a label run."""

from mmdet_mal.utils.errors import UserError


class LabelRunError(UserError):
    """A label run cannot start, go on or end; one line says why."""

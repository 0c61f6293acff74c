"""What a person can mend about an export."""

from mmdet_mal.utils.errors import UserError


class ExportError(UserError):
    """A labeller cannot be exported; one line says why."""

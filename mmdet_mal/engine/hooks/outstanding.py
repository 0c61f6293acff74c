"""What is not told yet when a checkpoint is saved."""

from collections.abc import Mapping
from typing import Any


def log_in_checkpoint(checkpoint: Mapping[str, Any],
                      values: Mapping[str, float]) -> None:
    """Put a step's values into the log that a checkpoint holds.

    The run itself logs them with its next step; a run that goes on from the
    checkpoint has no other way to know them.

    Args:
        checkpoint (Mapping): Before it is saved.  A name that the log does not
            have yet is left out.
        values (Mapping[str, float]): Finite, by name in the log.
    """
    scalars = checkpoint['message_hub']['log_scalars']
    for name, value in values.items():
        if f'train/{name}' in scalars:
            scalars[f'train/{name}'].update(value)

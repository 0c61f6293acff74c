"""Keeps MMEngine's own messages out of ours."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_mmengine() -> Iterator[None]:
    """Within the block MMEngine logs warnings and errors only."""
    from mmengine.logging import MMLogger
    logger = MMLogger.get_current_instance()
    levels = [handler.level for handler in logger.handlers]
    for handler in logger.handlers:
        handler.setLevel('WARNING')
    try:
        yield
    finally:
        for handler, level in zip(logger.handlers, levels, strict=False):
            handler.setLevel(level)

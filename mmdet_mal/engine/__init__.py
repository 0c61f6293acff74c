"""What surrounds the model while it trains: loop, checkpoints and hooks."""

# The registry of loops imports this package for engine/loops.py.
from .train_loop import ResumableTrainLoop

__all__ = ['ResumableTrainLoop']

"""What surrounds the model while it trains: checkpoints and hooks."""

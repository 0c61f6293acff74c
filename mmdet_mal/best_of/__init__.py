"""Several tools' masks for the same boxes: keep the best of each box."""

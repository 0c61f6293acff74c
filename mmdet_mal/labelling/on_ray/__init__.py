"""Label runs on a Ray cluster; only :mod:`.cluster` imports Ray."""

"""The ``mal`` command: one module a verb, nothing heavy at import."""

"""The page about a run that one sends to a colleague."""

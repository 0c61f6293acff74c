"""Pure functions on boxes, crops and masks."""

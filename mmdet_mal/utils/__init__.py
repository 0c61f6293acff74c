"""Helpers that are not about masks: shields, errors, command lines."""

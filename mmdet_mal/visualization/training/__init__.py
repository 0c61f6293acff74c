"""Curves of a training from its logs."""

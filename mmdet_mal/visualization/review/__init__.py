"""The review page: look at masks one by one, offline, and decide on each."""

from .build import build_review
from .summary import ReviewSummary

__all__ = ['ReviewSummary', 'build_review']

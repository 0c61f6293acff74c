"""Retention: a detector trained on masks from boxes beside one on human masks."""

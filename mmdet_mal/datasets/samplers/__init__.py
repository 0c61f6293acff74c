"""Samplers of label runs."""

from .chunk_sampler import ChunkSampler, split_chunks

__all__ = ['ChunkSampler', 'split_chunks']

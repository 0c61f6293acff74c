"""Samplers of training and of label runs."""

from .chunk_sampler import ChunkSampler, split_chunks
from .resumable_sampler import ResumableSampler
from .sample_key import SampleKey

__all__ = ['ChunkSampler', 'ResumableSampler', 'SampleKey', 'split_chunks']

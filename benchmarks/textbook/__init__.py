"""The Mask Auto-Labeler written plainly from the paper: correct, and slow.

Nothing here is meant to be fast.  It is what the benchmarks compare with and
what the parity tests check the product against, so it shares parameters with
the product and no code.
"""

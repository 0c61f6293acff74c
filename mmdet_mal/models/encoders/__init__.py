"""Encoders are mmpretrain's; here is what loads their weights."""

"""Ablation grids: train, label, evaluate each cell, compare with the base."""

"""Experiments with a network, step by step: NumPy only, so that pages show the same sums as workers."""

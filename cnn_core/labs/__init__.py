"""Experiments with a network: changes of its images, one training step; NumPy and SciPy, without Keras."""

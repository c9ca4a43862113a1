"""Worker processes and the queue before them. The server's only door to Keras."""

from cnn_core.engine.engine import Engine

__all__ = ["Engine"]

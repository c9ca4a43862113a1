"""Train one network in this process."""

from cnn_core.training.loop import Result, release_custom_gradients, train

__all__ = ["Result", "release_custom_gradients", "train"]

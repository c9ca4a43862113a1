"""Networks on their way to the visitor's browser, where `assets/network/` computes with them."""

from cnn_core.browser.layers import describe
from cnn_core.browser.pack import Packed, best_weights, pack

__all__ = ["Packed", "best_weights", "describe", "pack"]

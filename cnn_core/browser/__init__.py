"""Networks on their way to the visitor's browser, where `assets/network/` computes with them."""

from cnn_core.browser.layers import describe
from cnn_core.browser.pack import FILE, Packed, best_weights, pack

__all__ = ["FILE", "Packed", "best_weights", "describe", "pack"]

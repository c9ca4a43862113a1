"""Networks on their way to the visitor's browser, where `assets/network/` computes with them."""

from cnn_core.browser.layers import describe

__all__ = ["describe"]

"""Everything of ConvScope that is not a screen; usable from a notebook, never imports Streamlit.

The names below are loaded when they are first used: importing the package loads neither NumPy nor Keras.
"""

import os
import sys

if sys.argv[:1] == ["-m"]:  # python -m cnn_core: before anything that takes time to load
    try:
        from cnn_core import interruption

        interruption.install()
    except KeyboardInterrupt:
        os.write(2, b"Interrupted.\n")
        os._exit(130)

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "arithmetic": ["layer_table"],
        "config": ["TEXTBOOK", "ConvBlock", "ModelConfig", "TrainConfig"],
        "datasets": ["load"],
        "model": ["build"],
        "training": ["train"],
    },
)

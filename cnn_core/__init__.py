"""Everything of ConvScope that is not a screen; usable from a notebook, never imports Streamlit.

The names below are loaded when they are first used: importing the package loads neither NumPy nor Keras.
"""

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

"""The map that the page opens with: the strongest of the first layer, as map 0 may be black all over."""

from __future__ import annotations

import numpy as np
import streamlit as st

from cnn_core import runs
from cnn_core.convolution import conv2d
from cnn_core.errors import CnnError
from cnn_core.runs import snapshots
from pages.parts.feature_maps import maps
from pages.pictures.run_image import Chosen

LAYERS = ("conv1/sum", "conv1")  # layers whose maps follow from the image alone


def at_strongest(run: runs.Run, image: Chosen, epoch: int) -> None:
    """Choose the map of the first layer with the largest value, unless a map was chosen before."""
    if maps.MAP in st.session_state:
        return
    strongest = 0
    if maps.layer(run) in LAYERS:
        try:
            strongest = _strongest(run, image.pixels, snapshots.read(run, epoch))
        except CnnError:  # of weights kept in the middle of an epoch there is no snapshot
            strongest = 0
    maps.choose_map(strongest)


def _strongest(run: runs.Run, pixels: np.ndarray, weights: snapshots.Weights) -> int:
    """The map of conv1 with the largest sum before its activation, which keeps that order."""
    block = run.model.blocks[0]
    numbers = pixels.astype(np.float32) / (255 if pixels.dtype == np.uint8 else 1)
    sums = conv2d(
        numbers, weights["conv1/kernel"], weights["conv1/bias"],
        stride=block.stride, padding=block.padding,
    )  # fmt: skip
    return int(sums.max(axis=(0, 1)).argmax())

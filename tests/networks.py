"""Networks of all kinds, for tests that must hold for each."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from lengths import repeats

from cnn_core.config import ConvBlock, ModelConfig

TINY_AND_COMMON = [(1, 1, 1), (2, 1, 3), (8, 8, 1), (28, 28, 1), (32, 32, 3), (20, 31, 1)]
blocks = st.builds(
    ConvBlock,
    filters=st.integers(1, 64),
    kernel=st.integers(1, 7),
    stride=st.integers(1, 4),
    padding=st.sampled_from(["same", "valid"]),
    pool=st.sampled_from(["max", "average", "none"]),
    pool_size=st.integers(2, 4),
)
configs = st.builds(
    ModelConfig,
    blocks=st.lists(blocks, min_size=1, max_size=4),
    dense=st.lists(st.integers(1, 2048), max_size=3),
    dropout=st.sampled_from([0.0, 0.3]),
    input_shape=st.sampled_from(TINY_AND_COMMON),
    classes=st.integers(2, 20),
)
many = settings(max_examples=repeats(100, 300), deadline=None, derandomize=True)


def network(*sides: ConvBlock, shape: tuple[int, int, int] = (28, 28, 1)) -> ModelConfig:
    return ModelConfig(blocks=sides, input_shape=shape)

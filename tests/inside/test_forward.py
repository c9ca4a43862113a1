"""What the looks compile: one network an architecture, and nothing again for another surgery."""

from __future__ import annotations

import numpy as np
import pytest
from test_features import image, opened

from cnn_core import model as models
from cnn_core.analysis.edits import Edits
from cnn_core.config import ConvBlock, ModelConfig
from cnn_core.inside import (
    class_maps,
    deletion,
    embedding,
    explain,
    features,
    forward,
    patterns,
    surgery,
)


def counted(monkeypatch: pytest.MonkeyPatch, module: object, name: str) -> list[str]:
    """Grows by one at every call of that function."""
    calls, function = [], getattr(module, name)

    def call(*given, **named):
        calls.append(name)
        return function(*given, **named)

    monkeypatch.setattr(module, name, call)
    return calls


def test_all_looks_at_an_architecture_share_one_network(monkeypatch: pytest.MonkeyPatch):
    config = ModelConfig((ConvBlock(3),), (), input_shape=(8, 8, 1))
    network, picture = opened(config), image(config)
    built = counted(monkeypatch, models, "build")
    features.feature_maps(network, picture)
    features.peaks(network, picture[np.newaxis])
    class_maps.class_maps(network, picture, 0)
    patterns.preferred_pattern(network, "conv1", 0, steps=1)
    explain.explanations(network, picture, 0)
    deletion.deletion_curves(network, picture, 0)
    surgery.operate(network, picture, Edits())
    surgery.predicted(network, picture[np.newaxis], Edits())
    embedding.vectors(network, picture[np.newaxis])
    assert built == ["build"]


def test_no_surgery_compiles_what_another_one_has_compiled(monkeypatch: pytest.MonkeyPatch):
    config = ModelConfig((ConvBlock(3), ConvBlock(4)), (5,), input_shape=(8, 8, 1))
    network, picture = opened(config), image(config)
    walked = counted(monkeypatch, forward, "walk")
    surgery.operate(network, picture, Edits())
    surgery.predicted(network, picture[np.newaxis], Edits())
    first = len(walked)
    other = Edits().with_off("conv1", [0]).with_weight("conv2", (0, 0, 1, 2), 3.0)
    for edits in (other, other.with_off("conv2", [1, 3]).with_weight("conv1", (2,), -1.0)):
        surgery.operate(network, picture, edits)
        surgery.predicted(network, np.stack([picture] * 20), edits)
    assert len(walked) == first == 2

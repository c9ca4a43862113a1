"""Networks of which one knows what explains them."""

from __future__ import annotations

import numpy as np
import pytest

from cnn_core import datasets, runs
from cnn_core import model as models
from cnn_core.config import ConvBlock, ModelConfig

SHIPPED = {"fashion": "fashion_mnist", "digits": "mnist"}


READS_ONE = (5, 2)


ONE_PIXEL = ModelConfig((ConvBlock(1, 1, pool="none"),), (), 0.0, (8, 8, 1), 2)


def with_weights(config: ModelConfig, **weights: list[np.ndarray]) -> models.Opened:
    network = models.build(config, seed=0)
    for name, arrays in weights.items():
        network.get_layer(name).set_weights(arrays)
    return models.Opened(config, network, models.predictor(network))


def reads_one_pixel(weight: float = 3.0) -> models.Opened:
    """Class 1 has the score `weight` times one pixel, class 0 always 0."""
    dense = np.zeros((64, 2))
    dense[READS_ONE[0] * 8 + READS_ONE[1], 1] = weight
    return with_weights(
        ONE_PIXEL, conv1=[np.ones((1, 1, 1, 1)), np.zeros(1)], output=[dense, np.zeros(2)]
    )


@pytest.fixture(scope="module", params=SHIPPED)
def shipped(request: pytest.FixtureRequest) -> tuple[models.Opened, np.ndarray]:
    """A network that comes with ConvScope, and some of its test images."""
    run = runs.open_run(request.param)
    network = models.opened(run.model, run.folder / "best.keras")
    return network, datasets.load(SHIPPED[request.param]).x_test[:6]

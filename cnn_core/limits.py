"""What this server refuses to train because it would take too much of it."""

from __future__ import annotations

from cnn_core import arithmetic, datasets
from cnn_core.config import Limits, ModelConfig, TrainConfig
from cnn_core.errors import LimitError


def check_limits(model: ModelConfig, train: TrainConfig, limits: Limits | None = None) -> None:
    """Refuse what this server does not train.

    Raises:
        DataError: If there is no such data set.
        ShapeError: If the feature maps shrink to nothing.
        LimitError: If the network, the batch or the number of epochs is over a cap.
    """
    limits = limits or Limits.from_environment()
    datasets.spec(train.dataset)
    params = arithmetic.totals(arithmetic.layer_table(model)).params
    if params > limits.parameters:
        raise LimitError("limit.parameters", asked=f"{params:,}", cap=f"{limits.parameters:,}")
    if train.epochs > limits.epochs:
        raise LimitError("limit.epochs", asked=train.epochs, cap=limits.epochs)
    megabytes = arithmetic.batch_bytes(model, train.batch_size) / 1e6
    if megabytes > limits.batch_megabytes:
        largest = arithmetic.largest_batch(model, limits.batch_megabytes * 1_000_000)
        raise LimitError(
            "limit.batch",
            batch=train.batch_size,
            asked=f"{megabytes / 1000:.1f}",
            cap=f"{limits.batch_megabytes / 1000:.1f}",
            largest=largest,
        )

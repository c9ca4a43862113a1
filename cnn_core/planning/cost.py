"""Training time: estimated from the operations of a network, corrected by the speed measured here."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cnn_core.arithmetic import LayerRow, layer_table, totals
from cnn_core.config import ModelConfig, TrainConfig

USUAL_KERNEL = 3  # pixels a side
VALIDATION = 1 / 12  # a quarter as many images, each a third of the work of training


@dataclass(frozen=True, slots=True)
class Costs:
    """Seconds per operation, fitted to eleven networks on two cores of a server CPU.

    Attributes:
        batch: Overhead of a training step.
        multiplication: One multiply-add for one image, forward and backward.
        activation: One activation value of one image.
        update: One parameter updated in a step.
    """

    batch: float
    multiplication: float
    activation: float
    update: float


CPUINFO = Path("/proc/cpuinfo")
BFLOAT16_FLAGS = {"amx_bf16", "avx512_bf16"}
COSTS = {
    "float32": Costs(2.7e-3, 3.7e-11, 1.1e-9, 5.5e-9),
    "bfloat16": Costs(3.4e-3, 3.1e-12, 1.6e-9, 3.4e-9),
}
AUGMENTATION = {"none": 0.0, "geometry": 1.2e-8, "noise": 1.3e-8, "both": 2.6e-8}
"""Seconds to change one value of one image: processor time of `training.augmentation` alone, measured with
batches of 32 images of 28x28x1, 32x32x3 and 64x64x3 (medians of 12; within a third of these)."""


def estimated_seconds(model: ModelConfig, train: TrainConfig, images: int) -> float:
    """Seconds that an epoch would take on the machine that `COSTS` were fitted on.

    Only ratios count: `measured / estimated` of one network, times the estimate for another, is the time
    of the other one on the machine that measured. Within two fifths for all networks in the fit,
    where multiply-adds alone are off by a factor of twenty.

    Args:
        model: The network.
        train: Only its batch size, precision and augmentation matter.
        images: Training images per epoch; validation images, a quarter as many, are included.

    Raises:
        ShapeError: If a feature map shrinks to nothing.
    """
    costs, rows = COSTS[cpu_precision(train.precision)], layer_table(model)
    sums = totals(rows)
    multiplying = sum(row.multiplications * _multiplication(costs, row) for row in rows)
    per_image = multiplying + costs.activation * sums.activations
    per_step = costs.batch + costs.update * sums.params
    changing = AUGMENTATION[train.augmentation] * math.prod(
        model.input_shape
    )  # not of validation images
    steps = math.ceil(images / train.batch_size)
    return steps * per_step + images * ((1 + VALIDATION) * per_image + changing)


def _multiplication(costs: Costs, row: LayerRow) -> float:
    """Seconds of one multiply-add of a layer.

    The gradients of kernels beyond 3x3 do not use the fast routines, in neither precision: a multiply-add
    then costs as much more as the kernel is larger, three times at 5x5 and nearly six times at 7x7.
    """
    if row.kind != "conv" or row.kernel is None or row.kernel <= USUAL_KERNEL:
        return costs.multiplication
    return COSTS["float32"].multiplication * (row.kernel / USUAL_KERNEL) ** 2


def cpu_precision(precision: str) -> str:
    """`precision` with "auto" resolved for this machine's CPU: "bfloat16" if it is native, else "float32"."""
    if precision != "auto":
        return precision
    return "bfloat16" if native_bfloat16() else "float32"


@cache
def native_bfloat16() -> bool:
    """Whether this machine's processor multiplies bfloat16 natively: by AMX, or by AVX-512 BF16."""
    if not CPUINFO.exists():
        return False
    return not BFLOAT16_FLAGS.isdisjoint(CPUINFO.read_text(encoding="utf-8").split())

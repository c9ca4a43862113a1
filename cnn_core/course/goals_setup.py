"""Goals that a set-up alone reaches: what can be calculated of a network without training it."""

from __future__ import annotations

from dataclasses import dataclass

from cnn_core.arithmetic import LayerRow, layer_table, totals
from cnn_core.config import ModelConfig
from cnn_core.course.progress import Progress, part_of
from cnn_core.errors import ShapeError


@dataclass(frozen=True, slots=True)
class ReceptiveField:
    """A large receptive field with few layers; convolutions and poolings count, each as one.

    Attributes:
        least: Side of the receptive field of the last feature map, in pixels.
        layers: Most convolutions and poolings together.
        kernel: Largest side of a convolution's kernel, in pixels.
    """

    least: int = 14
    layers: int = 3
    kernel: int = 5

    def check(self, model: ModelConfig) -> Progress | None:
        """How far a network is; None of one that does not work out."""
        rows = _table(model)
        if rows is None:
            return None
        side = totals(rows).receptive_field
        layers = sum(row.kind in {"conv", "pool"} for row in rows)
        kernel = max(block.kernel for block in model.blocks)
        valid = layers <= self.layers and kernel <= self.kernel
        return Progress(
            reached=valid and side >= self.least,
            score=(valid, side),
            share=part_of(side, self.least) if valid else 0.0,
            numbers={"side": f"{side}", "used": f"{layers}", "widest": f"{kernel}"},
        )

    @property
    def numbers(self) -> dict[str, str]:
        """The rules, as texts show them."""
        return {"least": f"{self.least}", "layers": f"{self.layers}", "kernel": f"{self.kernel}"}


@dataclass(frozen=True, slots=True)
class FewParameters:
    """Few parameters, although the convolutions keep their filters.

    Attributes:
        most: Parameters.
        filters: Least filters of the first convolution, of the second, and so on.
    """

    most: int = 33_352
    filters: tuple[int, ...] = (32, 64)

    def check(self, model: ModelConfig) -> Progress | None:
        """How far a network is; None of one that does not work out."""
        rows = _table(model)
        if rows is None:
            return None
        params = totals(rows).params
        filters = [block.filters for block in model.blocks]
        valid = len(filters) >= len(self.filters) and all(
            count >= least for count, least in zip(filters, self.filters, strict=False)
        )
        return Progress(
            reached=valid and params <= self.most,
            score=(valid, -params),
            share=part_of(self.most, params) if valid else 0.0,
            numbers={"params": f"{params:,}", "filters": ", ".join(map(str, filters))},
        )

    @property
    def numbers(self) -> dict[str, str]:
        """The rules, as texts show them."""
        return {"most": f"{self.most:,}", "least": ", ".join(map(str, self.filters))}


def _table(model: ModelConfig) -> tuple[LayerRow, ...] | None:
    try:
        return layer_table(model)
    except ShapeError:
        return None

"""What a visitor did to a trained network: filters switched off, weights changed. Computes nothing."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import islice

from cnn_core.arithmetic import convolutions
from cnn_core.config import ModelConfig
from cnn_core.errors import ConfigError

MOST_WEIGHTS = 50  # changed weights; a link has to hold them
MOST_OFF = 2048  # filters switched off by a link: as many as a network can have
LARGEST = 1000.0  # absolute value of a changed weight; far above any trained one

_OFF = re.compile(r"([a-z]+[0-9]+)((?:\.[0-9]{1,4}(?:-[0-9]{1,4})?)+)")
_WEIGHT = re.compile(r"([a-z]+[0-9]+)((?:\.[0-9]{1,4}){1}|(?:\.[0-9]{1,4}){4}):([^:~]+)")


@dataclass(frozen=True, slots=True, order=True)
class Filter:
    """A filter of a convolution, counted from 0."""

    layer: str
    index: int


@dataclass(frozen=True, slots=True, order=True)
class Weight:
    """A weight with its new value.

    Attributes:
        layer: The convolution.
        place: (row, column, channel, filter) in its kernels, or (filter,) among its biases.
        value: Its new value, at most `LARGEST` either way.
    """

    layer: str
    place: tuple[int, ...]
    value: float

    def __post_init__(self) -> None:
        if not math.isfinite(self.value):
            raise ConfigError("weights", self.value, "number")
        if abs(self.value) > LARGEST:
            raise ConfigError("weights", self.value, "between", minimum=-LARGEST, maximum=LARGEST)

    @property
    def path(self) -> str:
        """ "conv1/kernel" or "conv1/bias"."""
        return f"{self.layer}/{'bias' if len(self.place) == 1 else 'kernel'}"


@dataclass(frozen=True, slots=True)
class Edits:
    """A surgery on a network that leaves the network itself alone; equal ones have the same hash.

    Attributes:
        off: Filters that are switched off, in order, each once.
        weights: Changed weights, in order; of several for one place, the last counts.
    """

    off: tuple[Filter, ...] = ()
    weights: tuple[Weight, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "off", tuple(sorted(set(self.off))))
        last = {(weight.layer, weight.place): weight for weight in self.weights}
        object.__setattr__(self, "weights", tuple(sorted(last.values())))
        if len(self.weights) > MOST_WEIGHTS:
            raise ConfigError("weights", len(self.weights), "at_most", maximum=MOST_WEIGHTS)

    def __bool__(self) -> bool:
        return bool(self.off or self.weights)

    def off_in(self, layer: str) -> list[int]:
        """Filters of that convolution that are switched off."""
        return [filter_.index for filter_ in self.off if filter_.layer == layer]

    def with_off(self, layer: str, filters: Iterable[int]) -> Edits:
        """With exactly these filters of that convolution switched off; other layers stay as they are."""
        others = [filter_ for filter_ in self.off if filter_.layer != layer]
        return replace(self, off=(*others, *(Filter(layer, index) for index in filters)))

    def with_weight(self, layer: str, place: tuple[int, ...], value: float) -> Edits:
        """With that weight changed.

        Raises:
            ConfigError: If the value is too large or no number, or too many weights are changed.
        """
        return replace(self, weights=(*self.weights, Weight(layer, place, value)))

    def without_weight(self, layer: str, place: tuple[int, ...]) -> Edits:
        """With that weight as it was trained."""
        kept = tuple(
            weight for weight in self.weights if (weight.layer, weight.place) != (layer, place)
        )
        return replace(self, weights=kept)

    def value(self, layer: str, place: tuple[int, ...]) -> float | None:
        """The new value of that weight; None if it was not changed."""
        values = (
            weight.value
            for weight in self.weights
            if (weight.layer, weight.place) == (layer, place)
        )
        return next(values, None)

    def fitting(self, config: ModelConfig) -> Edits:
        """These edits, if the network has everything that they name.

        Raises:
            ConfigError: If there is no such layer, filter or place.
        """
        rows = convolutions(config)
        for name, layer in [
            *(("off", edit.layer) for edit in self.off),
            *(("weights", edit.layer) for edit in self.weights),
        ]:
            if layer not in rows:
                raise ConfigError(name, layer, "one_of", choices=", ".join(rows))
        for filter_ in self.off:
            _within("off", filter_.index, rows[filter_.layer].output_shape[2])
        for weight in self.weights:
            row = rows[weight.layer]
            side, filters = int(row.kernel or 0), row.output_shape[2]
            sizes = (
                (filters,) if len(weight.place) == 1 else (side, side, row.input_shape[2], filters)
            )
            for at, size in zip(weight.place, sizes, strict=True):
                _within("weights", at, size)
        return self

    def to_query(self) -> dict[str, str]:
        """As parameters of an address: `off=conv1.0-3.7~conv2.5`, `weights=conv1.0.2.0.5:-0.25`."""
        layers = dict.fromkeys(filter_.layer for filter_ in self.off)
        off = "~".join(f"{layer}.{_ranges(self.off_in(layer))}" for layer in layers)
        weights = "~".join(
            f"{weight.layer}.{'.'.join(map(str, weight.place))}:{weight.value!r}"
            for weight in self.weights
        )
        return {name: text for name, text in (("off", off), ("weights", weights)) if text}

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> Edits:
        """The edits of an address, see `to_query`; without either parameter there are none.

        Raises:
            ConfigError: If a parameter cannot be read, or names too much.
        """
        named = (filter_ for part in _parts(query, "off") for filter_ in _read_off(part))
        off = list(islice(named, MOST_OFF + 1))  # a few ranges can name millions
        if len(off) > MOST_OFF:
            raise ConfigError("off", len(off), "at_most", maximum=MOST_OFF)
        weights = [_read_weight(part) for part in _parts(query, "weights")]
        return cls(tuple(off), tuple(weights))


def _within(name: str, index: int, size: int) -> None:
    if not 0 <= index < size:
        raise ConfigError(name, index, "between", minimum=0, maximum=size - 1)


def _parts(query: Mapping[str, str], name: str) -> list[str]:
    return query[name].split("~") if query.get(name) else []


def _read_off(text: str) -> Iterable[Filter]:
    """Filters of "conv1.0-3.7"."""
    match = _OFF.fullmatch(text)
    if match is None:
        raise ConfigError("off", text, "off_text")
    for run in match[2][1:].split("."):
        first, _, last = run.partition("-")
        for index in range(int(first), int(last or first) + 1):
            yield Filter(match[1], index)


def _read_weight(text: str) -> Weight:
    """Weight of "conv1.0.2.0.5:-0.25" or "conv1.5:0.1"."""
    match = _WEIGHT.fullmatch(text)
    try:
        if match is None:
            raise ValueError(text)
        return Weight(match[1], tuple(map(int, match[2][1:].split("."))), float(match[3]))
    except ConfigError:
        raise
    except ValueError as error:
        raise ConfigError("weights", text, "weight_text") from error


def _ranges(indices: Collection[int]) -> str:
    """Ascending numbers with runs as ranges: 0, 1, 2, 5 -> "0-2.5"."""
    runs: list[list[int]] = []
    for index in indices:
        if runs and index == runs[-1][1] + 1:
            runs[-1][1] = index
        else:
            runs.append([index, index])
    return ".".join(f"{a}" if a == b else f"{a}-{b}" for a, b in runs)

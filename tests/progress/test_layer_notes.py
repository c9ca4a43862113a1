"""Written measurements with known remarks, those of real trainings among them, and healthy ones without."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

import pytest

from cnn_core import texts
from cnn_core.config import TEXTBOOK, ConvBlock, ModelConfig
from cnn_core.progress.events import LayerFigures, LayersMeasured
from cnn_core.progress.history import History
from cnn_core.progress.layer_notes import FEWEST, narrate_layers, size_text
from cnn_core.progress.notes import Note

LAYERS = ("conv1", "conv2", "dense1", "output")
SIGMOID = replace(TEXTBOOK, blocks=(ConvBlock(activation="sigmoid"),) * 2)
# The textbook network with Adam: gradient, update, zeros, silent; at first and after 80 batches.
FIRST = {
    "conv1": LayerFigures(0.15, 1.3e-2, 0.67, 0.0),
    "conv2": LayerFigures(0.46, 2.0e-2, 0.60, 0.0),
    "dense1": LayerFigures(0.84, 3.1e-2, 0.53, 0.13),
    "output": LayerFigures(0.23, 6.7e-3, 0.0, 0.0),
}
LATER = {
    "conv1": LayerFigures(1.1, 2.6e-3, 0.38, 0.03),
    "conv2": LayerFigures(0.77, 5.0e-3, 0.37, 0.0),
    "dense1": LayerFigures(1.0, 7.3e-3, 0.65, 0.20),
    "output": LayerFigures(1.1, 1.5e-3, 0.0, 0.0),
}


def told(
    rows: Iterable[dict[str, LayerFigures]], model: ModelConfig = TEXTBOOK
) -> tuple[Note, ...]:
    steps = [LayersMeasured(2, number, 0.01, row) for number, row in enumerate(rows, 1)]
    return narrate_layers(History(5, layers=tuple(steps)), model)


def changed(layer: str, row: dict[str, LayerFigures] = LATER, **figures: float) -> dict:
    return {**row, layer: replace(row[layer], **figures)}


def scaled(factor: float) -> dict[str, LayerFigures]:
    return {
        name: replace(figures, update=figures.update * factor) for name, figures in LATER.items()
    }


def test_nothing_is_said_of_fewer_measurements() -> None:
    assert told([]) == ()
    assert told([FIRST] * (FEWEST - 1)) == ()


def test_a_healthy_training_has_steps_of_the_usual_size() -> None:
    [note] = told([FIRST, *[LATER] * 5])
    assert (note.key, note.level) == ("update_usual", "good")
    assert (note.slots["ratio"], note.slots["low"], note.slots["high"]) == (
        "0.0038", "0.0015", "0.0073",
    )  # fmt: skip
    assert note.slots["usual"] == "0.001"


@pytest.mark.parametrize(("factor", "key"), [(10.0, "update_large"), (0.01, "update_small")])
def test_steps_far_from_the_rule_of_thumb_are_told(factor: float, key: str) -> None:
    assert [note.key for note in told([FIRST, *[scaled(factor)] * 5])] == [key]


@pytest.mark.parametrize(("model", "kind"), [(SIGMOID, "_saturating"), (TEXTBOOK, "")])
def test_a_gradient_that_vanishes_in_every_measurement_is_told(
    model: ModelConfig, kind: str
) -> None:
    small = changed("conv1", gradient=3e-4)
    note = told([FIRST, *[small] * 5], model)[0]
    assert (note.key, note.level) == (f"vanishing{kind}", "warning")
    assert (note.slots["small"], note.slots["large"]) == ("0.0003", "1.1")
    assert (note.slots["first"], note.slots["last"]) == ("conv1", "output")
    once = told([FIRST, *[small] * 4, changed("conv1", gradient=0.02)], model)
    assert [other.key for other in once] == ["update_usual"], "not in each of them"


def test_a_gradient_far_above_what_it_was_explodes() -> None:
    [note] = told([FIRST, LATER, LATER, changed("conv2", gradient=200.0)])
    assert (note.key, note.level, note.epoch) == ("exploding", "problem", 2)
    assert (note.slots["layer"], note.slots["before"], note.slots["now"]) == (
        "conv2", "0.77", "200",
    )  # fmt: skip
    assert [it.key for it in told([FIRST, LATER, LATER, changed("conv2", gradient=20.0)])] == [
        "update_usual"
    ]


def test_a_gradient_that_is_no_number_is_all_that_is_said() -> None:
    lost = {name: LayerFigures(math.nan, math.nan, 0.0, 0.0) for name in LAYERS}
    assert [note.key for note in told([FIRST, LATER, lost])] == ["gradient_lost"]


def test_a_layer_in_which_nothing_responds_is_all_that_is_said() -> None:
    dead = changed("dense1", gradient=0.0, zeros=1.0, silent=1.0)
    dead = {**dead, "conv1": replace(dead["conv1"], gradient=0.0, update=0.0)}
    [note] = told([FIRST, *[dead] * 5])
    assert (note.key, note.slots["layer"], note.slots["count"]) == ("dead_layer", "dense1", 5)
    silent_sigmoid = {**LATER, "conv1": replace(LATER["conv1"], zeros=1.0, silent=1.0)}
    keys = [note.key for note in told([FIRST, *[silent_sigmoid] * 5], SIGMOID)]
    assert "dead_layer" not in keys, "a sigmoid is not dead at 0"


@pytest.mark.parametrize(("silent", "level"), [(0.41, "info"), (0.7, "warning")])
def test_dead_units_that_become_more_are_told(silent: float, level: str) -> None:
    note = told([FIRST, *[changed("dense1", silent=silent, zeros=0.8)] * 5])[0]
    assert (note.key, note.level, note.slots["layer"]) == ("dead_relu", level, "dense1")
    assert (note.slots["before"], note.slots["now"]) == ("13%", f"{silent:.0%}")
    assert note.slots["zeros"] == "80%"


def test_zeros_of_other_activations_and_of_the_output_are_not_dead_units() -> None:
    rows = [FIRST, *[changed("output", row=changed("conv1", silent=0.6), silent=0.6)] * 5]
    keys = [note.key for note in told(rows, SIGMOID)]
    assert "dead_relu" not in keys
    assert "dead_relu" in [note.key for note in told(rows)], "conv1 has ReLU there"


def test_sizes_have_two_digits() -> None:
    sizes = (0.0, 3.2e-5, 8.34e-3, 1.5, 99.4, 1234.5, math.inf)
    assert [size_text(size) for size in sizes] == [
        "0", "3.2e-05", "0.0083", "1.5", "99", "1,234", "inf",
    ]  # fmt: skip


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_every_note_is_a_sentence(language: str) -> None:
    lost = {name: LayerFigures(math.nan, math.nan, 0.0, 0.0) for name in LAYERS}
    rows = {
        "sigmoid": ([FIRST, *[changed("conv1", gradient=1e-5)] * 5], SIGMOID),
        "relu": ([FIRST, *[changed("conv1", gradient=1e-5, silent=0.5)] * 5], TEXTBOOK),
        "dead": ([FIRST, *[changed("dense1", silent=1.0)] * 5], TEXTBOOK),
        "explodes": ([FIRST, LATER, LATER, changed("conv2", gradient=900.0)], TEXTBOOK),
        "lost": ([FIRST, LATER, lost], TEXTBOOK),
        "large": ([scaled(10)] * 5, TEXTBOOK),
        "small": ([scaled(0.01)] * 5, TEXTBOOK),
    }
    keys = set()
    for measurements, model in rows.values():
        for note in told(measurements, model):
            keys.add(note.key)
            sentence = note.sentence(language)
            assert "{" not in sentence
            assert all(
                str(value) in sentence for value in note.slots.values() if value != "sigmoid"
            )
    assert keys == {
        *("vanishing_saturating", "vanishing", "dead_relu", "dead_layer", "exploding"),
        *("gradient_lost", "update_usual", "update_large", "update_small"),
    }

"""What a note suggests, as a set-up to train: one setting changed, everything else as it was."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from cnn_core.config import ModelConfig, TrainConfig
from cnn_core.progress.notes import Note

DROPOUT, MOST_DROPOUT, MORE_DROPOUT = 0.5, 0.9, 0.2
PATIENCE = 3  # epochs
MORE_EPOCHS, MOST_EPOCHS = 20, 100
RATES = {
    "diverged": ("smaller",),
    "not_learning": ("smaller", "larger"),
    "not_learning_high": ("smaller",),
    "not_learning_low": ("larger",),
    "jump": ("half",),
}
"""Notes that blame the learning rate, and in which direction."""
FACTORS = {"smaller": 0.1, "larger": 10.0, "half": 0.5}
MOST_RATE = 10.0


@dataclass(frozen=True, slots=True)
class Fix:
    """One changed setting.

    Attributes:
        field: "learning_rate", "dropout", "patience" or "epochs".
        value: What a visitor reads: the new value, or how many epochs are added.
        model: The changed network.
        train: The changed training.
    """

    field: str
    value: str
    model: ModelConfig
    train: TrainConfig


def fixes(note: Note, model: ModelConfig, train: TrainConfig) -> tuple[Fix, ...]:
    """The changes that the note gives a reason for; none for most notes.

    Args:
        note: A note on the run.
        model: The network of the run.
        train: How it was trained.
    """
    return tuple(_fixes(note, model, train))


def _fixes(note: Note, model: ModelConfig, train: TrainConfig) -> Iterator[Fix]:
    for direction in RATES.get(note.key, ()):
        # The rate at that point of the training, which may have been changed by then.
        rate = float(f"{float(str(note.slots['rate'])) * FACTORS[direction]:.3g}")
        if 0 < rate <= MOST_RATE:
            yield Fix("learning_rate", f"{rate:g}", model, replace(train, learning_rate=rate))
    if note.key in ("overfitting", "gap") and model.dropout < MOST_DROPOUT:
        more = min(MOST_DROPOUT, round(model.dropout + MORE_DROPOUT, 2))
        dropout = DROPOUT if model.dropout < DROPOUT else more
        yield Fix("dropout", f"{dropout:g}", replace(model, dropout=dropout), train)
    if note.key == "overfitting" and not 0 < train.patience <= PATIENCE:
        yield Fix("patience", f"{PATIENCE}", model, replace(train, patience=PATIENCE))
    if note.key == "more_epochs" and train.epochs < MOST_EPOCHS:
        epochs = min(MOST_EPOCHS, train.epochs + MORE_EPOCHS)
        yield Fix("epochs", f"{epochs - train.epochs}", model, replace(train, epochs=epochs))

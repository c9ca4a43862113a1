"""Notes beside the curves: what a teacher would point out, tied to the epoch where it happens.

Each rule looks at whole epochs where it can, so that a note stays while batches come and go. Epochs
that were stopped midway are ignored. A statement about validation figures must exceed the sampling
error of a validation set of that size.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import fmean, median
from typing import Literal

from cnn_core import texts
from cnn_core.config import TEXTBOOK, ModelConfig, TrainConfig
from cnn_core.datasets import DATASETS
from cnn_core.progress.events import BatchEnd, EpochEnd
from cnn_core.progress.history import History, best_of
from cnn_core.progress.losses import loss_text

Level = Literal["good", "info", "warning", "problem"]

MOST_NOTES = 3  # more are not read beside a moving curve
NEAR_CHANCE = 0.96  # a loss above this share of ln(classes) is no better than guessing
FAR_BELOW_CHANCE = 0.6  # a loss below this share of ln(classes) means that something was learned
WINDOW = 5  # batch reports that are averaged
RISE = 1.02  # ratio of the median validation loss of the later epochs to the lowest one
ERRORS = 2.0  # standard errors that a difference must pass
FEWEST_IMAGES = 300  # validation images assumed for a data set that is not known here
FEWEST_BATCHES = 50  # training batches before a note says that nothing is learned
JUMP = 1.2  # ratio of the training losses of two epochs in a row
WIDE_GAP = 0.10  # between the accuracies on training and validation images
CLOSE = 0.03  # difference of the accuracies up to which they count as close

# Learning rates from which on "too high" is the likely reason, and up to which "too low" is.
TOO_HIGH = {"adam": 0.01, "adamw": 0.01, "rmsprop": 0.01, "momentum": 0.1, "sgd": 0.5}
TOO_LOW = {"adam": 1e-5, "adamw": 1e-5, "rmsprop": 1e-5, "momentum": 1e-4, "sgd": 1e-3}


@dataclass(frozen=True, slots=True)
class Note:
    """One remark.

    Attributes:
        key: Its sentence is the text `note.<key>`.
        level: "good", "info", "warning" or "problem".
        epoch: The epoch it is about, counted from 1; None when it is about all of them.
        slots: Values for the sentence; numbers are formatted already.
    """

    key: str
    level: Level
    epoch: int | None = None
    slots: Mapping[str, object] = field(default_factory=dict)

    def sentence(self, language: str) -> str:
        """The remark for a visitor who reads `language`."""
        named = {slot: f"choice.{slot}.{value}" for slot, value in self.slots.items()}
        slots = {
            slot: texts.say(language, named[slot]) if texts.has(named[slot]) else value
            for slot, value in self.slots.items()
        }
        return texts.say(language, f"note.{self.key}", **slots)


def narrate(
    history: History, train: TrainConfig, model: ModelConfig = TEXTBOOK
) -> tuple[Note, ...]:
    """At most three remarks on a run, the most important first.

    Args:
        history: The run so far.
        train: How it is trained: the advice depends on its optimizer, learning rate and patience.
        model: What is trained: its classes say what guessing gives, its dropout explains a
            validation loss below the training loss.
    """
    case = _Case(history, train, model)
    notes: list[Note] = []
    for rule in RULES:
        note = rule(case)
        if note is not None and not any(
            note.key in SUPPRESSED_BY.get(earlier.key, ()) for earlier in notes
        ):
            notes.append(note)
    if notes and notes[0].key == "diverged":
        return (notes[0],)
    return tuple(notes[:MOST_NOTES]) or tuple(filter(None, (rule(case) for rule in PRAISE)))


@dataclass(frozen=True, slots=True)
class _Case:
    history: History
    train: TrainConfig
    model: ModelConfig

    @property
    def epochs(self) -> tuple[EpochEnd, ...]:
        return self.history.complete_epochs

    @property
    def last(self) -> EpochEnd | None:
        return self.epochs[-1] if self.epochs else None

    @property
    def best(self) -> EpochEnd | None:
        return best_of(self.epochs)

    @property
    def chance(self) -> float:
        """The loss of guessing."""
        return math.log(self.model.classes)

    @property
    def validation_images(self) -> int:
        """How many images the validation figures are means of."""
        source = DATASETS.get(self.train.dataset)
        return source.counts[self.train.size].val if source else FEWEST_IMAGES

    def loss_error(self, end: EpochEnd) -> float:
        """Standard error of the validation loss.

        Of the losses of single images only the mean is known. Nearly all of it comes from the images
        that the network gets wrong, a share e; their losses L/e give a standard deviation of
        L/sqrt(e), which is conservative.
        """
        wrong = max(1 - end.val_accuracy, 1 / self.validation_images)
        return end.val_loss / math.sqrt(wrong * self.validation_images)

    def accuracy_error(self, accuracy: float) -> float:
        """Standard error of a validation accuracy."""
        return math.sqrt(max(0.0, accuracy * (1 - accuracy)) / self.validation_images)

    def guesses(self, end: EpochEnd) -> bool:
        """Whether validation after that epoch is no better than guessing."""
        share = 1 / self.model.classes
        most = share + ERRORS * self.accuracy_error(share)
        return end.val_loss >= NEAR_CHANCE * self.chance and end.val_accuracy <= most

    @property
    def rate(self) -> float:
        changes = self.history.learning_rates
        return changes[-1].learning_rate if changes else self.train.learning_rate

    def over(self, reason: str) -> bool:
        return self.history.ended is not None and self.history.ended.reason == reason


def _diverged(case: _Case) -> Note | None:
    """The loss is not a number any more."""
    history = case.history
    records: list[BatchEnd | EpochEnd] = [*history.batches[-1:], *history.epochs[-1:]]
    lost = [record.epoch for record in records if not math.isfinite(record.loss)]
    if not lost and not case.over("diverged"):
        return None
    epoch = min(lost, default=history.epoch)
    return Note(
        "diverged",
        "problem",
        epoch,
        {
            "epoch": epoch,
            "rate": _rate(case.rate),
            "optimizer": case.train.optimizer,
            "smaller": _rate(case.rate / 10),
        },
    )


def _not_learning(case: _Case) -> Note | None:
    """Loss and accuracy are still what guessing gives, on the training and the validation images.

    The training loss alone says little: with much dropout it stays high while the network learns.
    """
    last, started = case.last, case.history.started
    if last is None or not last.loss >= NEAR_CHANCE * case.chance or not case.guesses(last):
        return None
    if started is not None and last.epoch * started.batches < FEWEST_BATCHES:
        return None
    slots = {
        "epoch": last.epoch,
        "loss": loss_text(last.loss),
        "chance": loss_text(case.chance),
        "rate": _rate(case.rate),
    }
    if case.rate >= TOO_HIGH[case.train.optimizer]:
        return Note(
            "not_learning_high", "problem", last.epoch, slots | {"smaller": _rate(case.rate / 10)}
        )
    if case.rate <= TOO_LOW[case.train.optimizer]:
        return Note(
            "not_learning_low", "problem", last.epoch, slots | {"larger": _rate(case.rate * 10)}
        )
    return Note("not_learning", "problem", last.epoch, slots)


def _overfitting(case: _Case) -> Note | None:
    """The epochs after the best one are clearly worse, while the training loss falls on, below it."""
    best, last = case.best, case.last
    if best is None or last is None:
        return None
    later = [end.val_loss for end in case.epochs if end.epoch > best.epoch]
    least = best.val_loss + ERRORS * case.loss_error(best)
    risen = min(median(later or [0.0]), last.val_loss) >= max(RISE * best.val_loss, least)
    if len(later) < 2 or not risen or last.loss >= min(best.loss, last.val_loss):
        return None
    return Note(
        "overfitting",
        "warning",
        best.epoch,
        {
            "epoch": best.epoch,
            "low": loss_text(best.val_loss),
            "now": loss_text(last.val_loss),
            "train": loss_text(last.loss),
            "gap": loss_text(last.val_loss - last.loss),
        },
    )


def _jump(case: _Case) -> Note | None:
    """The training loss rose clearly in an epoch and has not come down again."""
    last = case.last
    changed = {change.epoch + step for change in case.history.learning_rates for step in (0, 1)}
    for before, after in reversed(list(zip(case.epochs, case.epochs[1:], strict=False))):
        least = max(JUMP * before.loss, before.loss + 0.02 * case.chance)
        if after.loss > least and after.epoch not in changed and last and last.loss > before.loss:
            slots: dict[str, object] = {"epoch": after.epoch, "rate": _rate(case.rate)}
            slots |= {"before": loss_text(before.loss), "after": loss_text(after.loss)}
            return Note("jump", "warning", after.epoch, slots)
    return None


def _gap(case: _Case) -> Note | None:
    """Much better on the training images than on others."""
    last = case.last
    if last is None or len(case.epochs) < 2:
        return None
    least = max(WIDE_GAP, ERRORS * case.accuracy_error(last.val_accuracy))
    if not last.accuracy - last.val_accuracy >= least:
        return None
    return Note("gap", "warning", last.epoch, _accuracies(last))


def _rate_changed(case: _Case) -> Note | None:
    """The visitor gave another learning rate: what the training loss did then, for three epochs."""
    if not case.history.learning_rates:
        return None
    change = case.history.learning_rates[-1]
    numbered = {end.epoch: end for end in case.epochs}
    first = change.epoch if change.batch <= 1 else change.epoch + 1  # the first whole epoch with it
    if case.last is not None and case.last.epoch > first + 2:
        return None
    slots: dict[str, object] = {"epoch": change.epoch, "rate": _rate(change.learning_rate)}
    before, after = numbered.get(change.epoch - 1), numbered.get(first)
    if before is None or after is None or not math.isfinite(before.loss + after.loss):
        return Note("rate_changed", "info", change.epoch, slots)
    slots |= {"before": loss_text(before.loss), "after": loss_text(after.loss)}
    if after.loss > RISE * before.loss:
        return Note("rate_rose", "warning", change.epoch, slots)
    return Note("rate_fell", "info", change.epoch, slots)


def _stopped(case: _Case) -> Note | None:
    """The visitor stopped inside an epoch."""
    ends = case.history.epochs
    if not case.over("stopped") or not ends or ends[-1].complete:
        return None
    return Note("stopped", "info", ends[-1].epoch, {"epoch": ends[-1].epoch})


def _more_epochs(case: _Case) -> Note | None:
    """The last planned epoch was the best: a constant learning rate had more to give."""
    last, best = case.last, case.best
    if not case.over("finished") or last is None or last is not best:
        return None
    earlier = [end.val_loss for end in case.epochs[:-1] if math.isfinite(end.val_loss)]
    gained = not earlier or last.val_loss < 0.99 * min(earlier)
    if not gained or case.train.schedule != "constant":
        return None
    return Note("more_epochs", "info", last.epoch, {"epoch": last.epoch})


def _kinder_validation(case: _Case) -> Note | None:
    """In the first epochs validation often looks better than training, and this is no mistake."""
    last = case.last
    if last is None or last.epoch > 3 or not last.val_loss < last.loss:
        return None
    key = "kinder_dropout" if case.model.dropout > 0 else "kinder_mean"
    if case.train.augmentation != "none":
        key = "kinder_augmented"
    slots = {"epoch": last.epoch, "train": loss_text(last.loss), "val": loss_text(last.val_loss)}
    return Note(key, "info", last.epoch, slots)


def _waiting(case: _Case) -> Note | None:
    """No better epoch for a while: early stopping is near."""
    last, best, patience = case.last, case.best, case.train.patience
    if case.history.ended is not None or last is None or best is None or patience < 2:
        return None
    waited = last.epoch - best.epoch
    remaining = patience - waited
    if waited < 2 or not 0 < remaining < case.train.epochs - last.epoch:
        return None
    return Note("waiting", "info", best.epoch, {"epoch": best.epoch, "left": remaining})


def _learning(case: _Case) -> Note | None:
    """Inside the first epoch: some batches in a row are already far better than guessing."""
    losses = [end.loss for end in case.history.batches]
    if case.history.epochs:
        return None
    for start in range(len(losses) - WINDOW + 1):
        mean = fmean(losses[start : start + WINDOW])
        if mean < FAR_BELOW_CHANCE * case.chance:
            return Note(
                "learning", "good", 1, {"loss": loss_text(mean), "chance": loss_text(case.chance)}
            )
    return None


def _improving(case: _Case) -> Note | None:
    """The last epoch is the best so far."""
    last = case.last
    if case.history.ended is not None or len(case.epochs) < 2 or last is not case.best:
        return None
    if last is None:
        return None
    slots = {
        "epoch": last.epoch,
        "val": loss_text(last.val_loss),
        "accuracy": _share(last.val_accuracy),
    }
    return Note("improving", "good", last.epoch, slots)


def _close(case: _Case) -> Note | None:
    """Nothing to complain about, and both accuracies are near each other."""
    last = case.last
    if case.history.ended is None or last is None or len(case.epochs) < 3:
        return None
    if not abs(last.accuracy - last.val_accuracy) < CLOSE:
        return None
    return Note("close", "good", last.epoch, _accuracies(last))


Rule = Callable[[_Case], Note | None]
RULES: tuple[Rule, ...] = (
    _diverged,
    _not_learning,
    _overfitting,
    _jump,
    _gap,
    _rate_changed,
    _stopped,
    _more_epochs,
    _waiting,
    _kinder_validation,
    _learning,
)
PRAISE: tuple[Rule, ...] = (_improving, _close)  # only where no other rule applies
KINDER = ("kinder_augmented", "kinder_dropout", "kinder_mean")
SUPPRESSED_BY = {
    "overfitting": ("gap",),
    "not_learning": (*KINDER, "more_epochs", "waiting"),
    "not_learning_high": (*KINDER, "more_epochs", "waiting"),
    "not_learning_low": (*KINDER, "waiting"),
    "jump": KINDER,
}
"""Keys of the notes that a note of that key makes redundant."""


def _rate(value: float) -> str:
    return f"{value:.3g}"


def _share(value: float) -> str:
    return f"{value:.1%}"


def _accuracies(end: EpochEnd) -> dict[str, object]:
    return {
        "epoch": end.epoch,
        "train": _share(end.accuracy),
        "val": _share(end.val_accuracy),
        "gap": f"{(end.accuracy - end.val_accuracy) * 100:.0f}",
    }

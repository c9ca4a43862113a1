"""Goals that a training reaches: pure functions over what a run was ordered as and what it reported.

The test images never count: trying again and again would be choosing by them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from cnn_core.analysis.comparison import CHANCE, SEED, McNemar, Settings, differing
from cnn_core.arithmetic import layer_table, totals
from cnn_core.config import ModelConfig, TrainConfig
from cnn_core.course.progress import Progress, part_of, percent_down
from cnn_core.errors import ShapeError
from cnn_core.progress.events import EpochEnd
from cnn_core.progress.history import History


@dataclass(frozen=True, slots=True)
class Training:
    """A run: what was ordered, and its history so far."""

    model: ModelConfig
    train: TrainConfig
    history: History

    @property
    def params(self) -> int:
        """Parameters of the network; 0 of one that does not work out."""
        try:
            return totals(layer_table(self.model)).params
        except ShapeError:
            return 0

    @property
    def seconds(self) -> float:
        """Training time so far, pauses left out."""
        ended = self.history.ended
        return ended.seconds if ended else sum(end.seconds for end in self.history.epochs)


@dataclass(frozen=True, slots=True)
class ValidationAccuracy:
    """A validation accuracy, within limits.

    Attributes:
        least: Validation accuracy of the weights that were kept, 0 to 1.
        params: The network has fewer parameters; None for any number.
        seconds: Most seconds of training; None for any time.
        dataset: The data set that counts.
    """

    least: float = 0.90
    params: int | None = 50_000
    seconds: float | None = None
    dataset: str = "fashion_mnist"

    def check(self, run: Training) -> Progress | None:
        """How far a run is; None before its first epoch, and of one on other data."""
        kept = run.history.best
        if run.train.dataset != self.dataset or kept is None or not run.params:
            return None
        valid = (self.params is None or run.params < self.params) and (
            self.seconds is None or run.seconds <= self.seconds
        )
        accuracy = kept.val_accuracy if math.isfinite(kept.val_accuracy) else 0.0
        return Progress(
            reached=valid and accuracy >= self.least,
            score=(valid, accuracy),
            share=part_of(accuracy, self.least) if valid else 0.0,
            numbers={
                "accuracy": percent_down(accuracy),
                "used": f"{run.params:,}",
                "took": f"{run.seconds:.0f}",
            },
        )

    @property
    def numbers(self) -> dict[str, str]:
        """The rules, as texts show them; a limit that there is not is a dash."""
        return {
            "least": f"{self.least:.0%}",
            "params": "–" if self.params is None else f"{self.params:,}",
            "seconds": "–" if self.seconds is None else f"{self.seconds:.0f}",
        }


@dataclass(frozen=True, slots=True)
class Overfitting:
    """The validation loss rises clearly above its lowest while the training loss falls.

    Attributes:
        rise: Of the validation loss above its lowest so far, as a share of that.
        epochs: Epochs in which it has to happen, from the first on.
    """

    rise: float = 0.15
    epochs: int = 5

    def check(self, run: Training) -> Progress | None:
        """How far a run is; None before its second epoch."""
        ends = [end for end in run.history.complete_epochs if end.epoch <= self.epochs]
        if len(ends) < 2:
            return None
        rises = [
            (after.val_loss / before.val_loss - 1, before, after)
            for place, after in enumerate(ends)
            for before in ends[:place]
            if _overfits(before, after)
        ]
        rise, before, after = max(rises, key=lambda each: each[0], default=(0.0, ends[0], ends[-1]))
        return Progress(
            reached=rise >= self.rise,
            score=(rise,),
            share=part_of(rise, self.rise),
            numbers={
                "risen": _percent_down(rise),
                "low": f"{before.val_loss:.3f}",
                "high": f"{after.val_loss:.3f}",
                "epoch": f"{after.epoch}",
            },
        )

    @property
    def numbers(self) -> dict[str, str]:
        """The rules, as texts show them."""
        return {"rise": f"{self.rise:.0%}", "epochs": f"{self.epochs}"}


def _overfits(before: EpochEnd, after: EpochEnd) -> bool:
    """Whether the validation loss rose from one epoch to a later one while the training loss fell."""
    losses = (before.loss, after.loss, before.val_loss, after.val_loss)
    if not all(map(math.isfinite, losses)) or before.val_loss <= 0:
        return False
    return after.loss < min(before.loss, after.val_loss) and after.val_loss > before.val_loss


@dataclass(frozen=True, slots=True)
class StoppedDivergence:
    """The loss grows far above that of guessing, and the visitor stops before it is no number.

    Attributes:
        times: The loss as a multiple of ln K, that of equal probabilities for K classes.
    """

    times: float = 3.0

    def check(self, run: Training) -> Progress | None:
        """How far a run is; None of one whose loss never rose above that of guessing."""
        losses = [end.loss for end in run.history.batches]
        losses += [end.loss for end in run.history.epochs]
        highest = max(filter(math.isfinite, losses), default=0.0)
        guessing = math.log(run.model.classes)
        ended = run.history.ended
        lost = ended is not None and ended.reason == "diverged"
        if highest <= guessing and not lost:
            return None
        stopped = ended is not None and ended.reason == "stopped"
        times = highest / guessing
        return Progress(
            reached=stopped and times >= self.times,
            score=(stopped, times),
            share=part_of(times, self.times) if stopped else 0.0,
            numbers={"loss": f"{highest:,.2f}", "ended": ended.reason if ended else ""},
        )

    @property
    def numbers(self) -> dict[str, str]:
        """The rules, as texts show them; for ten classes."""
        return {"times": f"{self.times:g}", "loss_needed": f"{self.times * math.log(10):.1f}"}


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs on the same validation images.

    Attributes:
        first: All settings of one run, as `comparison.settings` lists them.
        second: Those of the other one.
        test: McNemar's test of the two.
    """

    first: Settings
    second: Settings
    test: McNemar


@dataclass(frozen=True, slots=True)
class RealDifference:
    """Two runs that differ in one setting and, by McNemar's test, in more than chance.

    Attributes:
        below: The p-value has to be smaller.
    """

    below: float = CHANCE

    def check(self, pair: Comparison) -> Progress:
        """How far two runs are; the seed alone is no setting that counts."""
        changed = [each for each in differing([pair.first, pair.second]) if each.field != SEED]
        valid = len(changed) == 1
        p = pair.test.p
        return Progress(
            reached=valid and p < self.below,
            score=(valid, -p),
            share=part_of(self.below, p) if valid else 0.0,
            numbers={
                "p": f"p = {p:.2g}" if p >= 0.001 else "p < 0.001",
                "changed": f"{len(changed)}",
            },
        )

    @property
    def numbers(self) -> dict[str, str]:
        """The rules, as texts show them."""
        return {"below": f"{self.below:g}"}


@dataclass(frozen=True, slots=True)
class Overshoot:
    """A step that raises the loss of its batch, and later steps that bring it below where it was.

    Attributes:
        times: The loss after that step, as a multiple of the loss before it.
    """

    times: float = 2.0

    def check(self, losses: Sequence[float]) -> Progress | None:
        """How far some steps are.

        Args:
            losses: Of the batch before the first step, and after each one.

        Returns:
            The best step among them; None if no step raised the loss.
        """
        attempts = []
        for place in range(1, len(losses)):
            before, after = losses[place - 1], losses[place]
            if not (math.isfinite(before) and 0 < before < after):
                continue
            times = after / before if math.isfinite(after) else math.inf
            later = [loss for loss in losses[place + 1 :] if math.isfinite(loss)]
            lowest = min(later, default=after)
            overshot = times >= self.times
            attempts.append(
                Progress(
                    reached=overshot and lowest < before,
                    score=(overshot, -lowest / before if overshot else times),
                    share=0.5 if overshot else part_of(times, self.times) / 2,
                    numbers={"before": _loss(before), "after": _loss(after), "now": _loss(lowest)},
                )
            )
        return max(attempts, key=lambda each: (each.reached, each.score), default=None)

    @property
    def numbers(self) -> dict[str, str]:
        """The rules, as texts show them."""
        return {"times": f"{self.times:g}"}


def _loss(value: float) -> str:
    return f"{value:.3g}" if math.isfinite(value) else "∞"


def _percent_down(part: float) -> str:
    return f"{math.floor(part * 100 + 1e-9):d}%"

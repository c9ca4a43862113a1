"""The Fast preset to the plain recipe's best validation accuracy, against the plain textbook recipe."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from playwright.sync_api import Browser

from bench.app import Server, browsing, link, order, serving, visiting, wait_for_end
from bench.report import Figure
from cnn_core import datasets
from cnn_core.planning.presets import PRESETS
from cnn_core.progress.events import EpochEnd, RunEnded, RunStarted

GOAL = 0.9202  # best validation accuracy of the plain recipe when the design was made
TARGETS = {"bfloat16": 4.0, "float32": 2.0}
RECIPES = (("textbook", "float32"), ("fast", "float32"), ("fast", "auto"))
LIMIT_S = 1200.0


@dataclass(frozen=True)
class Outcome:
    """How a recipe went.

    Attributes:
        precision: What it was trained with, "auto" resolved.
        epochs: Seconds since the start of training and validation accuracy, at the end of each epoch.
        test: Test accuracy of the weights that were kept.
    """

    precision: str
    epochs: list[tuple[float, float]]
    test: float

    def reached(self, goal: float) -> float | None:
        """Seconds to the first epoch with at least that validation accuracy; None if there was none."""
        return next((seconds for seconds, accuracy in self.epochs if accuracy >= goal), None)

    @property
    def best(self) -> tuple[float, float]:
        """Seconds and validation accuracy of the best epoch, the earliest of equals."""
        return max(self.epochs, key=lambda epoch: epoch[1])

    def words(self, goal: float) -> str:
        """What is to be said of it in the table."""
        seconds, (late, best) = self.reached(goal), self.best
        when = f"{goal:.4f} after {seconds:.0f} s" if seconds else f"{goal:.4f} not reached"
        return f"{when}; best {best:.4f} after {late:.0f} s, test {self.test:.4f}"


def measure(*, quick: bool) -> Iterator[Figure]:
    """Each recipe trained once through the app, from the same seed."""
    size = "full" if datasets.available("fashion_mnist", "full") and not quick else "sample"
    with serving() as server, browsing() as browser:
        plain, *fast = [
            _train(browser, server, preset, precision, size, quick) for preset, precision in RECIPES
        ]
    yield Figure(
        f"the textbook recipe ({plain.precision}, {size} Fashion-MNIST)",
        plain.words(GOAL),
        values=vars(plain),
    )
    by_precision = {outcome.precision: outcome for outcome in fast}
    yield from (_against(outcome, plain) for outcome in by_precision.values())


def _train(
    browser: Browser, server: Server, preset: str, precision: str, size: str, quick: bool
) -> Outcome:
    model, train = PRESETS[preset].model, PRESETS[preset].train
    epochs = 2 if quick else train.epochs
    train = replace(train, size=size, precision=precision, epochs=epochs)
    with visiting(browser, link(server, model, train)) as page:
        server.wait_until_idle()
        run_events = wait_for_end(page, order(page, server), LIMIT_S)
    begin = next(event for event in run_events if isinstance(event, RunStarted))
    end = next(event for event in run_events if isinstance(event, RunEnded))
    epoch_ends = [event for event in run_events if isinstance(event, EpochEnd)]
    return Outcome(
        begin.precision,
        [(event.time - begin.time, event.val_accuracy) for event in epoch_ends],
        end.scores["test"].accuracy,
    )


def _against(fast: Outcome, plain: Outcome) -> Figure:
    """How much sooner; to the plain recipe's own best where one of them missed the goal."""
    goal = GOAL if fast.reached(GOAL) and plain.reached(GOAL) else plain.best[1]
    ours, theirs = fast.reached(goal), plain.reached(goal)
    target = TARGETS[fast.precision]
    ratio = theirs / ours if ours and theirs else 0.0
    comparison = f"{ratio:.1f} times sooner at {goal:.4f}" if ratio else f"never reached {goal:.4f}"
    return Figure(
        f"the Fast recipe ({fast.precision}) to the textbook recipe's accuracy",
        f"{comparison} ({fast.words(goal)})",
        f"at least {target:.0f} times sooner",
        ratio >= target,
        {"ratio": ratio, "fast": vars(fast), "textbook": vars(plain)},
    )

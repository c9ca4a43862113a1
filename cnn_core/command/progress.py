"""The progress of a training on a terminal."""

from __future__ import annotations

from cnn_core.progress.events import BatchEnd, Downloading, EpochEnd, Evaluating, Event, RunEnded

REASONS = {"early_stopping": "early stopping", "target": "target reached"}


class ProgressBar:
    """A progress bar for all epochs, and a line when one ends.

    Args:
        epochs: How many at most.
        covers_test: Say nothing of the test images: who compares runs compares validation figures.
    """

    def __init__(self, epochs: int, *, covers_test: bool = False) -> None:
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._epochs, self._covers_test = epochs, covers_test
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[figures]}"),
        )
        self._task = self._bar.add_task("loading", total=epochs, figures="")

    def __enter__(self) -> ProgressBar:
        self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.stop()

    def __call__(self, event: Event) -> None:
        """Show the event."""
        match event:
            case Downloading():
                self._update("downloading", f"{event.done / 1e6:.0f} MB")
            case BatchEnd():
                figures = f"loss {event.loss:.3f}  {event.images_per_s:,.0f} images/s"
                done = event.epoch - 1 + event.batch / event.batches
                self._update(f"epoch {event.epoch}/{self._epochs}", figures, done)
            case EpochEnd():
                self._say(
                    f"epoch {event.epoch}/{self._epochs}: loss {event.loss:.4f}, "
                    f"accuracy {event.accuracy:.4f}, val_loss {event.val_loss:.4f}, "
                    f"val_accuracy {event.val_accuracy:.4f} ({event.seconds:.1f} s)"
                )
            case Evaluating():
                self._update("testing", "")
            case RunEnded():
                reason = REASONS.get(event.reason, event.reason)
                self._update(reason, "")
                self._say(f"{reason}: best epoch {event.best_epoch}")
                for part, score in event.scores.items():
                    if part == "test" and self._covers_test:
                        continue
                    self._say(f"{part}: loss {score.loss:.4f}, accuracy {score.accuracy:.4f}")

    def _update(self, description: str, figures: str, done: float | None = None) -> None:
        self._bar.update(self._task, description=description, figures=figures, completed=done)

    def _say(self, line: str) -> None:
        self._bar.console.print(line, soft_wrap=True, highlight=False)

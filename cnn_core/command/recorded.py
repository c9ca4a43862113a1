"""A training on the command line that the app shows like its own."""

from __future__ import annotations

import logging
from pathlib import Path

from cnn_core import interruption, runs
from cnn_core.config import ModelConfig, TrainConfig
from cnn_core.engine import trainer
from cnn_core.progress.events import Emit
from cnn_core.runs import log

OWNER = "command line"  # no browser has it: in the app the run can be watched, not changed


class RecordedRun:
    """A new run in the home, trained in this process.

    Attributes:
        path: Its folder.
        saved: Whether weights were kept; known at its end.

    Raises:
        RunError: If the home cannot be written.
    """

    def __init__(self, model: ModelConfig, train: TrainConfig, name: str = "") -> None:
        self.run = runs.create(model, train, owner=OWNER, name=name)
        self.saved = False

    @property
    def path(self) -> Path:
        """Its folder."""
        return self.run.folder

    def __enter__(self) -> RecordedRun:
        return self

    def train(self, emit: Emit) -> str:
        """Train it to its end.

        Args:
            emit: Called with every event.

        Returns:
            What went wrong, in a sentence; empty if nothing did.
        """
        logging.getLogger("cnn_core").addHandler(logging.NullHandler())  # the sentence is enough
        trainer.train_here(self.run, emit)
        return runs.status(self.run).sentence("en")

    def __exit__(self, *_: object) -> None:
        with interruption.Held():
            self.saved = (self.path / "best.keras").exists()
            if runs.status(self.run).state in (*runs.OVER, "failed"):
                return
            if log.history(self.run).complete_epochs:
                runs.write_status(self.run, "interrupted")
            else:  # nothing to show
                runs.write_status(self.run, "stopped")
                runs.delete(self.run, by=OWNER)

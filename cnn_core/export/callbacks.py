"""Callbacks that an exported program defines for itself, as Keras source."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import dedent

Say = Callable[[str], str]
"""A text of the program by the end of its key."""


def one_cycle(say: Say) -> str:
    """The learning rate up to LEARNING_RATE and down again."""
    return _class(f'''
        class OneCycle(keras.callbacks.Callback):
            """{say("one_cycle")}"""

            step, steps = 0, EPOCHS * BATCHES
            rise = max(1, round(0.3 * steps))

            def on_train_batch_begin(self, batch, logs=None):
                if self.step < self.rise:
                    share = 0.1 + 0.9 * self.step / self.rise
                else:
                    fall = (self.step - self.rise) / max(1, self.steps - self.rise)
                    share = max(0.001, 0.5 * (1 + math.cos(math.pi * fall)))
                self.model.optimizer.learning_rate = LEARNING_RATE * share
                self.step += 1
    ''')


def stop_at_target(say: Say) -> str:
    """End at a validation accuracy of TARGET."""
    return _class(f'''
        class StopAtTarget(keras.callbacks.Callback):
            """{say("stop_at_target")}"""

            def on_epoch_end(self, epoch, logs=None):
                # {say("rounding")}
                if logs["val_accuracy"] >= TARGET - 1e-6:
                    self.model.stop_training = True
    ''')


def _class(source: str) -> str:
    return f"{dedent(source).strip()}\n\n\n"

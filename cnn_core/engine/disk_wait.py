"""How long a run waits that found the disk full, and how often it is tried again."""

from __future__ import annotations

import math
from dataclasses import dataclass

FIRST_WAIT, LONGEST_WAIT = 10.0, 600.0  # seconds; each wait is twice as long as the one before
MOST_TRIES = 150  # in a row without a new epoch: about a day


@dataclass(slots=True)
class DiskWait:
    """What is remembered of a run while it waits for room on the disk.

    Attributes:
        tries: How often in a row it found none.
        epochs: Complete epochs it had the last time.
        until: When it is tried again, in the seconds of the queue's clock.
    """

    tries: int = 0
    epochs: int = 0
    until: float = -math.inf

    def over(self, now: float) -> bool:
        """Whether it need not wait any longer."""
        return now >= self.until

    def wait(self, now: float, epochs: int) -> bool:
        """Wait once more; False if it was tried often enough.

        Args:
            now: Seconds of the queue's clock.
            epochs: Complete epochs by now: a run that gets on is tried as often again.
        """
        if epochs > self.epochs:
            self.tries = 0
        self.epochs = epochs
        self.tries += 1
        # A float cannot hold a power of two that is too large.
        self.until = now + min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(self.tries - 1, 30))
        return self.tries <= MOST_TRIES

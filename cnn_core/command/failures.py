"""What a command says of the system's refusals."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from cnn_core.runs.destination import storage_error

PIPE_CLOSED = 141  # as a shell counts a process that SIGPIPE ended


def refused(error: OSError, mistake: int, folder: Path | None, *, writes: bool) -> int:
    """Say on the terminal what the system refused, and return the exit code.

    Nothing is said of a reader who has seen enough, as `head` has after some lines.

    Args:
        error: The refusal.
        mistake: The exit code of anything but a closed pipe.
        folder: Where the command was to write, if it was told.
        writes: Whether the command writes files: then the sentence is about their place.
    """
    if isinstance(error, BrokenPipeError):
        # What is left in the buffer would be written at exit, and refused again with a traceback.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    place = error.filename or folder or "."
    print(storage_error(place, error) if writes else error, file=sys.stderr)
    return mistake

"""How often the test accuracy of a run was looked at: each look makes it a little less honest."""

from __future__ import annotations

from cnn_core.errors import RunError
from cnn_core.runs import record

FILE = "test-looks"


def count(run: record.Run) -> int:
    """Looks at the test accuracy of the run so far, by anybody; 0 for a run that came with ConvScope."""
    try:
        return (run.folder / FILE).stat().st_size
    except OSError:
        return 0


def add(run: record.Run) -> None:
    """Count one more look. One byte is appended, so that no two processes overwrite each other.

    Raises:
        RunError: If the run came with ConvScope, is gone, or its folder cannot be written to.
    """
    record.refuse_shipped(run)
    if not run.folder.is_dir():
        raise RunError("run.not_found", id=run.id)
    try:
        with (run.folder / FILE).open("ab") as file:
            file.write(b".")
    except OSError as error:
        raise RunError("run.storage", folder=str(run.folder)) from error

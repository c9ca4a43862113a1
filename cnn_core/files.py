"""Atomic writes: a file is written beside its place and moved there, so that nobody reads half of it."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FULL = {errno.ENOSPC, errno.EDQUOT}


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A hidden path beside `path` to write to; it takes the place of `path` once the block ends.

    It is removed if the block fails; a killed process leaves it behind. Folders are not created.

    Raises:
        OSError: If it cannot be written.
    """
    writer = f"{os.getpid()}-{threading.get_ident()}"
    temporary = path.with_name(f".{path.stem}.{writer}{path.suffix}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_within(path: Path, content: bytes) -> None:
    """Overwrite a file where it is: that works on a full disk, but a reader may see half of it.

    Raises:
        OSError: If there is no such file, or it cannot be written.
    """
    with path.open("r+b") as file:
        file.write(content)
        file.truncate()


def disk_is_full(error: BaseException | None) -> bool:
    """Whether an error, or one that it came from, is a disk without space or a quota used up."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in FULL:
            return True
        error = error.__cause__ or error.__context__
    return False

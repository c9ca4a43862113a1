"""The version of ConvScope, derived from the code itself."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path


@cache
def fingerprint() -> str:
    """Twelve hexadecimal digits, the same on every machine with the same code in `cnn_core`.

    What a server sends to a worker is understood by the same code only. It is read when it is first asked
    for, so ask when the process starts: later the files may be those of another version.
    """
    package = Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        digest.update(path.relative_to(package).as_posix().encode())
        digest.update(path.read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()[:12]

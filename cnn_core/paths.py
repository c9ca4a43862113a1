"""Where the project lies on disk."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ASSETS = ROOT / "assets"


def import_path() -> str:
    """What PYTHONPATH has to be for a process that imports `cnn_core`, wherever it works."""
    return os.pathsep.join(part for part in (str(ROOT), os.environ.get("PYTHONPATH")) if part)

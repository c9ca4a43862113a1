"""The command line as tests call it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from cnn_core import __main__ as command
from cnn_core.config import ModelConfig, TrainConfig

ROOT = Path(__file__).parent.parent


def start(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "cnn_core", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(*arguments: str) -> tuple[int, str, str]:
    process = start(*arguments)
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def setup(*arguments: str) -> tuple[ModelConfig, TrainConfig]:
    return command._setup(command._parser().parse_args(["train", *arguments]))


SETTINGS = ("--preset", "tiny", "--dataset", "digits", "--epochs", "1")

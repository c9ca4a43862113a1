"""Pages without a worker: engines that answer as they are told, and the only network there is to draw for."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest
import streamlit as st

from cnn_core import runs
from cnn_core.config import TrainConfig
from cnn_core.errors import EngineError
from cnn_core.planning.presets import PRESETS
from cnn_core.runs import store
from pages.session.doors import process

E = TypeVar("E", bound="ToldEngine")


class ToldEngine:
    """Starts nothing; its worker that looks into networks is there while it is `warm`."""

    ours = True

    def __init__(self, *, warm: bool = True) -> None:
        self.warm = warm
        self.down: EngineError | None = None

    def start(self) -> ToldEngine:
        return self

    def ready(self, kind: str) -> bool:
        return self.warm and kind == "look"

    def problem(self, kind: str) -> EngineError | None:
        return self.down


class Engine(ToldEngine):
    """Answers as it is told: each probability is that of a class of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.error: EngineError | None = None
        self.questions: list[tuple[str, str, tuple[int, ...]]] = []

    def look(self, name: str, run: runs.Run, images: np.ndarray, *_: Any, timeout: float) -> Any:
        self.questions.append((name, run.id, images.shape))
        if self.error:
            raise self.error
        if name == "predict":
            probabilities = np.full((max(2, len(images)), 10), 0.01, np.float32)
            probabilities[0, 7], probabilities[1, 4] = 0.91, 0.55
            return probabilities
        return {"conv1": np.ones((28, 28, 8), np.float32)}


def in_place(engine: E, monkeypatch: pytest.MonkeyPatch) -> Iterator[E]:
    """The one engine of the server, until the test is over."""
    monkeypatch.setattr(process, "engine", engine)
    st.cache_resource.clear()
    yield engine
    st.cache_resource.clear()


@pytest.fixture
def engine(frozen: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    yield from in_place(Engine(), monkeypatch)


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> runs.Run:
    """The only model there is: a finished run on MNIST."""
    monkeypatch.setattr(store, "MODELS", tmp_path / "no-models")
    run = runs.create(PRESETS["tiny"].model, TrainConfig(dataset="mnist"), name="a_b <i>c</i>")
    runs.write_status(run, "finished")
    with zipfile.ZipFile(run.folder / "best.keras", "w"):
        pass
    return run

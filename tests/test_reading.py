"""Which networks browsers get on the draw page, and what goes with them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from streamlit import runtime

from cnn_core import browser, runs
from cnn_core.config import ConvBlock, ModelConfig
from pages.network import in_browser
from pages.parts.draw import reading

DIGITS = runs.open_run("digits")
LARGE = ModelConfig((ConvBlock(64, 5), ConvBlock(64, 5)))
MANY = ModelConfig((ConvBlock(32, stride=2),), (2048, 2048))


class Server:
    """A server that files can be fetched from."""

    def __init__(self) -> None:
        self.media_file_mgr = self
        self.files: dict[str, bytes] = {}

    def add(self, data: bytes, mimetype: str, place: str) -> str:
        self.files[place] = data
        return f"/media/{place}.bin"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    server = Server()
    monkeypatch.setattr(runtime, "exists", lambda: True)
    monkeypatch.setattr(runtime, "get_instance", lambda: server)
    return server


def test_browsers_get_the_networks_that_came_with_convscope(server: Server) -> None:
    assert all(in_browser.reads(run) for run in runs.shipped_runs())


@pytest.mark.parametrize("config", [LARGE, MANY])
def test_a_large_network_stays_with_the_worker(server: Server, config: ModelConfig) -> None:
    assert not in_browser.reads(replace(DIGITS, model=config))


def test_without_a_server_to_fetch_from_or_readable_weights_the_worker_answers(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert not in_browser.reads(replace(DIGITS, folder=tmp_path))
    monkeypatch.setattr(runtime, "exists", lambda: False)
    assert not in_browser.reads(DIGITS)


def test_the_page_sends_the_address_of_a_network_and_not_its_weights(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(reading, "_mount", lambda key, data: sent.append(data))
    monkeypatch.setattr(
        reading, "t", lambda key, **slots: f"{key} {' '.join(map(str, slots.values()))}"
    )
    monkeypatch.setattr(reading, "name_of", lambda run: run.name)
    monkeypatch.setattr(reading, "class_names", lambda run: tuple("0123456789"))
    reading.reading("reading", "pad", [DIGITS])
    [network] = sent[0]["networks"]
    assert network["url"] == "media/reading-0.bin"
    assert server.files == {"reading-0": browser.pack(DIGITS).data}
    assert network["name"] == browser.pack(DIGITS).name
    assert network["same"][4] == ["draw.without_same ", "4", " {share}"]
    assert len(str(sent)) < 10_000

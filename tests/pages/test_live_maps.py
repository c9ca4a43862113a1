"""Feature maps that the browser computes: what it gets, and what it may change."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import visits
from visits import address

from cnn_core import datasets, runs, texts
from cnn_core import model as models
from pages.elements import tiles
from pages.network import answers, in_browser
from pages.parts.feature_maps import live
from pages.pictures import run_image
from pages.session import files

visit = visits.visit
TOTAL = 600
LABELS = np.arange(TOTAL) % 10
IMAGES = np.arange(TOTAL, dtype=np.uint8)[:, None, None, None] * np.ones((1, 28, 28, 1), np.uint8)


class Browser:
    """What the parts of the page were mounted with, the newest last, and a way to answer them."""

    def __init__(self) -> None:
        self.mounted: list[dict[str, Any]] = []
        self.boards: list[dict[str, Any]] = []
        self.act: Any = None
        self.files: dict[str, bytes] = {}

    def mount(self, key: str, data: dict[str, Any], on_view_change: Any) -> None:
        self.mounted.append(data)
        self.act = on_view_change

    def keep(self, content: bytes, place: str) -> str:
        self.files[place] = content
        return f"media/{place}"


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> Browser:
    browser = Browser()
    shares = np.full((TOTAL, 10), 0.1, np.float32)
    piece = answers.Predictions(shares, LABELS, 0, TOTAL, "sample")
    monkeypatch.setattr(answers, "piece", lambda *_: piece)
    monkeypatch.setattr(answers, "images", lambda run, part, rows: IMAGES[list(rows)])
    monkeypatch.setattr(in_browser, "reads", in_browser.small)
    monkeypatch.setattr(
        in_browser, "address", lambda run, place: {"name": run.id, "url": f"media/{place}"}
    )
    monkeypatch.setattr(files, "address", browser.keep)
    monkeypatch.setattr(live, "_mount", browser.mount)
    monkeypatch.setattr(live, "_mount_boards", lambda key, data: browser.boards.append(data))
    monkeypatch.setattr(tiles, "_mount", lambda **_: None)
    return browser


@pytest.mark.parametrize("run_id", ["fashion", "digits"])
def test_without_a_chosen_map_the_strongest_of_the_first_layer_is_shown(
    run_id: str, visit: Any, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = runs.open_run(run_id)
    network = models.restore(run.model, run.folder / "best.keras")
    real, _ = datasets.sample_test(run.train.dataset)
    monkeypatch.setattr(answers, "images", lambda run, part, rows: real[list(rows)])
    maps = network.layers[0](real[17:18] / 255.0).numpy()[0]
    strongest = int(maps.max(axis=(0, 1)).argmax())
    at = visit("feature_maps", run=run_id, index="17")
    assert not at.exception
    assert browser.mounted[-1]["map"] == strongest
    assert address(at)["map"] == str(strongest)


@pytest.mark.parametrize(
    ("link", "index"),
    [({"map": "0"}, 0), ({"layer": "conv2"}, 0), ({"layer": "conv1", "map": "5"}, 5)],
)
def test_a_link_names_the_map_or_opens_a_deeper_layer_at_its_first(
    link: dict[str, str], index: int, visit: Any, browser: Browser
) -> None:
    visit("feature_maps", run="fashion", **link)
    assert browser.mounted[-1]["map"] == index


def test_the_browser_gets_the_network_and_many_images_in_one_file(
    visit: Any, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(answers, "feature_maps", lambda *_: asked.append("maps"))
    at = visit("feature_maps", run="fashion", index="250", layer="conv2", map="3")
    assert not at.exception
    data = browser.mounted[-1]
    assert not asked, "the server computes no maps"
    assert data["networks"][0]["name"] == "fashion"
    assert (data["layer"], data["map"], data["image"]["number"]) == ("conv2", 3, 250)
    assert data["pack"]["numbers"] == list(range(240, 480))
    assert data["pack"]["labels"] == LABELS[240:480].tolist()
    assert browser.files[f"{live.KEY}_images"] == IMAGES[240:480].tobytes()
    assert browser.boards[-1]["networks"] == [it["name"] for it in data["networks"]]
    said = texts.say("en", "feature_maps.by_browser")
    assert said in [it.value for it in at.caption]
    filled = data["pack"]["title"].replace("{index}", "250").replace("{name}", "T-shirt/top")
    assert filled == data["image"]["title"]


def test_a_chosen_class_is_dragged_through_alone(visit: Any, browser: Browser) -> None:
    at = visit("feature_maps", run="fashion")
    at.session_state["image_class"] = 5
    at.run()
    numbers = browser.mounted[-1]["pack"]["numbers"]
    assert numbers == [number for number in range(TOTAL) if number % 10 == 5]


@pytest.mark.parametrize(
    ("size", "count"), [(28 * 28, 240), (32 * 32 * 3, 240), (64 * 64 * 3, 48), (10**6, 24)]
)
def test_large_images_come_in_smaller_packs(size: int, count: int) -> None:
    numbers = run_image._around(np.arange(1000), 11, size)
    assert len(numbers) == count
    assert 11 * run_image.THUMBS in numbers, "the page of small images is among them"


def sent(**changes: Any) -> dict[str, Any]:
    view = {"serial": 1, "run": "fashion", "number": 0, "layer": "conv1", "map": 0}
    return {"view": {**view, **changes}}


@pytest.fixture
def take(visit: Any, browser: Browser, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Send messages from the browser; returns the page's address after the last one."""

    def taken(*messages: object) -> dict[str, str]:
        at = visit("feature_maps", run="fashion", index="0", layer="conv1", map="0")
        for message in messages:
            at.session_state["browser_says"] = message
            monkeypatch.setattr(live, "KEY", "browser_says")
            monkeypatch.setattr(live, "_mount", lambda key, data, on_view_change: on_view_change())
            at.run()
            monkeypatch.setattr(live, "_mount", browser.mount)
            at.run()
            assert not at.exception
        return address(at)

    return taken


def test_image_layer_and_map_are_kept_in_the_address(take: Any, browser: Browser) -> None:
    said = take(sent(number=17, layer="pool2", map=9))
    assert (said["index"], said["layer"], said["map"]) == ("17", "pool2", "9")
    assert browser.mounted[-1]["serial"] == 1
    assert browser.mounted[-1]["image"]["number"] == 17


def test_a_message_that_comes_late_changes_nothing(take: Any) -> None:
    said = take(sent(serial=5, number=17), sent(serial=4, number=3))
    assert said["index"] == "17"


@pytest.mark.parametrize(
    "message",
    [
        None,
        {"view": 3},
        sent(serial="1", number=9),
        sent(serial=True, number=9),
        sent(number=599),
        sent(number=-1),
        sent(number=True),
        sent(number="3"),
        sent(layer=4),
        sent(layer="conv9", map=0),
        sent(map=-1),
        sent(map=10**9),
        sent(run="../../etc"),
        sent(run=["fashion"]),
    ],
)
def test_whatever_else_it_sends_changes_nothing(message: object, take: Any) -> None:
    said = take(message)
    assert (said["index"], said["layer"], said["map"], said["run"]) == (
        "0",
        "conv1",
        "0",
        "fashion",
    )


def test_a_large_network_is_computed_by_the_server_and_the_page_says_so(
    visit: Any, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(in_browser, "MOST_MULTIPLICATIONS", 1)
    monkeypatch.setattr(answers, "feature_maps", lambda run, image, weights: made(run))
    at = visit("feature_maps", run="fashion")
    assert not at.exception
    assert not browser.mounted
    assert texts.say("en", "feature_maps.by_server_large") in [it.value for it in at.caption]


def made(run: Any) -> dict[str, np.ndarray]:
    maps = {}
    for row in live.maps.rows(run).values():
        maps[row.name] = np.ones(row.output_shape, np.float32)
        if row.kind == "conv":
            maps[f"{row.name}/sum"] = maps[row.name]
    return maps

"""The pages that look into a network, as a visitor uses them; and runs to look into, made in seconds."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import numpy as np
import pytest
from conftest import Server, eventually, rest
from playwright.sync_api import Locator, Page, expect

from cnn_core import config as cnn_core_config
from cnn_core import model as models
from cnn_core import runs
from cnn_core.config import ConvBlock, ModelConfig, TrainConfig
from cnn_core.engine import trainer
from cnn_core.runs import record
from cnn_core.training import checkpoints

COLD = 300_000  # milliseconds: a worker that still loads TensorFlow, on a busy machine
TRAIN = TrainConfig(
    epochs=3, batch_size=32, learning_rate=5e-3, patience=0, train_size=1000, precision="float32"
)
TINY = ModelConfig(blocks=(ConvBlock(8), ConvBlock(12)), dense=(16,), dropout=0.2)


def at_home(home: Path, make: Callable[[], str]) -> str:
    """Call `make` with the home of a server."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONVSCOPE_HOME", os.fspath(home))
        return make()


def trained_run(home: Path, config: ModelConfig = TINY, owner: str = "tests") -> str:
    """A run of three short epochs in that home; made once for all tests of a server."""

    def make() -> str:
        for run in runs.all_runs():
            if run.model == config and run.owner == owner:
                return run.id
        run = runs.create(config, TRAIN, owner=owner)
        trainer.train_run(run.id)
        return run.id

    return at_home(home, make)


def made_run(
    home: Path,
    config: ModelConfig,
    change: Callable[[models.keras.Sequential], None],
    train: TrainConfig = TRAIN,
) -> str:
    """A run that was never trained: `change` says what its network is like after epoch 1."""

    def make() -> str:
        run = runs.create(config, train, owner="made")
        network = models.build(config, seed=1)
        checkpoints.save_snapshot(network, run.folder, 0)
        change(network)
        checkpoints.save_snapshot(network, run.folder, 1)
        models.save(network, run.folder / "best.keras")
        runs.write_status(run, "finished")
        return run.id

    return at_home(home, make)


def opened(home: Path, run_id: str) -> models.Opened:
    """The network of a run, in this process."""

    def folder() -> str:
        return os.fspath(runs.open_run(run_id).folder)

    run = at_home(home, folder)
    tree = record.read_json(Path(run) / "config.json") or {}
    return models.opened(cnn_core_config.model_from_dict(tree["model"]), Path(run) / "best.keras")


def _link(server: Server, path: str, settings: dict[str, object]) -> str:
    return f"{server.url}/{path}?{urlencode(settings)}"


@dataclass
class Inside:
    """One window with a page that looks into a network."""

    page: Page

    @classmethod
    def open(
        cls, server: Server, window: Callable[..., Page], path: str, **settings: object
    ) -> Inside:
        """Open `path`, such as "kernels", with those query parameters; `window_` goes to the window."""
        window_settings = settings.pop("window_", {})
        return cls(window(_link(server, path, settings), **window_settings))._when_open()

    def go_to(self, server: Server, path: str, **settings: object) -> Inside:
        """Open another link in the same window; a new one would compile the app's files again."""
        self.page.goto(_link(server, path, settings))
        return self._when_open()

    def _when_open(self) -> Inside:
        expect(self.page.get_by_role("heading", level=1)).to_be_visible(timeout=COLD)
        return self.settled()

    def settled(self) -> Inside:
        """Wait until the server has nothing more to say to the last change."""
        rest(self.page)
        return self

    def part(self, key: str) -> Locator:
        """The part of the page, or the mosaic, that has this key."""
        return self.page.locator(
            f"[class~='st-key-{key}'], [class*='st-key-{key}-'], [data-board='{key}']"
        ).first

    def tiles(self, key: str) -> Locator:
        """The mosaic of that key."""
        return self.part(key).locator(".tiles")

    def source(self, key: str) -> str:
        """The picture of the mosaic of that key."""
        picture = self.tiles(key).locator("img[src^='data:image/png'], canvas")
        expect(picture).to_have_count(1, timeout=COLD)
        read = "picture => picture.src ?? picture.toDataURL()"  # of the server, or painted here
        return str(picture.evaluate(read))

    def pick(self, key: str, tile: int, columns: int, rows: int) -> None:
        """Click on the middle of a tile."""
        board = self.tiles(key)
        board.scroll_into_view_if_needed()
        box = board.bounding_box()
        assert box is not None
        across, down = tile % columns + 0.5, tile // columns + 0.5
        board.click(
            position={"x": box["width"] * across / columns, "y": box["height"] * down / rows}
        )

    def slide(self, *keys: str) -> None:
        """Move the epoch slider by the keyboard."""
        slider = self.page.locator("[class*='_epoch_'] input[type=range]")
        for key in keys:
            slider.press(key)

    def choose(self, key: str, text: str) -> None:
        """Choose from a list."""
        self.part(key).get_by_role("combobox").click()
        self.page.get_by_role("option", name=text, exact=True).click()

    def press(self, key: str, text: str) -> None:
        """Press one button of a row."""
        self.part(key).get_by_role("radio", name=text).click()

    @property
    def query(self) -> dict[str, str]:
        """The parameters in the address bar; asked of the page, since `Page.url` waits for the next event."""
        url = str(self.page.evaluate("location.href"))
        return {name: texts[0] for name, texts in parse_qs(urlsplit(url).query).items()}

    def says(self, name: str, text: str) -> None:
        """Wait until the address bar says so."""
        eventually(lambda: self.query.get(name) == text)

    @property
    def alerts(self) -> Locator:
        return self.page.get_by_test_id("stAlert")

    def places(self, *keys: str) -> list[tuple[float, float]]:
        """Where parts of the page begin and how high they are: what must not jump."""
        boxes = [self.part(key).first.bounding_box() for key in keys]
        return [(round(box["y"]), round(box["height"])) for box in boxes if box]

    def places_at_rest(self, *keys: str) -> list[tuple[float, float]]:
        """The `places` once they have been the same for half a second: a page settles in steps."""
        seen: list[list[tuple[float, float]]] = [self.places(*keys)]

        def rests() -> bool:
            self.page.wait_for_timeout(500)
            seen.append(self.places(*keys))
            return seen[-1] == seen[-2]

        eventually(rests)
        return seen[-1]

    def fits(self, width: int) -> None:
        """Wait until the content is no wider, in pixels: a chart is drawn before it knows its place."""
        eventually(lambda: self.page.evaluate("document.scrollingElement.scrollWidth") <= width)

    def rows_shown(self) -> list[int]:
        """Places of the test images that are shown as top images."""
        cards = self.page.locator(".top-images figure")
        expect(cards).to_have_count(9, timeout=COLD)
        rows: list[int] = cards.evaluate_all("cards => cards.map(it => +(it.dataset.row ?? -1))")
        return rows


def brute_top_images(
    network: models.Opened, layer: str, index: int, images: np.ndarray
) -> np.ndarray:
    """Highest output (N,) of a filter on each image, by Keras itself."""
    probe = models.keras.Model(network.model.inputs[0], network.model.get_layer(layer).output)
    maps = np.concatenate(
        [
            np.asarray(probe(images[start : start + 250] / 255))
            for start in range(0, len(images), 250)
        ]
    )
    return maps[..., index].max(axis=(1, 2))

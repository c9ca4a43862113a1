"""Make the moving pictures of the README again: `python -m bench.pictures [NAME ...]`."""

from __future__ import annotations

import argparse
import io
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, expect

from bench.app import BenchError, Server, browsing, link, order, serving, wait_for, window
from cnn_core.planning.presets import PRESETS
from cnn_core.progress.events import RunEnded, from_json

FOLDER = Path(__file__).parent.parent / "assets" / "readme"
WINDOW = 1280  # pixels; it is as high as the page needs to show what moves
WIDTH = 960  # of the picture
QUALITY = 62
MOST_BYTES = 750_000
LAST_MS = 4_000  # how long the end stays before the film begins again
LIMIT_S, LIMIT_MS = 300, 120_000

Frame = tuple[Image.Image, int]
"""What a window shows, and for how many milliseconds the film shows it."""


def playground(page: Page, server: Server) -> Iterator[Frame]:
    """A training from its first batches to its result, twice as fast as it was."""
    preset = PRESETS["textbook"]
    setup = replace(preset.train, size="sample", epochs=8)
    page.goto(f"{link(server, preset.model, setup)}&lang=en")
    expect(page.locator(".st-key-train button:enabled")).to_be_visible(timeout=LIMIT_MS)
    server.wait_until_idle()
    _rest(page)
    yield _shot(page), 1_200
    run = order(page, server)
    panel = page.locator("[class*='st-key-loss_'] canvas").first
    panel.wait_for(timeout=LIMIT_MS)
    page.mouse.move(WINDOW, 0)
    wait_for((run / "events.jsonl").exists, LIMIT_S, "the first batch")
    deadline = time.monotonic() + LIMIT_S
    while not _ended(run):
        if time.monotonic() > deadline:
            raise BenchError(f"the run did not end in {LIMIT_S} s")
        yield _shot(page), 250
        page.wait_for_timeout(350)
    page.wait_for_timeout(3_000)  # the figures of the result, and the images below the curves
    _rest(page)
    yield _shot(page), LAST_MS


def convolution(page: Page, server: Server) -> Iterator[Frame]:
    """A kernel on its way over a coat, a few rows of it."""
    page.goto(f"{server.url}/convolution?lang=en")
    stepper = page.locator(".stepper")
    stepper.locator("canvas").first.wait_for(timeout=LIMIT_MS)
    _rest(page)
    step = "(root, at) => { root.stepper.pause(); root.stepper.go(Math.floor(at / 28), at % 28); }"
    for place in range(5 * 28, 13 * 28, 3):
        stepper.evaluate(step, place)
        page.wait_for_timeout(30)
        yield _shot(page), 90


FILMS: dict[str, tuple[int, Callable[[Page, Server], Iterator[Frame]]]] = {
    "playground": (900, playground),
    "convolution": (1060, convolution),
}
"""Name: height of the window in pixels, and what to do in it."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Record the films that are named, or all of them, and write them as animated WebP."""
    parser = argparse.ArgumentParser(prog="python -m bench.pictures", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(FILMS)}")
    names = parser.parse_args(arguments).names or list(FILMS)
    if unknown := set(names) - set(FILMS):
        parser.error(f"no such picture: {', '.join(sorted(unknown))}")
    with serving() as server, browsing() as browser:
        for name in names:
            with window(browser) as page:
                height, film = FILMS[name]
                page.set_viewport_size({"width": WINDOW, "height": height})
                page.emulate_media(color_scheme="light", reduced_motion="reduce")
                _write(FOLDER / f"{name}.webp", list(film(page, server)))


def _write(path: Path, frames: list[Frame]) -> None:
    """One file; frames that show the same are one that stays longer."""
    kept: list[Frame] = []
    for picture, shown_ms in frames:
        if kept and picture == kept[-1][0]:
            kept[-1] = (picture, kept[-1][1] + shown_ms)
        else:
            kept.append((picture, shown_ms))
    pictures = [picture for picture, _ in kept]
    film = io.BytesIO()
    pictures[0].save(
        film,
        "WEBP",
        save_all=True,
        append_images=pictures[1:],
        duration=[shown_ms for _, shown_ms in kept],
        loop=0,
        quality=QUALITY,
        method=6,
        minimize_size=True,
    )
    size = film.getbuffer().nbytes
    print(f"{path.name}: {len(kept)} frames, {size / 1000:,.0f} kB", flush=True)
    if size > MOST_BYTES:
        raise BenchError(f"{path.name} is larger than {MOST_BYTES / 1000:.0f} kB")
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(film.getvalue())


def _shot(page: Page) -> Image.Image:
    image = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    return image.resize(
        (WIDTH, round(WIDTH * image.height / image.width)), Image.Resampling.LANCZOS
    )


def _rest(page: Page) -> None:
    """Wait until the server has nothing more to say."""
    state = "[data-testid='stApp'][data-test-script-state='notRunning']"
    page.locator(state).wait_for(timeout=LIMIT_MS)
    page.wait_for_timeout(500)


def _ended(run: Path) -> bool:
    lines = (run / "events.jsonl").read_text("utf-8").splitlines(keepends=True)
    return any(isinstance(from_json(line), RunEnded) for line in lines if line.endswith("\n"))


if __name__ == "__main__":
    main()

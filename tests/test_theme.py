"""Words that Streamlit fades can be read in both themes; in tables axe-core does not see them."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from cnn_core.figures.palette import READABLE, contrast

THEMES = tomllib.loads(
    (Path(__file__).parents[1] / ".streamlit" / "config.toml").read_text("utf-8")
)["theme"]
FADED = (
    0.6  # of the text's colour in the first column of a table that stays while the others scroll
)
WHITE = "#ffffff"


def channels(colour: str) -> list[int]:
    return [int(colour[place : place + 2], 16) for place in (1, 3, 5)]


def mixed(colour: str, background: str, fraction: float) -> str:
    pairs = zip(channels(colour), channels(background), strict=True)
    return "#" + "".join(
        f"{round(fraction * over + (1 - fraction) * under):02x}" for over, under in pairs
    )


@pytest.mark.parametrize("name", ["light", "dark"])
def test_faded_text_can_be_read(name: str) -> None:
    theme = THEMES[name]
    background = theme.get("backgroundColor", WHITE)
    assert contrast(mixed(theme["textColor"], background, FADED), background) >= READABLE

"""What the pad and the readings of drawings need in a browser, as plain JSON types.

The draw page and the page to take away mount the same modules, `assets/pad` and `assets/reading`.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from cnn_core.arithmetic import layer_table
from cnn_core.config import ModelConfig
from cnn_core.figures import mosaic, palette
from cnn_core.images import marks, preparation

BRUSH = 22  # of 280: digits as large as the pad then have as much ink as those of MNIST
HINTS = {"mnist": "pad.hint", "digits": "pad.hint", "fashion_mnist": "pad.hint_clothing"}
PAD_WORDS = ("canvas", "tools", "brush", "undo", "clear", "keys")
READING_WORDS = (
    "step_canvas", "step_crop", "step_scaled", "step_centred", "step_naive", "hint", "bars", "failed",
    "nothing_drawn", "touching", "as_one", "left_half", "right_half",
)  # fmt: skip

Say = Callable[..., str]
"""A text by its key, with its slots filled."""


def pad_words(say: Say, dataset: str) -> dict[str, str]:
    """The words of a pad.

    Args:
        say: The texts of the reader's language.
        dataset: What the network has learned; says what to draw.
    """
    words = {name: say(f"pad.{name}") for name in PAD_WORDS}
    words["hint"] = say(HINTS.get(dataset, "pad.hint_other"))
    words["strokes"] = say("pad.strokes", count="{count}")  # counted in the browser
    return words


def reading(say: Say, pad: str, networks: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What `assets/reading/reading.js` takes.

    Args:
        say: The texts of the reader's language.
        pad: Key of the pad.
        networks: Each as `network` describes it, with its name and address.
    """
    words = {name: say(f"draw.{name}") for name in READING_WORDS}
    words |= {"loading": say("draw.waking"), "input": say("draw.input", size="{size}")}
    words["bars_alt"] = say("draw.bars_alt", shares="{shares}")
    words["several"] = say("draw.several", count="{count}")
    words["crowded"] = say("draw.crowded", most=marks.LIMITS.most)
    words["digit_alt"] = say("draw.digit_alt", number="{number}", count="{count}")
    colours = base64.b64encode(palette.SEQUENTIAL.tobytes()).decode()
    return {
        "pad": pad,
        "networks": list(networks),
        "colours": colours,
        "words": words,
        "limits": asdict(marks.LIMITS),
    }


def network(
    say: Say, model: ModelConfig, title: str, classes: Sequence[str], dataset: str
) -> dict[str, Any]:
    """What is shown of a network beside a pad: its title, its classes and its first feature maps."""
    first = layer_table(model)[0]
    height, width, count = first.output_shape
    return {
        "title": title,
        "classes": list(classes),
        "digits": reads_digits(dataset),
        "same": [_without(say, "same", name) for name in classes],
        "other": [_without(say, "other", name) for name in classes],
        "maps": say("draw.maps", layer=first.name, count=count, height=height, width=width),
        "shape": [height, width, count],
        "columns": 8 if count % 8 == 0 else mosaic.default_columns((count, height, width)),
    }


def reads_digits(dataset: str) -> bool:
    """Whether drawings for a network that learned from it are digits, each to be read on its own."""
    return preparation.KINDS.get(dataset) == "handwriting"


def _without(say: Say, which: str, name: str) -> list[str]:
    """The sentence on the drawing as it is on the pad: the part before the name, the name, the rest."""
    return list(say(f"draw.without_{which}", name=name, share="{share}").partition(name))

"""A set-up as a Keras program that needs nothing of ConvScope: as a script and as a notebook. Text only."""

from __future__ import annotations

import json
from functools import partial

from cnn_core import texts
from cnn_core.config import ModelConfig, TrainConfig
from cnn_core.datasets import spec
from cnn_core.export.program import sections


def to_script(
    model: ModelConfig, train: TrainConfig, *, form: str = "sequential", language: str = "en"
) -> str:
    """A runnable Keras program that builds and trains this network as the app does.

    With the same seed and images, and with Keras on TensorFlow, it gives the same history up to
    rounding. It defines `model` and `history`, and writes a .keras file.

    Args:
        model: The network.
        train: How it is trained; "auto" precision is resolved for this machine.
        form: "sequential" or "functional".
        language: Language of the comments.

    Raises:
        ShapeError: If a feature map shrinks to nothing.
        ValueError: If there is no such form.
        DataError: If there is no such data set.
    """
    say = partial(texts.say, language)
    head = f'"""{_title(train, language)}\n\n{say("script.needs")}\n{say("script.promise")}\n"""'
    settings, *others = sections(model, train, form=form, language=language)
    parts = [f"# --- {section.heading} ---\n{section.code}" for section in others]
    return "\n\n\n".join([f"{head}\n\n{settings.code}", *parts]) + "\n"


def to_notebook(
    model: ModelConfig, train: TrainConfig, *, form: str = "sequential", language: str = "en"
) -> str:
    """The program of `to_script` as a Jupyter notebook (nbformat 4.5): a heading and a cell for each part.

    Raises:
        ShapeError, ValueError, DataError: As `to_script`.
    """
    say = partial(texts.say, language)
    about = f"# {_title(train, language)}\n\n{say('script.needs')}\n\n{say('script.promise')}"
    cells = [_cell("markdown", "title", about)]
    for number, section in enumerate(sections(model, train, form=form, language=language), 1):
        cells.append(_cell("markdown", f"heading-{number}", f"## {section.heading}"))
        cells.append(_cell("code", f"code-{number}", section.code))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    tree = {
        "cells": cells,
        "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(tree, ensure_ascii=False, indent=1) + "\n"


def _title(train: TrainConfig, language: str) -> str:
    return texts.say(language, "script.title", data=spec(train.dataset).title)


def _cell(kind: str, name: str, text: str) -> dict[str, object]:
    cell: dict[str, object] = {"cell_type": kind, "id": name, "metadata": {}}
    if kind == "code":
        cell |= {"execution_count": None, "outputs": []}
    return {**cell, "source": text.splitlines(keepends=True)}

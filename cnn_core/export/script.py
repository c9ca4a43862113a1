"""A set-up as a Keras program that needs nothing of ConvScope: as a script and as a notebook. Text only."""

from __future__ import annotations

import json
from functools import partial

from cnn_core import texts
from cnn_core.config import ModelConfig, TrainConfig
from cnn_core.datasets import spec
from cnn_core.export import lecture, program
from cnn_core.export.keras_calls import WIDTH, wrapped
from cnn_core.export.program import Section

LECTURE = "lecture"
FORMS = (*program.FORMS, LECTURE)


def to_script(
    model: ModelConfig,
    train: TrainConfig,
    *,
    form: str = "sequential",
    language: str = "en",
    differs: str = "",
) -> str:
    """A runnable Keras program that builds and trains this network.

    The forms "sequential" and "functional" give, with the same seed and images and with Keras on
    TensorFlow, the same history as the app up to rounding, and write a .keras file. The form "lecture"
    does every step as a lecture does, with its figures; its history is similar. All of them define
    `model` and `history`.

    Args:
        model: The network.
        train: How it is trained; "auto" precision is resolved for this machine.
        form: One of `FORMS`.
        language: Language of the comments.
        differs: Why its history is not that of the run, in that language; then it does not promise the same.

    Raises:
        ShapeError: If a feature map shrinks to nothing.
        ValueError: If there is no such form.
        DataError: If there is no such data set.
    """
    title, *about = _about(train, form, language, differs)
    lines = [line for sentence in about for line in wrapped(sentence, language)]
    head = '"""' + "\n".join([f"{title}\n", *lines]) + '\n"""'
    settings, *others = _sections(model, train, form, language)
    parts = [
        "\n".join(
            [f"# --- {section.heading} ---", *_comment(section.about, language), section.code]
        )
        for section in others
    ]
    return "\n\n\n".join([f"{head}\n\n{settings.code}", *parts]) + "\n"


def to_notebook(
    model: ModelConfig,
    train: TrainConfig,
    *,
    form: str = "sequential",
    language: str = "en",
    differs: str = "",
) -> str:
    """The program of `to_script` as a Jupyter notebook (nbformat 4.5): a heading and a cell for each part.

    Raises:
        ShapeError, ValueError, DataError: As `to_script`.
    """
    about = "\n\n".join(_about(train, form, language, differs))
    cells = [_cell("markdown", "title", f"# {about}")]
    for number, section in enumerate(_sections(model, train, form, language), 1):
        heading = "\n\n".join(filter(None, [f"## {section.heading}", section.about]))
        cells.append(_cell("markdown", f"heading-{number}", heading))
        cells.append(_cell("code", f"code-{number}", section.code))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    tree = {
        "cells": cells,
        "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(tree, ensure_ascii=False, indent=1) + "\n"


def _sections(
    model: ModelConfig, train: TrainConfig, form: str, language: str
) -> tuple[Section, ...]:
    if form not in FORMS:
        raise ValueError(f"form must be one of {', '.join(FORMS)}. Received form={form!r}.")
    if form == LECTURE:
        return tuple(lecture.cells(model, train, language=language).values())
    return program.sections(model, train, form=form, language=language)


def _about(train: TrainConfig, form: str, language: str, differs: str) -> tuple[str, str, str]:
    """Title, what the program needs, what it promises: a line each."""
    say = partial(texts.say, language)
    about = "lecture" if form == LECTURE else "script"
    title = say(f"{about}.title", data=spec(train.dataset).title)
    return title, say(f"{about}.needs"), differs or say(f"{about}.promise")


def _comment(text: str, language: str) -> list[str]:
    """The text as lines of comment."""
    return [f"# {line}" for line in wrapped(text, language, WIDTH - 2) if line]


def _cell(kind: str, name: str, text: str) -> dict[str, object]:
    cell: dict[str, object] = {"cell_type": kind, "id": name, "metadata": {}}
    if kind == "code":
        cell |= {"execution_count": None, "outputs": []}
    return {**cell, "source": text.splitlines(keepends=True)}

"""Short lessons in English and Korean, from `assets/lessons/*/*.md`: one idea, and a question to predict."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cnn_core import slots, texts

FOLDER = Path(__file__).parent.parent / "assets" / "lessons"

GROUPS: dict[str, dict[str, str]] = {
    "convolution": {
        "filter": "playground",
        "kernel": "kernels",
        "convolution": "convolution?section=flip",
        "feature_map": "feature_maps",
        "padding": "convolution?section=slide",
        "stride": "convolution?section=slide",
        "activation": "playground",
        "pooling": "convolution?section=pool",
        "receptive_field": "convolution?section=stack",
    },
    "head": {
        "flatten": "feature_maps",
        "dense": "playground",
        "dropout": "playground",
        "softmax": "feature_maps",
        "parameters": "playground",
        "initialization": "kernels",
        "functional": "feature_maps",
    },
    "training": {
        "compile": "playground",
        "loss": "playground",
        "optimizer": "playground",
        "learning_rate": "playground",
        "epoch": "playground",
        "history": "playground",
    },
    "judging": {
        "validation": "evaluation",
        "overfitting": "playground",
        "early_stopping": "playground",
        "checkpoint": "playground",
        "confusion_matrix": "evaluation",
    },
}
"""Every lesson with the page that shows it, and where on it, in the order in which one learns them."""

LESSONS: dict[str, str] = {name: page for group in GROUPS.values() for name, page in group.items()}

_GIVEN = re.compile(r"<!-- given: (.+?) -->\n")
_FILE = re.compile(
    r"# (?P<title>.+?)\n+> (?P<definition>.+?)\n\n(?P<body>.+?)\n\n## (?P<question>.+?)\n\n"
    r"(?P<options>(?:- \[[ x]\] .+?\n)+)\n(?P<answer>.+)",
    re.DOTALL,
)
_OPTION = re.compile(r"- \[([ x])\] (.+)")


@dataclass(frozen=True, slots=True)
class Lesson:
    """One idea. All texts are Markdown, with every number reckoned.

    Attributes:
        name: Key in `LESSONS`.
        title: The term.
        definition: One sentence.
        body: Some paragraphs, perhaps with a line of Keras.
        question: What to predict.
        options: Two to four answers to choose from.
        right: Index of the one that is right.
        answer: Why it is.
    """

    name: str
    title: str
    definition: str
    body: str
    question: str
    options: tuple[str, ...]
    right: int
    answer: str


@cache
def read(language: str, name: str) -> Lesson:
    """The lesson of that name.

    Raises:
        KeyError: If there is no such lesson, or not in that language.
        ValueError: If its file is not built like a lesson.
    """
    if language not in texts.LANGUAGES or name not in LESSONS:
        raise KeyError(f"{language}/{name}")
    return parse(name, (FOLDER / language / f"{name}.md").read_text("utf-8"))


def parse(name: str, source: str) -> Lesson:
    """A lesson from its file: heading, definition as a quotation, body, question, choices, answer.

    `<!-- given: a = 2, b = 1 -->` above names the numbers of an example, for its slots.

    Raises:
        ValueError: If it is built in another way, or not exactly one choice is right.
    """
    given = {key: float(value) if "." in value else int(value) for key, value in given_in(source)}
    found = _FILE.fullmatch(slots.fill(_GIVEN.sub("", source), given).strip())
    if found is None:
        raise ValueError(f"The lesson {name} is not built like one.")
    choices = _OPTION.findall(found["options"])
    right = [index for index, (mark, _) in enumerate(choices) if mark == "x"]
    if len(right) != 1 or not 2 <= len(choices) <= 4:
        raise ValueError(f"The lesson {name} needs two to four choices, one of them right.")
    words = {key: found[key] for key in ("title", "definition", "body", "question", "answer")}
    return Lesson(name, options=tuple(text for _, text in choices), right=right[0], **words)


def given_in(source: str) -> list[tuple[str, str]]:
    """Names and numbers that the file of a lesson gives for its example."""
    found = _GIVEN.match(source)
    pairs = found[1].split(", ") if found else []
    return [(pair.split(" = ")[0], pair.split(" = ")[1]) for pair in pairs]

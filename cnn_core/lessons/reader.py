"""Short lessons in English and Korean, from `assets/lessons/*/*.md`: one idea, and a question to predict."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from hashlib import sha256

from cnn_core import texts
from cnn_core.lessons import formulas
from cnn_core.paths import ASSETS

FOLDER = ASSETS / "lessons"

GROUPS: dict[str, dict[str, str]] = {
    "convolution": {
        "filter": "playground",
        "kernel": "kernels",
        "convolution": "convolution?section=flip",
        "feature_map": "feature_maps",
        "padding": "convolution?section=slide",
        "stride": "convolution?section=slide",
        "activation": "playground",
        "activation_functions": "playground",
        "pooling": "convolution?section=pool",
        "more_filters": "playground",
        "receptive_field": "convolution?section=stack",
    },
    "head": {
        "flatten": "feature_maps",
        "dense": "playground",
        "dropout": "playground",
        "softmax": "feature_maps",
        "parameters": "playground",
        "summary": "playground",
        "initialization": "kernels",
        "functional": "feature_maps",
    },
    "training": {
        "compile": "playground",
        "loss": "playground",
        "gradient": "training_step",
        "backpropagation": "training_step",
        "optimizer": "playground",
        "learning_rate": "playground",
        "schedule": "playground",
        "epoch": "playground",
        "history": "playground",
    },
    "judging": {
        "splitting": "evaluation",
        "validation": "evaluation",
        "evaluate_predict": "evaluation",
        "overfitting": "playground",
        "early_stopping": "playground",
        "checkpoint": "playground",
        "confusion_matrix": "evaluation",
        "attribution": "explain",
    },
}
"""Every lesson with the page that shows it, and where on it, in the order in which one learns them."""

LESSONS: dict[str, str] = {name: page for group in GROUPS.values() for name, page in group.items()}

_GIVEN = re.compile(r"<!-- given: (.+?) -->\n")
_ALSO = re.compile(r"<!-- also: (.+?) -->\n")
_FILE = re.compile(
    r"# (?P<title>.+?)\n+> (?P<definition>.+?)\n\n(?P<body>.+?)\n\n## (?P<question>.+?)\n\n"
    r"(?P<options>(?:- \[[ x]\] .+?\n)+)\n(?P<answer>.+)",
    re.DOTALL,
)
_OPTION = re.compile(r"- \[(?P<mark>[ x])\] (?P<text>.+)(?:\n  (?P<reason>.+))?")


@dataclass(frozen=True, slots=True)
class Lesson:
    """One idea. All texts are Markdown, with every number calculated.

    Attributes:
        name: Key in `LESSONS`.
        title: The term.
        definition: One sentence.
        body: Some paragraphs, perhaps with a line of Keras.
        question: What to predict.
        options: Two to four choices, in an order that depends on the name alone.
        reasons: For each option one sentence on why it is wrong; empty for the correct one.
        right: Index of the correct option.
        answer: Why it is correct.
        synonyms: Other words for the term, and words that lead to it.
    """

    name: str
    title: str
    definition: str
    body: str
    question: str
    options: tuple[str, ...]
    reasons: tuple[str, ...]
    right: int
    answer: str
    synonyms: tuple[str, ...] = ()


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

    `<!-- given: a = 2, b = 1 -->` above names the numbers of an example, for its slots, and
    `<!-- also: words, and more -->` synonyms. A line below a wrong choice says why it is wrong.

    Raises:
        ValueError: If it is built in another way, or not exactly one choice is correct, or a wrong
            choice has no reason.
    """
    given = {key: float(value) if "." in value else int(value) for key, value in given_in(source)}
    also = _ALSO.search(source)
    plain = _ALSO.sub("", _GIVEN.sub("", source))
    match = _FILE.fullmatch(formulas.fill(plain, given).strip())
    if match is None:
        raise ValueError(f"The lesson {name} is not built like one.")
    options = list(_OPTION.finditer(match["options"]))
    correct = [choice["text"] for choice in options if choice["mark"] == "x"]
    if len(correct) != 1 or not 2 <= len(options) <= 4:
        raise ValueError(f"The lesson {name} needs two to four choices, one of them correct.")
    if any((choice["reason"] is None) == (choice["mark"] == " ") for choice in options):
        raise ValueError(
            f"The lesson {name} needs a reason below each wrong choice, and only there."
        )
    shuffled = [options[place] for place in order(name, len(options))]
    fields = {key: match[key] for key in ("title", "definition", "body", "question", "answer")}
    return Lesson(
        name,
        options=tuple(choice["text"] for choice in shuffled),
        reasons=tuple(choice["reason"] or "" for choice in shuffled),
        right=[choice["mark"] for choice in shuffled].index("x"),
        synonyms=tuple(also[1].split(", ")) if also else (),
        **fields,
    )


def order(name: str, count: int) -> list[int]:
    """The places of a lesson's choices in its file, shuffled: always alike, in every language."""
    return sorted(range(count), key=lambda place: sha256(f"{name}-{place}".encode()).digest())


def given_in(source: str) -> list[tuple[str, str]]:
    """Names and numbers that a lesson's file gives for its example, as written."""
    match = _GIVEN.match(source)
    pairs = match[1].split(", ") if match else []
    return [(pair.split(" = ")[0], pair.split(" = ")[1]) for pair in pairs]

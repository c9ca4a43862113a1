"""A sweep as one HTML file that needs nothing else: plain data in, text out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from cnn_core import texts
from cnn_core.figures.sweeps import Point
from cnn_core.markup import fill_file
from cnn_core.paths import ASSETS

TEMPLATE, STYLE = "sweep-report.html.jinja", "report.css"
WIDTH, HEIGHT, LEFT, BELOW = 640, 260, 52, 36  # pixels of the drawing and its margins


@dataclass(frozen=True, slots=True)
class Facts:
    """What the report tells; every text in the reader's language.

    Attributes:
        title: What the sweep is called.
        made: When it was begun.
        plan: What it did, in a sentence.
        best: The best trial, in a sentence; **bold** as in Markdown.
        luck: How much of its lead is luck; empty if unknown.
        columns: Heads of the table of trials.
        rows: Its cells.
        points: The complete trials.
        trials: Trials that were planned.
        script: The Keras program of the best; empty if there is none.
    """

    title: str
    made: str
    plan: str
    best: str
    luck: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    points: Sequence[Point]
    trials: int
    script: str = ""


def to_html(facts: Facts, language: str) -> str:
    """The report: plan, best trial, history of the trials, their table, the Keras program of the best."""
    return fill_file(
        TEMPLATE,
        facts=facts,
        language=language,
        say=lambda key: texts.say(language, key),
        history=Markup(_history(facts, language)),
        style=Markup((ASSETS / STYLE).read_text(encoding="utf-8")),
    )


def _history(facts: Facts, language: str) -> str:
    """Accuracy of every complete trial and the best so far, as SVG in the colour of the text."""
    accuracies = [point.accuracy for point in facts.points]
    low, high = min(accuracies, default=0.0), max(accuracies, default=1.0)
    room = (high - low) or 1.0

    def place(point: int, accuracy: float) -> tuple[float, float]:
        x = LEFT + (WIDTH - LEFT - 10) * point / max(1, facts.trials)
        return round(x, 1), round(
            HEIGHT - BELOW - (HEIGHT - BELOW - 16) * (accuracy - low) / room, 1
        )

    dots: list[str] = []
    steps: list[str] = []
    best = 0.0
    for point in facts.points:
        x, y = place(point.place, point.accuracy)
        dots.append(f'<circle cx="{x}" cy="{y}" r="4" fill="#c75300"/>')
        best = max(best, point.accuracy)
        y = place(point.place, best)[1]
        steps.append(f"M{x} {y}" if not steps else f"H{x}V{y}")
    say = texts.table(language)
    label = escape(f"{say['sweep_chart.history']}: {low:.2%} – {high:.2%}")
    ends = "".join(
        f'<text x="0" y="{place(0, value)[1] + 4}" font-size="12" fill="currentColor">{value:.1%}</text>'
        for value in dict.fromkeys((low, high))
    )
    below = escape(say["sweep_chart.trial"])
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}" width="100%">{ends}'
        f'<path d="{"".join(steps)}" fill="none" stroke="#0067b1" stroke-width="2"/>{"".join(dots)}'
        f'<text x="{WIDTH / 2}" y="{HEIGHT - 6}" font-size="12" fill="currentColor">{below}</text></svg>'
    )

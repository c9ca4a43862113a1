"""A run as one HTML file that needs nothing else, to read, print and keep: plain data in, text out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy.typing as npt
from markupsafe import Markup

from cnn_core import texts
from cnn_core.analysis import evaluation
from cnn_core.analysis import kernels as weights
from cnn_core.analysis.evaluation import Integers, Predictions
from cnn_core.arithmetic import layer_table, totals
from cnn_core.config import ModelConfig, TrainConfig
from cnn_core.figures import kernels as kernel_figures
from cnn_core.figures.architecture import DiagramWords, architecture_svg
from cnn_core.figures.curves import CurveWords
from cnn_core.figures.legend import legend, number, uri
from cnn_core.figures.still_curves import curve_svg
from cnn_core.markup import bold, fill_file
from cnn_core.paths import ASSETS
from cnn_core.progress.history import History

TEMPLATE, STYLE = "report.html.jinja", "report.css"  # in the folder of assets
FREQUENT = 3  # mistakes that are named
DEEP = 0.8  # opacity of a cell from which on its number is white

Array = npt.NDArray[Any]
Pair = tuple[Array, Array]
Values = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Facts:
    """What a report tells.

    Attributes:
        title: The run in one line.
        made: When it was trained, such as "2026-01-31 14:25".
        story: How it ended, a sentence in the reader's language; **bold** as in Markdown.
        model: The network.
        train: How it was trained.
        history: Its figures.
        names: Of the classes, in the reader's language.
        kernels: Of each convolution, by name: kernels (kh, kw, c_in, c_out) untrained and kept.
        epoch: The epoch whose weights were kept.
        predictions: What the network says of the test images; None if it could not be asked.
        missing: Why it could not be asked, a sentence.
        script: The Keras program of the run.
    """

    title: str
    made: str
    story: str
    model: ModelConfig
    train: TrainConfig
    history: History
    names: Sequence[str]
    kernels: Mapping[str, Pair]
    epoch: int
    predictions: Predictions | None
    missing: str
    script: str


def to_html(facts: Facts, language: str) -> str:
    """The report: settings, layers, curves, confusion matrix and kernels, every picture inside it."""
    page = _Page(facts, language, texts.table(language))
    ended = facts.history.ended
    return fill_file(
        TEMPLATE,
        facts=facts,
        language=language,
        say=page.text,
        style=Markup((ASSETS / STYLE).read_text(encoding="utf-8")),
        scores=ended.scores if ended is not None else {},
        began=facts.history.started,
        settings=page.settings(),
        answers=page.answers(),
        kernels=list(page.kernels()),
        **page.network(),
        **page.curves(),
    )


@dataclass(frozen=True, slots=True)
class _Page:
    """What the template shows; only the pictures and `text` are HTML."""

    facts: Facts
    language: str
    table: Mapping[str, str]

    def text(self, key: str, **slots: object) -> Markup:
        """A text, escaped, with its **bold** words bold."""
        return bold(texts.fill(self.table[key], **slots))

    def heads(self, section: str, names: Sequence[str]) -> list[Markup]:
        return [self.text(f"{section}{name}") for name in names]

    def network(self) -> Values:
        model = self.facts.model
        rows = layer_table(model)
        diagram = architecture_svg(rows, model.input_shape, words=DiagramWords.of(self.table))
        cells = [
            (
                row.name,
                "×".join(f"{side:,}" for side in row.output_shape),
                f"{row.params:,}",
                row.formula,
                row.size_formula,
                f"{row.receptive_field}×{row.receptive_field}" if row.receptive_field else "",
            )
            for row in rows
        ]
        names = ("layer", "output", "params", "formula", "size", "field")
        return {
            "diagram": Markup(diagram),
            "layers": {"heads": self.heads("table.", names), "rows": cells},
            "totals": totals(rows),
        }

    def settings(self) -> dict[str, str]:
        train = self.facts.train
        values = {field.name: getattr(train, field.name) for field in fields(train)}
        values = {name: value for name, value in values.items() if value is not None}
        values |= {"dropout": self.facts.model.dropout}
        return {name: self._value(name, value) for name, value in values.items()}

    def _value(self, name: str, value: object) -> str:
        key = f"dataset.{value}.label" if name == "dataset" else f"choice.{name}.{value}"
        return self.table.get(key, f"{value}")

    def curves(self) -> Values:
        history = self.facts.history
        drawn = {
            measure: Markup(curve_svg(history, measure, words=CurveWords.of(self.table, measure)))
            for measure in ("loss", "accuracy")
        }
        cells = [
            (
                f"{end.epoch}{' ★' if end is history.best else ''}{'' if end.complete else ' …'}",
                f"{end.loss:.4f}",
                f"{end.accuracy:.2%}",
                f"{end.val_loss:.4f}",
                f"{end.val_accuracy:.2%}",
                f"{end.learning_rate:.3g}",
                f"{end.seconds:.1f}",
            )
            for end in history.epochs
        ]
        names = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy", "rate", "seconds")
        return {
            "curves": drawn,
            "epochs": {"heads": self.heads("report.column_", names), "rows": cells},
        }

    def answers(self) -> Values | None:
        predictions, names = self.facts.predictions, self.facts.names
        if predictions is None:
            return None
        matrix = evaluation.confusion(predictions.labels, predictions.predicted, len(names))
        total, right = len(predictions.labels), predictions.correct
        per_class = evaluation.per_class(matrix)
        cells = [
            (name, f"{precision:.3f}", f"{recall:.3f}", f"{f1:.3f}", f"{support:,}")
            for name, precision, recall, f1, support in zip(names, *per_class, strict=True)
        ]
        heads = ("class", "class_precision", "class_recall", "class_f1", "class_support")
        return {
            "right": {
                "share": f"{right / max(1, total):.2%}",
                "right": f"{right:,}",
                "total": f"{total:,}",
            },
            "worst": [
                {"true": names[true], "predicted": names[predicted], "count": f"{count:,}"}
                for true, predicted, count in evaluation.top_confusions(matrix, FREQUENT)
            ],
            "note": self._other_figures(predictions),
            "confusion": [
                (name, list(_cells(counts, row)))
                for row, (name, counts) in enumerate(zip(names, matrix, strict=True))
            ],
            "classes": {"heads": self.heads("evaluation.", heads), "rows": cells},
        }

    def _other_figures(self, predictions: Predictions) -> str:
        """Why these figures may differ from those at the top; empty where they do not."""
        total, ended = len(predictions.labels), self.facts.history.ended
        score = ended.scores.get("test") if ended else None
        if predictions.size != self.facts.train.size:
            words = {"part": self.table["evaluation.part_of.test"], "total": f"{total:,}"}
            return self.text("evaluation.sample", **words)
        if score and round(score.accuracy * total) != predictions.correct:
            return self.text("evaluation.precision")
        return ""

    def kernels(self) -> Iterator[Values]:
        before_words = self.table["kernels.untrained"]
        kept_words = texts.fill(self.table["kernels.after"], epoch=self.facts.epoch)
        for layer, pair in self.facts.kernels.items():
            before, kept = (weights.channel_view(kernel, None) for kernel in pair)
            reach = max(map(kernel_figures.largest, (before, kept))) or 1.0
            yield {
                "name": layer,
                "shape": "×".join(map(str, pair[0].shape)),
                "legend": legend("diverging", number(-reach), number(reach), middle="0"),
                "pictures": [
                    self._mosaic(layer, before, reach, before_words),
                    self._mosaic(layer, kept, reach, kept_words),
                ],
            }

    def _mosaic(self, layer: str, pictures: Array, reach: float, words: str) -> Values:
        slots = {"count": len(pictures), "layer": layer, "what": words}
        return {
            "alt": self.text("kernels.alt", **slots),
            "source": uri(kernel_figures.kernel_mosaic(pictures, reach)),
            "words": words,
        }


def _cells(counts: Integers, row: int) -> Iterator[Values]:
    """A row of the confusion matrix; a cell is the darker the larger its share of the row."""
    fractions = evaluation.row_shares(counts[None])[0]
    for column, (count, share) in enumerate(zip(counts.tolist(), fractions.tolist(), strict=True)):
        depth = share**0.5
        kind = ("right" if row == column else "wrong") + (" deep" if depth > DEEP else "")
        yield {"count": count, "depth": depth, "kind": kind}

"""A run as one HTML file that needs nothing else, to read, print and keep: plain data in, text out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from html import escape
from typing import Any

import numpy.typing as npt

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
from cnn_core.paths import ASSETS
from cnn_core.progress.history import History

STYLE = ASSETS / "report.css"
FREQUENT = 3  # mistakes that are named
DEEP = 0.8  # opacity of a cell from which on its number is white
BOLD = re.compile(r"\*\*(.+?)\*\*")

Array = npt.NDArray[Any]
Pair = tuple[Array, Array]


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
    parts = {
        "network": page.network(),
        "settings": page.settings(),
        "curves": page.curves(),
        "evaluation": page.answers(),
        "kernels": page.kernels(),
        "program": page.program(),
    }
    body = "".join(
        f"<section id={name}><h2>{page.say(name)}</h2>{''.join(part)}</section>"
        for name, part in parts.items()
    )
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(facts.title)} – ConvScope</title>"
        f"<style>{STYLE.read_text(encoding='utf-8')}</style></head><body><main>"
        f"{''.join(page.head())}{body}<footer>{page.say('footer')}</footer></main></body></html>\n"
    )


@dataclass(frozen=True, slots=True)
class _Page:
    """Writes each part; what words say is escaped."""

    facts: Facts
    language: str
    table: Mapping[str, str]

    def say(self, key: str, **slots: object) -> str:
        """A text of the section "report"."""
        return self.text(f"report.{key}", **slots)

    def text(self, key: str, **slots: object) -> str:
        """A text, escaped, with its **bold** words bold."""
        return _bold(texts.fill(self.table[key], **slots))

    def head(self) -> Iterator[str]:
        yield f"<header><h1>{escape(self.facts.title)}</h1>"
        yield f'<p class="quiet">{self.say("made", when=self.facts.made)}</p>'
        yield f"<p>{_bold(self.facts.story)}</p>"
        ended = self.facts.history.ended
        if ended is not None and ended.scores:
            yield '<dl class="scores">'
            for part, score in ended.scores.items():
                loss = self.text("score.loss", loss=f"{score.loss:.4f}")
                yield f"<div><dt>{self.text(f'score.{part}')}</dt>"
                yield f"<dd><b>{score.accuracy:.2%}</b> {loss}</dd></div>"
            yield "</dl>"
        yield "</header>"

    def network(self) -> Iterator[str]:
        model = self.facts.model
        rows = layer_table(model)
        words = DiagramWords.of(self.table)
        yield architecture_svg(rows, model.input_shape, words=words)
        sums = totals(rows)
        heads = ("layer", "output", "params", "formula", "size", "field")
        cells = (
            (
                row.name,
                "×".join(f"{side:,}" for side in row.output_shape),
                f"{row.params:,}",
                row.formula,
                row.size_formula,
                f"{row.receptive_field}×{row.receptive_field}" if row.receptive_field else "",
            )
            for row in rows
        )
        yield _table([self.text(f"table.{head}") for head in heads], cells, "layers")
        yield f"<p>{self.text('totals.params')}: <b>{sums.params:,}</b>. "
        yield f"{self.text('totals.multiplications')}: <b>{sums.multiplications:,}</b>.</p>"

    def settings(self) -> Iterator[str]:
        train = self.facts.train
        values = {field.name: getattr(train, field.name) for field in fields(train)}
        if values["train_size"] is None:
            del values["train_size"]
        values |= {"dropout": self.facts.model.dropout}
        pairs = (
            f"<div><dt>{self.text(f'field.{name}')}</dt><dd>{self._value(name, value)}</dd></div>"
            for name, value in values.items()
        )
        yield f'<dl class="settings">{"".join(pairs)}</dl>'
        began = self.facts.history.started
        if began is not None:
            words = {"images": f"{began.images:,}", "precision": began.precision}
            yield f"<p>{self.say('began', **words)}</p>"
        for change in self.facts.history.learning_rates:
            rate = f"{change.learning_rate:g}"
            yield f"<p>{self.say('rate_changed', epoch=change.epoch, rate=rate)}</p>"

    def _value(self, name: str, value: object) -> str:
        key = f"dataset.{value}.label" if name == "dataset" else f"choice.{name}.{value}"
        return escape(self.table.get(key, f"{value}"))

    def curves(self) -> Iterator[str]:
        history = self.facts.history
        yield '<div class="pair">'
        yield curve_svg(history, "loss", words=CurveWords.of(self.table, "loss"))
        yield curve_svg(history, "accuracy", words=CurveWords.of(self.table, "accuracy"))
        yield "</div>"
        columns = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy", "rate", "seconds")
        best = history.best
        cells = (
            (
                f"{end.epoch}{' ★' if end is best else ''}{'' if end.complete else ' …'}",
                f"{end.loss:.4f}",
                f"{end.accuracy:.2%}",
                f"{end.val_loss:.4f}",
                f"{end.val_accuracy:.2%}",
                f"{end.learning_rate:.3g}",
                f"{end.seconds:.1f}",
            )
            for end in history.epochs
        )
        yield _table([self.say(f"column_{name}") for name in columns], cells, "epochs")
        yield f'<p class="quiet">{self.say("epochs_note")}</p>'

    def answers(self) -> Iterator[str]:
        found = self.facts.predictions
        if found is None:
            yield f'<p class="missing">{self.say("no_answer")} {escape(self.facts.missing)}</p>'
            return
        names = self.facts.names
        matrix = evaluation.confusion(found.labels, found.predicted, len(names))
        total, right = len(found.labels), found.correct
        slots = {"right": f"{right:,}", "total": f"{total:,}"}
        yield f"<p>{self.say('right', share=f'{right / max(1, total):.2%}', **slots)}"
        for true, predicted, count in evaluation.top_confusions(matrix, FREQUENT):
            words = {"true": names[true], "predicted": names[predicted], "count": f"{count:,}"}
            yield f" {self.text('confusion.worst', **words)}."
        yield "</p>"
        yield from self._other_figures(found)
        yield self._confusion(matrix)
        per_class = evaluation.per_class(matrix)
        heads = ("class", "class_precision", "class_recall", "class_f1", "class_support")
        cells = (
            (name, f"{precision:.3f}", f"{recall:.3f}", f"{f1:.3f}", f"{support:,}")
            for name, precision, recall, f1, support in zip(names, *per_class, strict=True)
        )
        yield _table([self.text(f"evaluation.{head}") for head in heads], cells, "classes")

    def _other_figures(self, found: Predictions) -> Iterator[str]:
        """Why these figures may differ from those at the top."""
        total, ended = len(found.labels), self.facts.history.ended
        score = ended.scores.get("test") if ended else None
        if found.size != self.facts.train.size:
            words = {"part": self.text("evaluation.part_of.test"), "total": f"{total:,}"}
            yield f'<p class="quiet">{self.text("evaluation.sample", **words)}</p>'
        elif score and round(score.accuracy * total) != found.correct:
            yield f'<p class="quiet">{self.text("evaluation.precision")}</p>'

    def _confusion(self, matrix: Integers) -> str:
        names = [escape(name) for name in self.facts.names]
        heads = "".join(f'<th scope="col"><span>{name}</span></th>' for name in names)
        shares = evaluation.row_shares(matrix)
        lines = []
        for row, name in enumerate(names):
            cells = "".join(
                _cell(int(count), float(share), right=row == column)
                for column, (count, share) in enumerate(zip(matrix[row], shares[row], strict=True))
            )
            lines.append(f'<tr><th scope="row">{name}</th>{cells}</tr>')
        corner = f"{self.text('confusion.true')} ↓<br>{self.text('confusion.predicted')} →"
        return (
            f'<table class="confusion"><caption>{self.text("confusion.title")}</caption>'
            f"<thead><tr><th>{corner}</th>{heads}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
        )

    def kernels(self) -> Iterator[str]:
        if not self.facts.kernels:
            yield f"<p>{self.text('feature_maps.no_kernel')}</p>"
            return
        yield f"<p>{self.say('kernels_note')}</p>"
        after = self.text("kernels.after", epoch=self.facts.epoch)
        for layer, pair in self.facts.kernels.items():
            before, kept = (weights.channel_view(kernel, None) for kernel in pair)
            reach = max(map(kernel_figures.largest, (before, kept))) or 1.0
            shape = "×".join(map(str, pair[0].shape))
            yield f"<h3>{layer} <small>{shape}</small></h3>"
            yield f"{legend('diverging', number(-reach), number(reach), middle='0')}"
            yield '<div class="pair">'
            for pictures, words in ((before, self.text("kernels.untrained")), (kept, after)):
                png = kernel_figures.kernel_mosaic(pictures, reach)
                slots = {"count": len(pictures), "layer": layer, "what": words}
                alt = self.text("kernels.alt", **slots)
                yield f'<figure><img alt="{alt}" src="{uri(png)}"><figcaption>{words}</figcaption></figure>'
            yield "</div>"

    def program(self) -> Iterator[str]:
        yield f"<details><summary>{self.say('program_note')}</summary>"
        yield f"<pre><code>{escape(self.facts.script)}</code></pre></details>"


def _bold(text: str) -> str:
    return BOLD.sub(r"<b>\1</b>", escape(text))


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], kind: str) -> str:
    """A table; `heads` are HTML, cells are escaped."""
    top = "".join(f'<th scope="col">{head}</th>' for head in heads)
    lines = (f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return (
        f'<div class="scroll"><table class="{kind}"><thead><tr>{top}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def _cell(count: int, share: float, *, right: bool) -> str:
    """A cell of the confusion matrix, the darker the larger its share of the row."""
    opacity = share**0.5
    kind = ("right" if right else "wrong") + (" deep" if opacity > DEEP else "")
    return f'<td class="{kind}" style="--share:{opacity:.3f}">{count or "·"}</td>'

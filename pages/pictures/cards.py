"""Images with what a network says to them, as cards and as table rows; each leads to its feature maps."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import urlencode

import numpy as np
import streamlit as st

from cnn_core import runs
from cnn_core.analysis.evaluation import Predictions
from cnn_core.errors import CnnError
from cnn_core.figures import mosaic, palette
from cnn_core.figures.legend import percent
from cnn_core.paths import ASSETS
from pages.network import answers as _answers
from pages.session.doors import colours
from pages.session.words import language, say_error, t

STYLE = ASSETS / "evaluation.css"
ZOOM = 3


@dataclass(frozen=True)
class Answers:
    """What a run's network says of a part of its data.

    Attributes:
        run: The run.
        part: "train", "val" or "test".
        found: Probabilities and labels of the whole part.
        names: Class names in the visitor's language.
    """

    run: runs.Run
    part: str
    predictions: Predictions
    names: Sequence[str]

    @property
    def part_word(self) -> str:
        """The part in words, as in "test images"."""
        return t(f"evaluation.part_of.{self.part}")


def paged(answers: Answers, rows: np.ndarray, key: str, size: int) -> None:
    """Cards of the images at those places, `size` at a time."""
    cards = st.container()
    pages = -(-len(rows) // size)
    page = st.pagination(pages, key=f"page_{key}", max_visible_pages=5) if pages > 1 else 1
    page_rows = rows[(page - 1) * size : page * size]
    with cards:
        images = _images(answers, page_rows)
        if images is not None:
            st.html(_cards(answers, page_rows, images))


def table(answers: Answers, rows: np.ndarray) -> None:
    """A row for each of the images at those places, with every class's probability in percent."""
    images = _images(answers, rows)
    if images is not None:
        st.html(_table(answers, rows, images))


def _images(answers: Answers, rows: np.ndarray) -> np.ndarray | None:
    """The images, or a sentence why they are not to be had and None."""
    try:
        return _answers.images(answers.run, answers.part, rows.tolist())
    except CnnError as error:
        st.warning(say_error(error), icon=":material/hourglass_top:")
        return None


def _cards(answers: Answers, rows: np.ndarray, images: np.ndarray) -> str:
    predictions, names, cards = answers.predictions, answers.names, []
    for row, image in zip(rows.tolist(), images, strict=True):
        truth, guess = int(predictions.labels[row]), int(predictions.predicted[row])
        share, right = float(predictions.confidence[row]), truth == guess
        verdict = t("examples.right") if right else t("evaluation.really", truth=names[truth])
        cards.append(
            f'<figure class="card {"right" if right else "wrong"}" data-row="{row}">'
            f"{_linked_picture(answers, row, image)}<figcaption><b>{escape(names[guess])}</b>"
            f'<span class="bar"><i style="width:{share:.1%}"></i></span>'
            f'<span class="share">{escape(percent(share))}</span>'
            f'<span class="verdict">{"✓" if right else "✗"} {escape(verdict)}</span>'
            f"</figcaption></figure>"
        )
    return f'<div class="cards mosaic">{"".join(cards)}</div>'


def _table(answers: Answers, rows: np.ndarray, images: np.ndarray) -> str:
    predictions, names, lines = answers.predictions, answers.names, []
    red, green, blue = palette.rgb(colours().training)
    for row, image in zip(rows.tolist(), images, strict=True):
        truth, guess = int(predictions.labels[row]), int(predictions.predicted[row])
        cells = "".join(
            f'<td class="{"guess" if place == guess else "little" if value < 0.0005 else ""}" '
            f'style="background:rgba({red},{green},{blue},{0.6 * value:.3f})">{value * 100:.1f}</td>'
            for place, value in enumerate(predictions.probabilities[row].tolist())
        )
        lines.append(
            f'<tr data-row="{row}"><td>{_linked_picture(answers, row, image)}</td>'
            f'<td class="label">{escape(names[truth])}</td>'
            f'<td class="label">{"✓" if truth == guess else "✗"} {escape(names[guess])}</td>{cells}</tr>'
        )
    heads = [t(f"evaluation.first_{name}") for name in ("image", "label", "guess")]
    head = "".join(f'<th scope="col" class="label">{escape(name)}</th>' for name in heads)
    head += "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
    body = "".join(lines)
    return (
        f'<div class="predictions"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _linked_picture(answers: Answers, row: int, image: np.ndarray) -> str:
    """The image, one click away from its feature maps."""
    predictions, names = answers.predictions, answers.names
    alt = t(
        "evaluation.card_alt",
        row=row,
        truth=names[predictions.labels[row]],
        guess=names[predictions.predicted[row]],
        share=percent(predictions.confidence[row]),
    )
    query = {"run": answers.run.id, "part": answers.part, "index": row, "lang": language()}
    picture = base64.b64encode(mosaic.image_png(image, zoom=ZOOM)).decode()
    return (
        f'<a href="feature_maps?{escape(urlencode(query))}" title="{escape(t("evaluation.maps"))}">'
        f'<img alt="{escape(alt)}" src="data:image/png;base64,{picture}"></a>'
    )

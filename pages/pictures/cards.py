"""Images with what a network says to them, as cards and as table rows; each leads to its feature maps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

import numpy as np
import streamlit as st
from markupsafe import Markup

from cnn_core import runs
from cnn_core.analysis.evaluation import Predictions
from cnn_core.errors import CnnError
from cnn_core.figures import mosaic, palette
from cnn_core.figures.legend import percent, uri
from cnn_core.markup import fill
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


def paged(
    answers: Answers,
    rows: np.ndarray,
    key: str,
    size: int,
    number: int = 1,
    on_page: Callable[[int], object] = lambda number: None,
) -> None:
    """Cards of the images at those places, `size` at a time.

    Args:
        answers: What the network says.
        rows: Places of the images.
        key: Another key for other images.
        size: How many are shown at a time.
        number: The page to show, from 1.
        on_page: Called with another page before the next run.
    """
    cards = st.container()
    pages = -(-len(rows) // size)
    page = min(max(1, number), max(1, pages))
    if pages > 1:
        st.session_state[f"page_{key}"] = page
        st.pagination(
            pages, key=f"page_{key}", max_visible_pages=5,
            on_change=lambda: on_page(int(st.session_state[f"page_{key}"])),
        )  # fmt: skip
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


def _cards(answers: Answers, rows: np.ndarray, images: np.ndarray) -> Markup:
    predictions, names, cards = answers.predictions, answers.names, []
    for row, image in zip(rows.tolist(), images, strict=True):
        truth, guess = int(predictions.labels[row]), int(predictions.predicted[row])
        share, right = float(predictions.confidence[row]), truth == guess
        verdict = t("examples.right") if right else t("evaluation.really", truth=names[truth])
        cards.append(
            fill(
                '<figure class="card {{ "right" if right else "wrong" }}" data-row="{{ row }}">'
                "{{ picture }}<figcaption><b>{{ name }}</b>"
                '<span class="bar"><i style="width:{{ width }}"></i></span>'
                '<span class="share">{{ share }}</span>'
                '<span class="verdict">{{ "✓" if right else "✗" }} {{ verdict }}</span>'
                "</figcaption></figure>",
                right=right,
                row=row,
                picture=_linked_picture(answers, row, image),
                name=names[guess],
                width=f"{share:.1%}",
                share=percent(share),
                verdict=verdict,
            )
        )
    return fill('<div class="cards mosaic">{{ cards|join }}</div>', cards=cards)


def _table(answers: Answers, rows: np.ndarray, images: np.ndarray) -> Markup:
    predictions, names, lines = answers.predictions, answers.names, []
    red, green, blue = palette.rgb(colours().training)
    for row, image in zip(rows.tolist(), images, strict=True):
        truth, guess = int(predictions.labels[row]), int(predictions.predicted[row])
        cells = [
            (
                "guess" if place == guess else "little" if value < 0.0005 else "",
                f"rgba({red},{green},{blue},{0.6 * value:.3f})",
                f"{value * 100:.1f}",
            )
            for place, value in enumerate(predictions.probabilities[row].tolist())
        ]
        lines.append(
            fill(
                '<tr data-row="{{ row }}"><td>{{ picture }}</td><td class="label">{{ truth }}</td>'
                '<td class="label">{{ "✓" if right else "✗" }} {{ guess }}</td>'
                "{% for kind, colour, text in cells %}"
                '<td class="{{ kind }}" style="background:{{ colour }}">{{ text }}</td>'
                "{% endfor %}</tr>",
                row=row,
                picture=_linked_picture(answers, row, image),
                truth=names[truth],
                right=truth == guess,
                guess=names[guess],
                cells=cells,
            )
        )
    return fill(
        '<div class="predictions"><table><thead><tr>'
        '{% for name in heads %}<th scope="col" class="label">{{ name }}</th>{% endfor %}'
        '{% for name in names %}<th scope="col">{{ name }}</th>{% endfor %}</tr></thead>'
        "<tbody>{{ lines|join }}</tbody></table></div>",
        heads=[t(f"evaluation.first_{name}") for name in ("image", "label", "guess")],
        names=names,
        lines=lines,
    )


def _linked_picture(answers: Answers, row: int, image: np.ndarray) -> Markup:
    """The image, one click away from its feature maps."""
    predictions, names = answers.predictions, answers.names
    alt = t(
        "evaluation.card_alt",
        row=row,
        truth=names[predictions.labels[row]],
        guess=names[predictions.predicted[row]],
        share=percent(predictions.confidence[row]),
    )
    query = {"run": answers.run.id, "part": answers.part, "index": row, "of": predictions.size}
    query["lang"] = language()
    return fill(
        '<a href="feature_maps?{{ query }}" title="{{ title }}">'
        '<img alt="{{ alt }}" src="{{ source }}"></a>',
        query=urlencode(query),
        title=t("evaluation.maps"),
        alt=alt,
        source=uri(mosaic.image_png(image, zoom=ZOOM)),
    )

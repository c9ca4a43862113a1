"""What a network says to a picture, as the draw page writes it on the server."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from cnn_core import runs
from cnn_core.figures import mosaic
from cnn_core.figures.legend import percent, uri
from cnn_core.markup import fill
from pages.elements import pad
from pages.network.names import class_names, name_of
from pages.session.words import t

PARTS = ("as_one", "left_half", "right_half")  # of two digits that may touch


def answered(
    run: runs.Run, probabilities: np.ndarray | None, problem: str, drawn: pad.Drawing | None
) -> Markup:
    """The answer in large letters, a bar for each class, and the answer without preparation."""
    names = class_names(run)
    head, without, alt = (
        fill('<span class="quiet">{{ problem }}</span>', problem=problem),
        "",
        problem,
    )
    rows = [(False, name, "0%", "–") for name in names]
    if probabilities is not None:
        prepared, naive = probabilities
        best = int(np.argmax(prepared))
        head, without = _answer(names[best], prepared[best]), _without(names, naive, best)
        rows = [
            (i == best, names[i], f"{share:.1%}", percent(share))
            for i, share in enumerate(prepared)
        ]
        alt = ", ".join(f"{names[i]} {percent(share, 0)}" for i, share in enumerate(prepared))
    number, busy = (drawn.number, str(drawn.live).lower()) if drawn else (0, "false")
    return fill(
        '<div class="reading" data-drawing="{{ number }}"><div class="who">{{ run }}</div>'
        '<div class="answer" role="status" aria-busy="{{ busy }}">{{ head }}</div>'
        '<div class="bars" role="img" aria-label="{{ alt }}"><span class="title">{{ title }}</span>'
        "{% for top, name, width, share in rows %}"
        '<span class="row{{ " top" if top else "" }}"><span class="name">{{ name }}</span>'
        '<span class="bar"><i style="width:{{ width }}"></i></span>'
        '<span class="share">{{ share }}</span></span>{% endfor %}</div>'
        '<div class="without">{{ without|bold }}</div></div>',
        number=number,
        run=name_of(run),
        busy=busy,
        head=head,
        alt=t("draw.bars_alt", shares=alt),
        title=t("draw.bars"),
        rows=rows,
        without=without,
    )


def _answer(name: str, share: float) -> Markup:
    return fill(
        '<b class="glyph{{ "" if name|length == 1 else " word" }}">{{ name }}</b>'
        '<span class="sure">{{ share }}</span>',
        name=name,
        share=percent(share),
    )


def _without(names: Sequence[str], probabilities: np.ndarray, best: int) -> str:
    """The sentence on the drawing as it is on the pad; the class in **bold**."""
    other = int(np.argmax(probabilities))
    key = "draw.without_same" if other == best else "draw.without_other"
    return t(key, name=f"**{names[other]}**", share=percent(probabilities[other], 0))


def each(
    run: runs.Run,
    pictures: Sequence[np.ndarray],
    probabilities: np.ndarray,
    sentence: str = "",
    number: int | None = None,
    *,
    touching: bool = False,
) -> Markup:
    """Each of several digits or items with what the network reads in it below its picture.

    Args:
        run: The network.
        pictures: uint8 of the model's input shape.
        probabilities: Of the pictures in their order; more may follow.
        sentence: What they are.
        number: Of the drawing.
        touching: They are two digits that may touch: both as one, and each on its own.
    """  # fmt: skip
    names = class_names(run)
    parts = [t(f"draw.{part}") for part in PARTS] if touching else [""] * len(pictures)
    cards = [
        {
            "source": uri(mosaic.image_png(picture)),
            "part": part,
            "alt": part or t("draw.digit_alt", number=at + 1, count=len(pictures)),
            "name": names[int(values.argmax())],
            "share": percent(values.max()),
        }
        for at, (picture, part, values) in enumerate(
            zip(pictures, parts, probabilities[: len(pictures)], strict=True)
        )
    ]
    return fill(
        '<div class="reading several"{% if number is not none %} data-drawing="{{ number }}"{% endif %}>'
        '<div class="who">{{ run }}</div>{% if sentence %}<div class="quiet">{{ sentence }}</div>{% endif %}'
        '<div class="each" role="status">'
        '{% for card in cards %}<figure><img alt="{{ card.alt }}" src="{{ card.source }}"><figcaption>'
        '{% if card.part %}<span class="part">{{ card.part }}</span>{% endif %}'
        '<b class="name">{{ card.name }}</b> <span>{{ card.share }}</span></figcaption>'
        "</figure>{% endfor %}</div></div>",
        run=name_of(run),
        cards=cards,
        sentence=sentence,
        number=number,
    )


def side_by_side(name: str, parts: Sequence[Markup]) -> Markup:
    """Not as columns of Streamlit: each of their elements is a message of its own to the browser."""
    return fill(
        '<div class="{{ name }}" style="--count:{{ parts|length }}">{{ parts|join }}</div>',
        name=name,
        parts=parts,
    )

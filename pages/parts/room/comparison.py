"""How well each network reads the drawings of the room: the wall as a test set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from cnn_core import rooms, runs
from cnn_core.figures.legend import percent
from cnn_core.markup import fill
from cnn_core.rooms.state import Picture
from pages.network import room_scores
from pages.network.names import names_of
from pages.session.html import html
from pages.session.words import t

COMPARED = "comparison_on"  # session key: whether all networks are compared
CONTENT = "comparison_content"  # session key: drawings, networks and weights that were ordered last
LISTED = 10


def switch(state: rooms.State) -> None:
    """What lets every network be scored; not while the answers are hidden, which it would tell."""
    st.toggle(
        t("room.compare"), key=COMPARED, help=t("room.compare_help"), disabled=not state.answers
    )


def board(networks: Mapping[str, runs.Run], pictures: Sequence[Picture]) -> None:
    """The networks by their accuracy on the drawings, the best first, while more are being scored."""
    if not st.session_state.get(COMPARED) or not pictures:
        return
    candidates = {
        run_id: run for run_id, run in networks.items() if room_scores.fitting(run, pictures)
    }
    scores = {run_id: room_scores.score(run, pictures) for run_id, run in candidates.items()}
    content = (
        tuple(picture.number for picture in pictures),
        tuple((run_id, room_scores.weights(run)) for run_id, run in candidates.items()),
    )
    if st.session_state.get(CONTENT) != content:
        st.session_state[CONTENT] = content
        room_scores.order([run_id for run_id, score in scores.items() if score is None])
    room_scores.advance(pictures)
    names = names_of(networks.values())
    ranked = sorted(
        ((score, names[run_id]) for run_id, score in scores.items() if score is not None),
        key=lambda row: -row[0].accuracy,
    )
    rows = [
        (name, percent(score.accuracy, 1), t("room.of", right=score.right, count=score.count))
        for score, name in ranked[:LISTED]
    ]
    html(
        fill(
            '<div class="board"><div class="matrix-title">{{ title }}</div><ol>'
            "{% for name, accuracy, count in rows %}<li><span>{{ name }}</span>"
            "<b>{{ accuracy }}</b> <span class=\"of\">{{ count }}</span></li>{% endfor %}</ol></div>",
            title=t("room.compared", done=len(ranked), count=len(candidates)), rows=rows,
        )
    )  # fmt: skip
    st.caption(t("room.compared_words"))

"""The class wall: what everybody drew, what a network says to it, and how often it is right."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cnn_core import rooms, runs, texts
from cnn_core.drawing import SIDE
from cnn_core.errors import CnnError
from cnn_core.figures import evaluation as figures
from cnn_core.figures import mosaic
from cnn_core.figures.legend import percent, uri
from cnn_core.markup import fill
from cnn_core.rooms.state import Picture
from pages.elements import drawings
from pages.elements.chart import draw_chart
from pages.network import readings
from pages.network.choice import WIDTH
from pages.network.names import class_names, names_of
from pages.parts.room import comparison
from pages.session import choices, membership, presenting
from pages.session.doors import colours
from pages.session.downloads import telling
from pages.session.html import complain, html
from pages.session.room_bar import say_refusal
from pages.session.words import language, say_error, t

POLL_S = 0.7
COLUMNS = 20  # of the picture with all drawings
SHORT = 3  # letters of a class name that fits below a small drawing, with its probability
UNSURE = 0.5  # a network that gives its answer less than this is told to be unsure
MATRIX_HEIGHT = 300  # pixels
PRESENTED_HEIGHT = {True: 195, False: 280}  # by whether names are short; the view enlarges it
NO_BREAK = "\u00a0"
SCOPES = ("task", "all")
NETWORK, CLASS, SCOPE = "wall_network", "wall_class", "wall_scope"


def wall(room: rooms.Room, place: DeltaGenerator) -> None:
    """Which network looks, and what is to be drawn; below it the drawings as they arrive."""
    networks = readings.networks()
    state = room.state()
    if not networks:
        st.info(t("inside.no_run"), icon=":material/model_training:")
        return
    run = networks[_choose_network(room, state, networks, place)]
    with st.container(horizontal=True, gap="small", key="wall_task"):
        _choose_class(room, state, run)
        _more(state)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="wall_tools"):
        counts = st.empty()  # filled by the part that asks for news
        st.session_state["wall_answers"] = state.answers
        st.toggle(
            t("room.answers"), key="wall_answers", help=t("room.answers_help"), disabled=room.closed,
            on_change=_switch_answers, args=(room,),
        )  # fmt: skip
    st.fragment(_drawings, run_every=POLL_S)(room, run, networks, counts)


def _more(state: rooms.State) -> None:
    """What a presenter rarely changes, so that the drawings begin high on the screen."""
    with st.popover(t("room.wall_more"), icon=":material/tune:", key="wall_more"):
        choices.segmented_control(
            t("room.scope"), SCOPES, key=SCOPE, format_func=lambda scope: t(f"room.scope_{scope}")
        )
        comparison.switch(state)


def _switch_answers(room: rooms.Room) -> None:
    membership.steer(room, rooms.Switch("answers", bool(st.session_state["wall_answers"])))


def _choose_network(
    room: rooms.Room, state: rooms.State, networks: dict[str, runs.Run], place: DeltaGenerator
) -> str:
    """The network of the room; another one looks at the same drawings."""
    if state.network and state.network not in networks:
        st.warning(t("room.network_gone"), icon=":material/link_off:")
    st.session_state[NETWORK] = state.network if state.network in networks else next(iter(networks))
    if not state.network and not room.closed:
        membership.steer(room, rooms.Network(st.session_state[NETWORK]))
    names = names_of(networks.values())
    return choices.selectbox(
        t("room.network"), list(networks), key=NETWORK, help=t("room.network_help"),
        label_visibility="collapsed", width=WIDTH, place=place,
        format_func=names.__getitem__, disabled=room.closed,
        on_change=lambda: membership.steer(room, rooms.Network(st.session_state[NETWORK])),
    )  # fmt: skip


def _choose_class(room: rooms.Room, state: rooms.State, run: runs.Run) -> None:
    """What everybody is asked to draw; the same again ends it."""
    names = class_names(run)
    task = state.task
    fits = task is not None and task.dataset == run.train.dataset
    st.session_state[CLASS] = task.label if task and fits else None
    choices.optional_pills(
        t("room.draw_what"), range(len(names)), key=CLASS, format_func=names.__getitem__,
        help=t("room.draw_what_help"), disabled=room.closed, on_change=_set_task, args=(room, run),
    )  # fmt: skip


def _set_task(room: rooms.Room, run: runs.Run) -> None:
    label = st.session_state[CLASS]
    event = rooms.Pause() if label is None else rooms.Task(int(label), run.train.dataset)
    membership.steer(room, event)


def _drawings(
    room: rooms.Room, run: runs.Run, networks: dict[str, runs.Run], counts: DeltaGenerator
) -> None:
    """The part that asks for news: drawings, figures, confusion matrix."""
    say_refusal()
    try:
        state = room.state()
        if membership.was_steered(room, state):
            st.rerun()
        fitting = [
            picture for picture in state.shown_pictures() if picture.dataset == run.train.dataset
        ]
        read = readings.read(run, fitting) if state.answers else {}
    except CnnError as error:  # the room was wiped, or the run deleted
        st.warning(say_error(error), icon=":material/link_off:")
        return
    others = len(state.shown_pictures()) - len(fitting)
    task = state.activity if state.task else max(state.tasks, default=None)
    only = st.session_state.get(SCOPE) == "task" and task is not None
    seen = [picture for picture in fitting if not only or picture.task == task]
    best = {number: int(each.argmax()) for number, each in read.items()}
    names = class_names(run)
    _figures(state, seen, best, counts)
    short = max(map(len, names)) <= SHORT
    # Without answers there is no matrix, and the drawings have the whole width.
    left, *right = st.columns([0.62, 0.38] if state.answers else [1], gap="medium")
    with left:
        if state.answers and len(read) < len(fitting) and (problem := readings.problem(run)):
            complain(problem)
        drawings.drawings(
            "wall_drawings",
            _wall(seen, read, names, state, 0 if fitting else others),
            lambda number: _hide(room, [number]),
        )
        _visibility(
            room, state, fitting, {number: float(each.max()) for number, each in read.items()}
        )
    with right[0] if right else left:
        if state.answers:
            comparison.board(networks, state.shown_pictures())
            _matrix(fitting, best, names, short=short)
        if fitting and others:
            st.caption(t("room.other_data", count=others))


def _wall(
    pictures: Sequence[Picture], read: dict, names: Sequence[str], state: rooms.State, others: int
) -> drawings.Wall:
    """The drawings in groups; in each the ones first that the network is surest of."""
    sprite = _sprite(tuple(picture.pixels for picture in pictures))
    groups: dict[str, list[drawings.Tile]] = {"waiting": [], "right": [], "wrong": []}
    for place, picture in enumerate(pictures):
        label, probabilities = names[picture.label], read.get(picture.number)
        if probabilities is None:
            tip = t("room.tile_waiting" if state.answers else "room.tile", label=label)
            groups["waiting"].append(drawings.Tile(picture.number, place, "", 0.0, tip))
            continue
        index = int(probabilities.argmax())
        sure = float(probabilities[index])
        share = percent(sure, 0).replace(" ", NO_BREAK)
        answer = f"{names[index]} {share}"
        tip = t("room.tile_read", label=label, answer=answer)
        group = "right" if index == picture.label else "wrong"
        groups[group].append(drawings.Tile(picture.number, place, answer, sure, tip))
    titles = {
        name: t(f"room.group_{name if state.answers else 'all'}", count=len(tiles))
        for name, tiles in groups.items()
    }
    empty = t("room.wall_waits" if state.task else "room.wall_empty")
    return drawings.Wall(
        sprite, COLUMNS, len(pictures),
        [
            (name, titles[name], sorted(tiles, key=lambda tile: -tile.sure))
            for name, tiles in groups.items() if tiles
        ],
        t("room.other_data", count=others) if others else empty, t("room.hide_one"),
        long_answers=state.answers and max(map(len, names)) > SHORT,
    )  # fmt: skip


@lru_cache(maxsize=8)
def _sprite(pixels: tuple[bytes, ...]) -> str:
    """All drawings in one picture, row by row, as an address; the same for all windows that show the wall."""
    if not pixels:
        return ""
    rows = -(-len(pixels) // COLUMNS)
    tiles = np.zeros((rows * COLUMNS, SIDE, SIDE), np.uint8)
    for place, drawing in enumerate(pixels):
        tiles[place] = np.frombuffer(drawing, np.uint8).reshape(SIDE, SIDE)
    picture = (
        tiles.reshape(rows, COLUMNS, SIDE, SIDE).swapaxes(1, 2).reshape(rows * SIDE, COLUMNS * SIDE)
    )
    return uri(mosaic.image_png(picture[..., np.newaxis]))


def _hide(room: rooms.Room, numbers: Sequence[int]) -> None:
    membership.steer(room, rooms.Hide(tuple(numbers), True))


def _visibility(
    room: rooms.Room, state: rooms.State, fitting: Sequence[Picture], sure: dict[int, float]
) -> None:
    """Hide all that are perhaps no drawings of a class; show again what is hidden."""
    unsure = [picture.number for picture in fitting if sure.get(picture.number, 1.0) < UNSURE]
    hidden = [number for number in state.hidden if number in state.pictures]
    with st.container(horizontal=True, key="wall_visibility"):
        st.button(
            t("room.hide_unsure", count=len(unsure), share=f"{UNSURE:.0%}"), key="wall_hide_unsure",
            icon=":material/visibility_off:", disabled=not unsure or room.closed,
            on_click=_hide, args=(room, unsure),
        )  # fmt: skip
        st.button(
            t("room.show_hidden", count=len(hidden)), key="wall_show_hidden", icon=":material/visibility:",
            disabled=not hidden or room.closed, on_click=membership.steer,
            args=(room, rooms.Hide(tuple(hidden), False)),
        )  # fmt: skip


def _figures(
    state: rooms.State, pictures: Sequence[Picture], best: dict[int, int], place: DeltaGenerator
) -> None:
    """How many drawings there are, and how many of them the network classified correctly."""
    read = [picture for picture in pictures if picture.number in best]
    right = sum(best[picture.number] == picture.label for picture in read)
    accuracy = f"**{right / len(read):.0%}**" if read else "**–**"
    words = t("room.accuracy", accuracy=accuracy, right=right, read=len(read))
    html(
        fill(
            '<div class="room-figures"><span>{{ people }}</span><span>{{ drawings|bold }}</span>'
            "<span>{{ accuracy|bold }}</span></div>",
            people=t("room.people", count=len(state.people)),
            drawings=t("room.drawings", count=f"**{len(pictures)}**"),
            accuracy=words if state.answers else t("room.hidden_answers"),
        ),
        place,
    )  # fmt: skip


def _matrix(
    pictures: Sequence[Picture], best: dict[int, int], names: Sequence[str], *, short: bool
) -> None:
    """The confusion matrix of all drawings shown, lower for a presenter if class names are `short`."""
    matrix = np.zeros((len(names), len(names)), np.int64)
    for picture in pictures:
        if picture.number in best and picture.label < len(names):
            matrix[picture.label, best[picture.number]] += 1
    words = replace(figures.ConfusionWords.of(texts.table(language())), title=t("room.matrix"))
    option = figures.confusion_heatmap(
        matrix, names, as_percent=False, marked=None, words=words, palette=colours(), small=True
    )
    html(
        fill(
            '<div class="matrix-title">{{ title }}</div><div>↓ {{ down }} → {{ across }}</div>',
            title=words.title, down=words.true, across=words.predicted,
        )
    )  # fmt: skip
    height = PRESENTED_HEIGHT[short] if presenting.current() else MATRIX_HEIGHT
    draw_chart(
        option, key="wall_matrix", height=height,
        alt=figures.confusion_alt(matrix, names, words=words),
    )  # fmt: skip


def download(room: rooms.Room) -> None:
    """The drawings that are shown, with their labels, as one file for NumPy."""
    st.download_button(
        t("room.download"), data=telling(lambda: _npz(room.state())), file_name=f"room-{room.code}.npz",
        mime="application/octet-stream", key="wall_download", icon=":material/download:",
        help=t("room.download_help"), on_click="ignore",
    )  # fmt: skip


def _npz(state: rooms.State) -> bytes:
    """Images `x` (N, 28, 28) as bytes, labels `y` (N,), and the data set of each label."""
    pictures = state.shown_pictures()
    images = np.frombuffer(b"".join(picture.pixels for picture in pictures), np.uint8)
    file = io.BytesIO()
    np.savez_compressed(
        file,
        x=images.reshape(-1, SIDE, SIDE),
        y=np.array([picture.label for picture in pictures], np.int64),
        dataset=np.array([picture.dataset for picture in pictures], np.str_),
    )
    return file.getvalue()

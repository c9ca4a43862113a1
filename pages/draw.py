"""Draw a digit, and see how it becomes an input and what a network reads in it, while you draw."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from contextlib import suppress

import numpy as np
import streamlit as st
from markupsafe import Markup
from streamlit.delta_generator import DeltaGenerator

from cnn_core import arithmetic, drawing, runs
from cnn_core.errors import CnnError, RunError
from cnn_core.figures import mosaic
from cnn_core.figures.legend import percent, uri
from cnn_core.markup import fill
from cnn_core.paths import ASSETS
from pages.elements import pad
from pages.elements.head import head
from pages.network import answers as _answers
from pages.network import goals, in_browser
from pages.network.choice import WIDTH, newest
from pages.network.names import class_names, names_of
from pages.network.take_home import take_home
from pages.parts.draw import photograph, reading
from pages.parts.draw.answers import answered, each, side_by_side
from pages.parts.draw.content import Content, content
from pages.pictures import prepared
from pages.session import choices, settings
from pages.session.address import arrived, followed, publish, say, went_back
from pages.session.doors import engine
from pages.session.html import html
from pages.session.settings import Setting
from pages.session.words import language, say_error, t

STYLE = ASSETS / "pad" / "draw.css"
PAD = "draw_pad"
NETWORKS = ("run", "beside")
SOURCES = {"pad": ":material/draw:", "photograph": ":material/photo_camera:"}
SOURCE = Setting("source", "draw_source", tuple(SOURCES), "pad")
OWN = (SOURCE, photograph.SETTING)
LINK = (*NETWORKS, *(setting.name for setting in (*OWN, *prepared.settings(""))))
LOOK_S = 5.0  # seconds to wait for a look: who draws will not wait for longer
RETRY_S = 1.5  # seconds until it is tried again
DIGITS = {"mnist", "digits"}  # data sets whose classes are the digits
BLANK = np.zeros((drawing.SIDE, drawing.SIDE), np.float32)


def main() -> None:
    """The pad left; its way into the network and the answer right, redrawn alone."""
    st.html(STYLE)
    place = head("draw")
    link = arrived("draw", LINK)
    before = {} if went_back() else st.session_state
    wanted = [link.get(name, before.get(f"draw_{name}")) for name in NETWORKS]
    models = {run.id: run for run in _models(wanted)}
    if not models:
        st.info(t("draw.no_model"), icon=":material/model_training:")
        st.page_link("pages/playground.py", label=t("draw.train_one"), icon=":material/tune:")
        publish({})
        return
    selected = _choose(models, wanted, place)
    settings.follow(link, _settings(selected))
    followed("draw", link)
    st.fragment(_desk)(selected)


def _settings(selected: Sequence[runs.Run]) -> tuple[Setting, ...]:
    return (*OWN, *prepared.settings(selected[0].train.dataset))


def _say(selected: Sequence[runs.Run]) -> None:
    """Put the networks, and how a photograph is prepared, into the address."""
    networks = dict(zip(NETWORKS, [run.id for run in selected], strict=False))
    of_photograph = st.session_state.get(SOURCE.key) == "photograph"
    linked = _settings(selected) if of_photograph else OWN
    say("draw", networks | settings.query(linked))


def _models(wanted: Sequence[str | None]) -> list[runs.Run]:
    """Networks for greyscale images of 28 × 28: those that come with ConvScope, digits first; trained ones.

    Of the trained ones the newest, and those that are wanted. A run that still trains is among them once
    it has kept weights, and reads better with each best epoch.
    """
    shipped = sorted(runs.shipped_runs(), key=lambda run: run.train.dataset != "mnist")
    older = []
    for run_id in filter(None, wanted):
        with suppress(CnnError):  # said where it is chosen
            older.append(runs.open_run(run_id))
    return [
        run
        for run in [*shipped, *newest(), *older]
        if _fits(run) and zipfile.is_zipfile(run.folder / "best.keras")
    ]


def _choose(
    models: dict[str, runs.Run], wanted: Sequence[str | None], place: DeltaGenerator
) -> list[runs.Run]:
    """One model, or two side by side."""
    for name, run_id in zip(NETWORKS, wanted, strict=True):
        st.session_state[f"draw_{name}"] = run_id if run_id in models else None
        if run_id and run_id not in models:
            st.warning(_why_not(run_id), icon=":material/link_off:")
    first = st.session_state["draw_run"] or next(iter(models))
    st.session_state["draw_run"] = first
    if st.session_state["draw_beside"] == first:
        st.session_state["draw_beside"] = None
    names = names_of(models.values())
    with place:
        choices.selectbox(
            t("draw.model"), list(models), key="draw_run", help=t("draw.model_help"),
            label_visibility="collapsed", width=WIDTH,
            format_func=names.__getitem__,
        )  # fmt: skip
        second = choices.optional_selectbox(
            t("draw.beside"), [run_id for run_id in models if run_id != first],
            key="draw_beside", help=t("draw.beside_help"), placeholder=t("draw.beside"),
            label_visibility="collapsed", width=WIDTH,
            format_func=names.__getitem__,
        )  # fmt: skip
        take_home(models[first])
    return [models[run_id] for run_id in (first, second) if run_id]


def _why_not(run_id: str) -> str:
    """A sentence on a model that a link names and that cannot be had here."""
    try:
        run = runs.open_run(run_id)
    except CnnError as error:
        return say_error(error)
    if _fits(run) and (run.folder / "best.keras").exists():
        return say_error(RunError("model.unreadable", file="best.keras"))
    return t("draw.unfit")


def _fits(run: runs.Run) -> bool:
    return run.model.input_shape == (drawing.SIDE, drawing.SIDE, 1)


def _desk(selected: Sequence[runs.Run]) -> None:
    """Everything that moves with the stroke: in the browser, or for large networks by the worker."""
    left, right = st.columns([0.32, 0.68], gap="medium")
    with left:
        sheet = st.container()
        source = choices.segmented_control(
            t("draw.source"), SOURCES, key="draw_source", label_visibility="collapsed",
            width="stretch", format_func=lambda name: f"{SOURCES[name]} {t(f'draw.by_{name}')}",
        )  # fmt: skip
    if source == "photograph":
        photograph.read(selected, sheet, right)
        _say(selected)
        return
    _say(selected)
    if all(in_browser.reads(run) for run in selected):
        with right, st.container(key="draw_result"):
            reading.reading("draw_reading", PAD, selected)
        with sheet:
            pad.pad(PAD, local=True, dataset=selected[0].train.dataset)
        _ask_for_goal(selected[0])
        return
    drawn = pad.drawn(PAD)
    contents = [content(run, drawn) for run in selected]
    firsts = [held.ways[0] if held.ways else None for held in contents]
    with right, st.container(key="draw_result"):
        html(_way(firsts[0]))
        answers = _readings(selected, contents, drawn)
        _first_maps(selected, firsts if all(answers) else [None] * len(selected))
    with sheet:
        # Last: it takes this for the sign that its message was shown. And it is the pad that asks
        # again: a fragment that begins or ends to run by itself is mounted again, in mid-stroke.
        again = 0.0 if all(answers) else RETRY_S
        short = " · ".join(answer or "–" for answer in answers)
        pad.pad(PAD, again=again, answer=short, dataset=selected[0].train.dataset)


def _ask_for_goal(run: runs.Run) -> None:
    """Have the server read what the browser reads, too: only that counts for the challenges.

    Once for each stroke, when it has ended, and no longer than the goal is open.
    """
    drawn = pad.drawn(PAD)
    if drawn is None or not _counts(run, drawn) or not engine().ready("look"):
        return
    question = run.id, drawn.number
    held = content(run, drawn)
    if held.verdict != "one" or st.session_state.get("draw_counted") == question:
        return
    st.session_state["draw_counted"] = question
    with suppress(CnnError):  # the browser has its answer
        _tell_goal(_answers.predict(run, held.inputs[:1], LOOK_S)[0])


def _counts(run: runs.Run, drawn: pad.Drawing) -> bool:
    return not drawn.live and run.train.dataset in DIGITS and goals.is_open("digits")


def _tell_goal(probabilities: np.ndarray) -> None:
    best = int(probabilities.argmax())
    clearest: dict[int, float] = st.session_state.setdefault("draw_clearest", {})
    clearest[best] = max(clearest.get(best, 0.0), float(probabilities[best]))
    goals.try_goal("digits", lambda: clearest)


# What each model says


def _readings(
    selected: Sequence[runs.Run], contents: Sequence[Content], drawn: pad.Drawing | None
) -> list[str]:
    """The answers side by side; each in a few characters, empty where it is still to come."""
    answers, parts = [], []
    for run, held in zip(selected, contents, strict=True):
        probabilities, problem = _ask(run, held) if held.ways else (None, held.sentence)
        answers.append("" if probabilities is None and held.ways else _in_short(run, probabilities))
        if probabilities is None or held.verdict == "one":
            parts.append(answered(run, probabilities, problem, drawn))
        else:
            pictures = [np.rint(255 * way.model_input).astype(np.uint8) for way in held.ways]
            parts.append(each(
                run, pictures, probabilities, held.sentence, drawn.number if drawn else None,
                touching=held.verdict == "touching",
            ))  # fmt: skip
        if probabilities is not None and held.verdict == "one" and drawn and _counts(run, drawn):
            _tell_goal(probabilities[0])
    html(side_by_side("readings", parts))
    return answers


def _in_short(run: runs.Run, probabilities: np.ndarray | None) -> str:
    """The answer, or those to several digits; the last probabilities are those without preparation."""
    if probabilities is None:
        return "–"
    names = [class_names(run)[int(values.argmax())] for values in probabilities[:-1]]
    return (
        ", ".join(names) if len(names) > 1 else f"{names[0]} {percent(probabilities[0].max(), 0)}"
    )


def _ask(run: runs.Run, held: Content) -> tuple[np.ndarray | None, str]:
    """Probabilities (N + 1, K) of the digits and of the unprepared drawing, or why there are none."""
    if not engine().ready("look") and not engine().problem("look"):
        return None, t("draw.waking")
    try:
        return _answers.predict(run, held.inputs, LOOK_S), ""
    except CnnError as error:
        return None, error.sentence(language())


def _first_maps(selected: Sequence[runs.Run], inputs: Sequence[drawing.Steps | None]) -> None:
    """The feature maps of each model's first convolution, as one picture each."""
    mosaics = []
    for run, steps in zip(selected, inputs, strict=True):
        first = arithmetic.layer_table(run.model)[0]
        maps, empty = np.zeros(first.output_shape, np.float32), True
        if steps:
            with suppress(CnnError):  # said where the answer would be, if it stays so
                maps_by_layer = _answers.feature_maps(run, steps.model_input, patience=LOOK_S)
                maps, empty = maps_by_layer[first.name], False
        mosaics.append(_maps(first, maps, empty=empty))
    html(side_by_side("first-maps", mosaics))


def _maps(layer: arithmetic.LayerRow, maps: np.ndarray, *, empty: bool) -> Markup:
    height, width, count = maps.shape
    columns = 8 if count % 8 == 0 else mosaic.default_columns((count, height, width))
    picture = mosaic.mosaic_png(np.moveaxis(maps, -1, 0), columns=columns)
    return fill(
        '<figure class="maps{{ " empty" if empty else "" }}"><figcaption>{{ title }}</figcaption>'
        '<img alt="{{ title }}" src="{{ source }}"></figure>',
        empty=empty,
        title=t("draw.maps", layer=layer.name, count=count, height=height, width=width),
        source=uri(picture),
    )


# The way of a drawing into the model


def _way(steps: drawing.Steps | None) -> Markup:
    """Four pictures from the strokes to the input, and a fifth of what comes out without that way."""
    if steps is None:
        blank = np.zeros((pad.SIDE, pad.SIDE), np.float32)
        pictures = [_picture(name, picture) for name, picture in zip(
            ("canvas", "crop", "scaled", "centred", "naive"), (blank, *[BLANK] * 4), strict=True
        )]  # fmt: skip
        return fill('<div class="steps empty">{{ pictures|join }}</div>', pictures=pictures)
    side, box = pad.SIDE, (*steps.corner, *steps.scaled.shape)
    pictures = [
        _picture("canvas", steps.canvas, _frame(steps.crop, side)),
        _picture("crop", steps.cropped),
        _picture("scaled", steps.scaled, side=drawing.BOX),
        _picture("centred", steps.centred, _frame(box, drawing.SIDE), middle=True),
        _picture("naive", steps.uncentred),
    ]
    return fill('<div class="steps">{{ pictures|join }}</div>', pictures=pictures)


def _picture(
    name: str, picture: np.ndarray, frame: str = "", side: int = 0, *, middle: bool = False
) -> Markup:
    """A greyscale image in a black square whose side stands for `side` pixels, or for its longer side.

    Args:
        name: Of the step.
        picture: Values (H, W) from 0 to 1.
        frame: Style of a frame on it; empty draws none.
        side: Pixels of the square; 0 takes the longer side.
        middle: Whether its middle is marked.
    """
    height, width = picture.shape
    side = side or max(height, width)
    size = f"{height}×{width}"
    text = t("draw.input", size=size) if name == "centred" else size
    pixels = np.rint(picture * 255).astype(np.uint8)
    return fill(
        '<figure class="{{ name }}"><div class="square"><img alt="{{ title }}" src="{{ source }}"'
        ' style="width:{{ width }};height:{{ height }}">'
        '{% if frame %}<i class="frame" style="{{ frame }}"></i>{% endif %}'
        '{% if middle %}<i class="middle"></i>{% endif %}</div>'
        "<figcaption><b>{{ title }}</b> <span>{{ text }}</span></figcaption></figure>",
        name=name,
        title=t(f"draw.step_{name}"),
        source=uri(mosaic.image_png(pixels[..., np.newaxis])),
        width=f"{width / side:.1%}",
        height=f"{height / side:.1%}",
        frame=frame,
        middle=middle,
        text=text,
    )


def _frame(box: tuple[int, ...], side: int) -> str:
    edges = zip(("top", "left", "height", "width"), box, strict=True)
    return ";".join(f"{edge}:{place / side:.2%}" for edge, place in edges)


main()

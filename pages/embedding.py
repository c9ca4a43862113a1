"""Which images does the network find alike? Its last vectors in two or three dimensions, each an image."""

from __future__ import annotations

import time
from collections.abc import Mapping

import numpy as np
import streamlit as st

from cnn_core import arithmetic, runs, texts
from cnn_core.analysis.evaluation import Predictions
from cnn_core.errors import CnnError
from cnn_core.figures import charts, embedding_space, feature_maps
from cnn_core.figures import embedding as figures
from cnn_core.figures.charts import ControlWords
from cnn_core.figures.embedding import Cloud
from cnn_core.figures.legend import percent
from pages.elements.chart import draw_chart, draw_figure
from pages.elements.head import head
from pages.network import answers as _answers
from pages.network.choice import say_if_training, trained_network
from pages.network.names import class_names
from pages.pictures import cards
from pages.pictures.cards import Answers
from pages.session import choices, settings
from pages.session.address import arrived, followed, say, went_back, whole
from pages.session.doors import colours
from pages.session.html import STYLE, complain, html, waking
from pages.session.settings import Setting, flag
from pages.session.words import language, plain, t

IMAGES = 2_000
POLL_S = 1.0
METHODS = ("pca", "tsne")
PERPLEXITIES = (5, 15, 30, 50, 100)
USUAL = 30
CHART_HEIGHT = 600
DIMENSIONS = (2, 3)
SETTINGS = (
    Setting("method", "embedding_method", METHODS, METHODS[0]),
    Setting("dimensions", "embedding_dimensions", DIMENSIONS, 2),
    Setting("perplexity", "embedding_perplexity", PERPLEXITIES, USUAL),
    flag("wrong", "embedding_wrong"),
)
LINK = ("run", "index", "classes", *(setting.name for setting in SETTINGS))


def main() -> None:
    """Which network; then everything that follows the controls, redrawn alone."""
    st.html(STYLE)
    st.html(cards.STYLE)
    place = head("embedding", "flatten", "dense", "dropout")
    link = arrived("embedding", LINK)
    run = trained_network("embedding", link, place)
    if run is None:
        return
    say_if_training(run)
    _follow(run, link)
    followed("embedding", link)
    if "embedding" not in st.session_state:  # a chart that is new has nothing selected
        st.session_state.pop("embedding_selected", None)
    waiting = _method() == "tsne" and _answers.known_tsne(run, IMAGES, _perplexity()) is None
    st.fragment(_story, run_every=POLL_S if waiting else None)(run, waiting)


def _follow(run: runs.Run, link: Mapping[str, str]) -> None:
    """Do what a link asks for; one sentence on what is not there."""
    state = st.session_state
    settings.follow(link, (*SETTINGS, _classes(run)))
    if went_back() and "index" not in link:
        state["embedding_index"] = None
    if (index := whole(link, "index", IMAGES)) is not None:
        state["embedding_index"] = index


def _classes(run: runs.Run) -> Setting:
    count = run.model.classes
    return Setting("classes", f"embedding_classes_{count}", range(count), [], several=True)


def _method() -> str:
    return str(st.session_state.get("embedding_method") or METHODS[0])


def _perplexity() -> int:
    return int(st.session_state.get("embedding_perplexity") or USUAL)


def _dimensions() -> int:
    """3 only for principal components: t-SNE takes three times as long in three dimensions."""
    return int(st.session_state.get("embedding_dimensions") or 2) if _method() == "pca" else 2


def _story(run: runs.Run, waiting: bool) -> None:
    try:
        with waking():
            answers = _read_answers(run)
        with st.container(key="embedding_top"):
            controls = st.container(
                horizontal=True, vertical_alignment="bottom", gap="medium", key="embedding_controls"
            )
            stage, below = st.container(key="embedding_stage"), st.container(key="embedding_below")
        with controls:
            only_wrong = _controls()
        with below:
            points, method, explained = _points(run, waiting)
            classes = choices.multi_pills(
                t("embedding.classes"), range(len(answers.names)),
                key=f"embedding_classes_{len(answers.names)}", format_func=answers.names.__getitem__,
                help=t("embedding.classes_help"),
            )  # fmt: skip
    except CnnError as error:
        complain(error)
        say("embedding", {"run": run.id})
        return
    predictions = answers.predictions
    wrong = predictions.predicted != predictions.labels
    visible = wrong if only_wrong else np.ones(len(wrong), bool)
    if classes:
        visible = visible & np.isin(predictions.labels, classes)
    places = points[:, : _dimensions()]
    cloud = Cloud(
        places, predictions.labels, predictions.predicted, predictions.confidence, visible
    )
    index = st.session_state.get("embedding_index")
    marked = index if isinstance(index, int) and index < len(points) else None
    if marked is None:  # something to see from the start
        marked = figures.most_confident_mistake(cloud)
    left, right = stage.columns([0.66, 0.34], gap="medium")
    with left, st.container(key="embedding_chart"):
        _chart(answers, cloud, method, explained, marked)
    with right:
        _number(len(points), marked)
        with st.container(key="embedding_card"):
            _card(answers, marked)
    st.markdown(t(f"embedding.reading_{method}{'_3' if _dimensions() == 3 else ''}"))
    query = {"run": run.id, **settings.query((*SETTINGS, _classes(run)))}
    query |= {"method": _method(), "perplexity": str(_perplexity())}
    if marked is not None:
        query["index"] = str(marked)
    say("embedding", query)


def _controls() -> bool:
    """Method, perplexity, and whether only the mistakes are drawn."""
    method = choices.segmented_control(
        t("embedding.method"), METHODS, key="embedding_method",
        format_func=lambda name: t(f"embedding.{name}"), help=t("embedding.method_help"),
    )  # fmt: skip
    choices.segmented_control(
        t("embedding.dimensions"), DIMENSIONS, key="embedding_dimensions",
        format_func=lambda count: t(f"embedding.dimensions_{count}"),
        help=t("embedding.dimensions_help"), disabled=method != "pca",
    )  # fmt: skip
    choices.segmented_control(
        t("embedding.perplexity"), PERPLEXITIES, key="embedding_perplexity", default=USUAL,
        help=t("embedding.perplexity_help"), disabled=method != "tsne",
    )  # fmt: skip
    return choices.toggle(t("embedding.only_wrong"), key="embedding_wrong")


def _read_answers(run: runs.Run) -> Answers:
    """What the network says of the images, and what they are."""
    piece = _answers.piece(run, "test", 0)
    probabilities, labels = piece.probabilities[:IMAGES], piece.labels[:IMAGES]
    predictions = Predictions(probabilities, labels, 0, piece.total, piece.size)
    return Answers(run, "test", predictions, class_names(run))


def _points(run: runs.Run, waiting: bool) -> tuple[np.ndarray, str, np.ndarray]:
    """Places of the images, how they came about, and what the principal axes explain.

    While t-SNE is being worked out, the principal components are shown.
    """
    first = _answers.pca(run, IMAGES)
    note = st.container(key="embedding_note")
    if _method() == "pca":
        if waiting:
            st.rerun()
        note.caption(t("embedding.images", count=f"{len(first['points']):,}", layer=_source(run)))
        return first["points"], "pca", first["explained"]
    points = _answers.tsne(run, IMAGES, _perplexity())
    if points is None:
        key = f"embedding_since_{run.id}_{runs.weights_at(run)}_{_perplexity()}"
        since = st.session_state.setdefault(key, time.monotonic())
        seconds = round(time.monotonic() - since)
        note.caption(f":material/hourglass_top: {t('embedding.working', seconds=seconds)}")
        if not waiting:
            st.rerun()
        return first["points"], "pca", first["explained"]
    if waiting:
        st.rerun()
    note.caption(t("embedding.images", count=f"{len(points):,}", layer=_source(run)))
    return points, "tsne", first["explained"]


def _source(run: runs.Run) -> str:
    """The layer whose outputs are drawn, in words."""
    rows = arithmetic.layer_table(run.model)
    last = [row for row in rows if row.kind in {"flatten", "dense"}][-1]
    return t(f"embedding.from_{last.kind}", layer=last.name, count=f"{last.output_shape[0]:,}")


def _chart(
    answers: Answers, cloud: Cloud, method: str, explained: np.ndarray, marked: int | None
) -> None:
    title = t(f"embedding.title_{method}", perplexity=_perplexity())
    dimensions = cloud.points.shape[1]
    axes = [t("embedding.axis", number=place + 1) for place in range(dimensions)]
    if method == "pca":
        key = "embedding.axis_explained" if dimensions == 2 else "embedding.axis_short"
        axes = [
            t(key, number=place + 1, share=f"{share:.1%}")
            for place, share in enumerate(explained[:dimensions].tolist())
        ]
    table, names = texts.table(language()), answers.names
    words, controls = figures.Words.of(table), ControlWords.of(table)
    alt = figures.alt(cloud, names, title=title, words=words)
    if dimensions == 3:
        chart = embedding_space.scatter(
            cloud, names, title=title, axes=axes, marked=marked, words=words, palette=colours()
        )
        config = charts.config("embedding", controls, dimensions=3)
        draw_figure(chart, height=CHART_HEIGHT, key="embedding_space", config=config, alt=alt)
        st.caption(t("embedding.turn"))
        return
    draw_chart(
        figures.scatter(
            cloud, names, title=title, axes=(axes[0], axes[1]), ticks=method == "pca",
            marked=marked, words=words, controls=controls, palette=colours(),
        ),
        height=CHART_HEIGHT, key="embedding", on_select=lambda: _choose(cloud), alt=alt,
    )  # fmt: skip


def _choose(cloud: Cloud) -> None:
    """Take over the point that was clicked.

    Each series keeps its own selection, and unselects a point that is clicked again.
    """
    groups = st.session_state["embedding"]["selection"]["selected"]
    places = [
        (str(group["series_id"]), int(place)) for group in groups for place in group["data_indices"]
    ]
    before = st.session_state.get("embedding_selected", [])
    st.session_state["embedding_selected"] = places
    new = [point for point in places if point not in before] or [
        point for point in before if point not in places
    ]
    for series, place in new[:1]:
        if series == figures.CATCH and (row := figures.nearest(cloud, place)) is not None:
            st.session_state["embedding_index"] = row
            continue
        kind, _, label = series.partition("_")
        rows = cloud.rows_of(kind, int(label)) if label.isdecimal() else ()
        if place < len(rows):
            st.session_state["embedding_index"] = int(rows[place])


def _number(count: int, marked: int | None) -> None:
    """The number of the image, to read and to type: points in three dimensions cannot be clicked."""
    st.session_state["embedding_number"] = marked
    st.number_input(
        t("embedding.number", most=f"{count - 1:,}"), 0, count - 1, value=None, key="embedding_number",
        on_change=lambda: st.session_state.update(
            embedding_index=st.session_state["embedding_number"]
        ),
        help=t("embedding.number_help"),
    )  # fmt: skip


def _card(answers: Answers, marked: int | None) -> None:
    """The image that was clicked, what it is and what the network says."""
    if marked is None:
        st.info(t(f"embedding.click_{_dimensions()}"), icon=":material/touch_app:")
        return
    predictions, names = answers.predictions, answers.names
    true, guess = int(predictions.labels[marked]), int(predictions.predicted[marked])
    key = "embedding.card_right" if true == guess else "embedding.card_wrong"
    share = percent(predictions.confidence[marked])
    words = {"true": plain(names[true]), "predicted": plain(names[guess]), "share": share}
    st.markdown(t(key, index=marked, **words))
    cards.paged(answers, np.array([marked]), f"embedding_{marked}", 1)
    st.caption(t("embedding.maps"))
    alt = t("embedding.shares_alt", name=names[guess], share=share)
    html(feature_maps.probabilities_html(predictions.probabilities[marked], names, alt))


main()

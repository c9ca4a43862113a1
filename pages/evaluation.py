"""Where is it wrong? The confusion matrix, the images in each of its cells, and how sure it may be."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import streamlit as st

from cnn_core import runs, texts
from cnn_core.analysis import evaluation
from cnn_core.analysis.evaluation import PARTS, Predictions
from cnn_core.errors import CnnError
from cnn_core.figures import charts, still_matrix
from cnn_core.figures import evaluation as figures
from cnn_core.figures import per_class as per_class_figures
from cnn_core.figures.legend import percent
from cnn_core.runs import log as run_log
from pages.elements import saving
from pages.elements.chart import draw_chart, draw_figure
from pages.elements.clicks import clicked_cell
from pages.elements.head import head
from pages.network import answers as _answers
from pages.network import scores
from pages.network.choice import pick_run, say_if_training
from pages.network.names import class_names
from pages.parts.evaluation import turning
from pages.pictures import cards
from pages.pictures.cards import Answers
from pages.session import choices, course, settings
from pages.session.address import arrived, followed, say
from pages.session.doors import colours
from pages.session.settings import Setting
from pages.session.words import language, plain, say_error, t

MATRIX_HEIGHT = 500
CALIBRATION_HEIGHT = 460
CLASSES_HEIGHT = 130, 27  # of the chart without classes, and for each class
MEMBERS, MISTAKES = 15, 24  # cards at a time
FIRST = (10, 25, 50)
LEAST_BIAS = 0.005  # mean confidence less accuracy that counts as over- or underconfidence
LEAST_ERROR = 0.01  # calibration error above which bins that cancel out are pointed to

VIEWS = ("classes", "mistakes", "calibration", "first")
SETTINGS = (
    Setting("values", "evaluation_show", ("counts", "shares"), "counts", former="show"),
    Setting("view", "evaluation_view", VIEWS, VIEWS[0]),
    Setting("first", "evaluation_first", FIRST, FIRST[0]),
)
LINK = ("run", "part", "cell", *turning.NAMES, *(setting.name for setting in SETTINGS))

Cell = tuple[int, int]


def main() -> None:
    """The run and its scores, the matrix with its images, then the details."""
    st.html(cards.STYLE)
    place = head("evaluation", "confusion_matrix", "splitting", "validation", "evaluate_predict")
    settings.rename(SETTINGS)
    link = arrived("evaluation", LINK)
    run = pick_run(link.get("run"), place)
    if run is None:
        _publish(run)
        return
    if problem := _problem(run):
        st.info(t(f"evaluation.{problem}"), icon=":material/info:")
        st.page_link(
            "pages/playground.py", label=t("evaluation.open_playground"), icon=":material/tune:"
        )
        _publish(run)
        return
    _follow(link, run.model.classes)
    followed("evaluation", link)
    with st.container(horizontal=True, vertical_alignment="center", key="evaluation_bar"):
        part = _part(run)
        if part == "test":
            scores.uncover(run)
        _show_scores(run)
    above = st.container(key="evaluation_summary")
    try:
        with above:
            predictions = _predictions(run, part)
    except CnnError as error:
        st.warning(say_error(error), icon=":material/hourglass_top:")
        _publish(run)
        return
    answers = Answers(run, part, predictions, class_names(run))
    with above:
        _summary(answers)
    _matrix_and_images(answers)
    _details(answers)
    _publish(run)


def _problem(run: runs.Run) -> str:
    """Why this run cannot be looked at: the key of a sentence, empty if it can."""
    if (run.folder / "best.keras").exists():
        return ""
    return "still_active" if runs.status(run).active else "no_weights"


def _show_scores(run: runs.Run) -> None:
    ended = run_log.history(run).ended
    if ended is None or not ended.scores:
        say_if_training(run)
        return
    scores.row(run, ended.scores)


def _follow(link: Mapping[str, str], classes: int) -> None:
    """Show the images and the cell that a link asks for; one sentence on what is not there."""
    if (part := link.get("part")) in PARTS:
        st.session_state["evaluation_part"] = part
    elif part is not None:
        st.warning(t("image.bad_part", known=", ".join(PARTS)), icon=":material/link_off:")
    if "cell" in link:
        row, _, column = link["cell"].partition("-")
        options = [str(index) for index in range(classes)]
        if row in options and column in options:
            st.session_state["evaluation_true"] = int(row)
            st.session_state["evaluation_predicted"] = int(column)
        else:
            st.warning(t("evaluation.bad_cell", most=classes - 1), icon=":material/link_off:")
    settings.follow(link, SETTINGS)
    turning.follow(link)


def _part(run: runs.Run) -> str:
    """The chosen part of the data. To begin with not the test images, unless they have been looked at."""
    return choices.segmented_control(
        t("evaluation.part"),
        PARTS,
        key="evaluation_part",
        default="test" if scores.uncovered(run) else "val",
        format_func=lambda part: t(f"evaluation.part_name.{part}"),
        help=t("evaluation.part_help"),
        label_visibility="collapsed",
    )


def _predictions(run: runs.Run, part: str) -> Predictions:
    """What the network says of every image of that part; shows how far the asking has come."""
    if (predictions := _answers.known_predictions(run, part)) is not None:
        return predictions
    bar = st.empty()  # in the place of the summary: what is below stays where it is

    def tell(done: int, total: int) -> None:
        text = t("evaluation.asking", done=f"{done:,}", total=f"{total:,}")
        bar.progress(done / total, text=text)

    with bar, st.spinner(t("evaluation.warming")):
        _answers.piece(run, part, 0)
    predictions = _answers.predictions(run, part, tell)
    bar.empty()
    return predictions


def _summary(answers: Answers) -> None:
    """How many are right, the most frequent mistake, and why figures may differ from those above."""
    predictions, names = answers.predictions, answers.names
    total, right = len(predictions.labels), predictions.correct
    words = {"part": answers.part_word, "total": f"{total:,}"}
    text = t("evaluation.right", right=f"{right:,}", share=f"{right / max(1, total):.2%}", **words)
    worst = evaluation.top_confusions(_matrix(predictions), 1)
    for row, column, count in worst:
        true, predicted = plain(names[row]), plain(names[column])
        text += " " + t("evaluation.worst", true=true, predicted=predicted, count=f"{count:,}")
    st.markdown(text if worst else f"{text} {t('evaluation.perfect')}")
    ended = run_log.history(answers.run).ended
    score = ended.scores.get(answers.part) if ended else None
    if predictions.size != answers.run.train.size:
        st.caption(t("evaluation.sample", **words))
    elif score and round(score.accuracy * total) != right:
        st.caption(t("evaluation.precision"))


def _matrix(predictions: Predictions) -> evaluation.Integers:
    return evaluation.confusion(
        predictions.labels, predictions.predicted, predictions.probabilities.shape[1]
    )


@st.fragment
def _matrix_and_images(answers: Answers) -> None:
    """A click on a cell redraws this much and no more."""
    matrix = _matrix(answers.predictions)
    _first_cell(matrix)
    left, right = st.columns([0.53, 0.47], gap="medium")
    with left:
        _heatmap(matrix, answers)
    with right, st.container(key="cell_images"):
        _cell_images(answers, matrix)
    _publish(answers.run)


def _first_cell(matrix: evaluation.Integers) -> None:
    """Begin with the most frequent mistake, if there is no cell yet or this network has fewer classes."""
    places = [st.session_state.get(f"evaluation_{axis}") for axis in ("true", "predicted")]
    if all(place is not None and place < len(matrix) for place in places):
        return
    worst = evaluation.top_confusions(matrix, 1)
    cell = worst[0][:2] if worst else (0, 0)
    st.session_state["evaluation_true"], st.session_state["evaluation_predicted"] = cell


def _cell() -> Cell:
    return st.session_state["evaluation_true"], st.session_state["evaluation_predicted"]


def _heatmap(matrix: evaluation.Integers, answers: Answers) -> None:
    chart = st.container()
    show = choices.segmented_control(
        t("evaluation.show"),
        ("counts", "shares"),
        key="evaluation_show",
        format_func=lambda value: t(f"evaluation.{value}"),
        help=t("evaluation.show_help"),
    )
    words = figures.ConfusionWords.of(texts.table(language()))
    draw_chart(
        figures.confusion_heatmap(
            matrix,
            answers.names,
            as_percent=show == "shares",
            marked=_cell(),
            words=words,
            palette=colours(),
        ),
        place=chart,
        height=MATRIX_HEIGHT,
        key="confusion",
        on_select=lambda: _choose_cell(len(matrix)),
        alt=figures.confusion_alt(matrix, answers.names, words=words),
    )
    svg = still_matrix.confusion_svg(
        matrix, answers.names, as_percent=show == "shares", words=words
    )
    with chart:
        saving.saving("confusion_files", svg, f"confusion-{answers.part}", words.title)


def _choose_cell(classes: int) -> None:
    """Take over the cell that was clicked."""
    cell = clicked_cell("confusion", classes)
    if cell is not None:
        st.session_state["evaluation_true"], st.session_state["evaluation_predicted"] = cell


def _cell_images(answers: Answers, matrix: evaluation.Integers) -> None:
    names = answers.names
    for column, axis in zip(st.columns(2, gap="small"), ("true", "predicted"), strict=True):
        choices.selectbox(
            t(f"evaluation.{axis}"),
            range(len(names)),
            place=column,
            key=f"evaluation_{axis}",
            format_func=names.__getitem__,
        )
    true, predicted = _cell()
    rows = evaluation.cell_members(answers.predictions, true, predicted)
    worst = evaluation.top_confusions(matrix, 1)
    course.report(
        "evaluation", truth=names[true], predicted=names[predicted], count=len(rows),
        most=worst[0][2] if worst else 0,
    )  # fmt: skip
    words = {"true": plain(names[true]), "predicted": plain(names[predicted])}
    if not len(rows):
        st.info(t("evaluation.cell_empty", part=answers.part_word, **words))
        return
    kind = "cell_right" if true == predicted else "cell_wrong"
    total = int((answers.predictions.labels == true).sum())
    st.markdown(t(f"evaluation.{kind}", count=f"{len(rows):,}", total=f"{total:,}", **words))
    st.caption(t("evaluation.order"))
    turning.paged(answers, rows, "cell", f"{true}_{predicted}", MEMBERS)


def _details(answers: Answers) -> None:
    """One tab at a time; only the open one is made."""
    views = dict(zip(VIEWS, (_per_class, _mistakes, _calibration, _first), strict=True))
    names = choices.tabs(
        VIEWS, key="evaluation_view", format_func=lambda view: t(f"evaluation.view_{view}")
    )
    for view, tab in names:
        if tab.open:
            with tab, st.container(key=f"view_{view}"):
                views[view](answers)


def _per_class(answers: Answers) -> None:
    names, matrix, table = answers.names, _matrix(answers.predictions), texts.table(language())
    precision, recall, f1, support = per_class = evaluation.per_class(matrix)
    words = per_class_figures.Words.of(table)
    draw_figure(
        per_class_figures.chart(
            per_class, names, colour=_colour(answers), words=words, palette=colours()
        ),
        height=CLASSES_HEIGHT[0] + CLASSES_HEIGHT[1] * len(names),
        key="per_class_chart",
        config=charts.config("classes", charts.ControlWords.of(table), picture="svg"),
        alt=per_class_figures.alt(per_class, names, words=words),
    )
    columns = {"precision": precision, "recall": recall, "f1": f1, "support": support}
    config = {
        t(f"evaluation.class_{name}"): st.column_config.ProgressColumn(
            help=t(f"evaluation.class_{name}_help"), min_value=0, max_value=1, format="%.3f"
        )
        if name != "support"
        else st.column_config.NumberColumn(
            help=t("evaluation.class_support_help"), format="localized"
        )
        for name in columns
    }
    st.dataframe(
        {
            t("evaluation.class"): list(names),
            **{t(f"evaluation.class_{name}"): values for name, values in columns.items()},
        },
        column_config={t("evaluation.class"): st.column_config.Column(pinned=True), **config},
        hide_index=True,
        height="content",
        alt=t("evaluation.class_alt", classes=len(names)),
        key="per_class",
    )
    mean = [f"{value:.3f}" for value in evaluation.macro(per_class)]
    st.caption(t("evaluation.macro", precision=mean[0], recall=mean[1], f1=mean[2]))


def _colour(answers: Answers) -> str:
    """The colour of the part of the data."""
    theme = colours()
    return {"train": theme.training, "val": theme.validation, "test": theme.test}[answers.part]


def _mistakes(answers: Answers) -> None:
    rows = evaluation.worst_mistakes(answers.predictions)
    if not len(rows):
        st.markdown(t("evaluation.perfect"))
        return
    words = {"count": f"{len(rows):,}", "total": f"{len(answers.predictions.labels):,}"}
    st.markdown(t("evaluation.mistakes", part=answers.part_word, **words))
    turning.paged(answers, rows, "mistakes", "all", MISTAKES)


def _calibration(answers: Answers) -> None:
    """The curve, and beside it what it says and how to read it."""
    predictions, table = answers.predictions, texts.table(language())
    measured = evaluation.calibration(predictions.probabilities, predictions.labels)
    words = figures.CalibrationWords.of(table)
    left, right = st.columns([0.58, 0.42], gap="medium")
    draw_figure(
        figures.calibration_chart(
            measured, colour=_colour(answers), words=words, palette=colours()
        ),
        place=left,
        height=CALIBRATION_HEIGHT,
        key="calibration",
        config=charts.config("calibration", charts.ControlWords.of(table), picture="svg"),
        alt=figures.calibration_alt(measured, words=words),
    )
    if abs(measured.bias) < LEAST_BIAS:
        kind = "none" if measured.error < LEAST_ERROR else "mixed"
    else:
        kind = "above" if measured.bias > 0 else "below"
    right.metric(t("evaluation.error"), f"{measured.error:.2%}", help=t("evaluation.error_help"))
    right.markdown(
        t(
            f"evaluation.error_{kind}",
            error=f"{measured.error * 100:.1f}",
            confidence=percent(float(predictions.confidence.mean())),
            accuracy=f"{predictions.correct / max(1, len(predictions.labels)):.1%}",
        )
    )
    right.caption(t("evaluation.reading"))


def _first(answers: Answers) -> None:
    count = choices.segmented_control(t("evaluation.first"), FIRST, key="evaluation_first")
    st.caption(t("evaluation.first_note"))
    cards.table(answers, np.arange(min(count, len(answers.predictions.labels))))


def _publish(run: runs.Run | None) -> None:
    query = {} if run is None else {"run": run.id}
    if "evaluation_part" in st.session_state:
        query["part"] = st.session_state["evaluation_part"]
    if "evaluation_true" in st.session_state:
        query["cell"] = "-".join(map(str, _cell()))
    say("evaluation", query | turning.query() | settings.query(SETTINGS))


main()

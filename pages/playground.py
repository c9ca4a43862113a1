"""Build a network, see its shapes and sums immediately, train it, and watch it learn."""

from __future__ import annotations

import streamlit as st

from cnn_core import arithmetic, datasets, texts
from cnn_core.arithmetic import LayerRow
from cnn_core.config import ModelConfig, TrainConfig
from cnn_core.errors import CnnError, ShapeError
from cnn_core.figures import architecture
from cnn_core.planning.repair import repair
from pages.elements.head import head
from pages.elements.lessons import lesson
from pages.network import goals, shown
from pages.network.choice import chosen_run
from pages.network.names import span
from pages.network.take_home import of_setup
from pages.parts.playground import fixes, rates, run_list, run_panel, setup
from pages.session import membership, settings
from pages.session.address import is_brought, publish, went_back
from pages.session.doors import engine
from pages.session.html import heading, html
from pages.session.visitor import visitor
from pages.session.words import label, language, plain, say_error, t

SETTINGS = (setup.TAB, run_list.MINE)


def main() -> None:
    """Controls left, network and training right."""
    fixes.open_beside()
    head("playground")
    arrives = is_brought() or not setup.is_drawn()
    if went_back() or (arrives and "run" in st.query_params) or not shown.is_chosen():
        shown.show(st.query_params.get("run"))
    if went_back() or arrives:
        settings.follow(st.query_params.to_dict(), SETTINGS)
    run = chosen_run()
    left, right = st.columns([0.34, 0.66], gap="medium")
    with left, st.container(key="setup"):
        top = st.container(key="begin")
        model, train = setup.form(run)
        with top:
            _train_button(model, train)
    with right, st.container(key="result"):
        rows = _network(model, train)
        run_panel.panel(run, train.epochs)
        lesson("loss", "history", "overfitting", "early_stopping", "checkpoint")
        run_list.run_list()
        if rows:
            _table(rows)
    query = setup.query(model, train) | settings.query(SETTINGS)
    publish(query | ({"run": run.id} if run else {}))


def _train_button(model: ModelConfig, train: TrainConfig) -> None:
    refusal = shown.take_refusal()
    if engine().ours:  # what a cluster lacks is said above every page
        refusal = refusal or engine().problem("train")
    problem: CnnError | None = None
    try:
        engine().check(model, train)
    except ShapeError as error:
        problem = error
    except CnnError as error:
        problem = refusal = error
    membership.note_trouble(problem, setup.query(model, train))
    st.button(
        t("playground.train"),
        icon=":material/play_arrow:",
        type="primary",
        width="stretch",
        on_click=_order,
        args=(model, train),
        disabled=problem is not None,
        key="train",
    )
    if refusal:
        st.error(say_error(refusal), icon=":material/block:")
    elif problem:  # explained where the network is drawn; on a phone that is far below
        st.container(key="broken").caption(say_error(problem))
    else:
        st.caption(_outlook(model, train))


def _order(model: ModelConfig, train: TrainConfig) -> None:
    try:
        shown.show(engine().order(model, train, owner=visitor()).id)
        membership.note_trouble(None, {}, again=True)
    except CnnError as error:
        shown.refuse(error)
        membership.note_trouble(error, setup.query(model, train), again=True)


def _outlook(model: ModelConfig, train: TrainConfig) -> str:
    """How much there is to do, and how long it will take if that was measured before."""
    images = datasets.training_images(train)
    text = t("playground.work", images=f"{images:,}", epochs=train.epochs)
    seconds = engine().estimate(model, train)
    if seconds is not None:
        text += " · " + t("playground.estimate", time=span(max(1, seconds)))
    if problem := datasets.trouble(train.dataset, train.size):
        text += "  \n" + say_error(problem)
    elif not datasets.available(train.dataset, train.size):
        megabytes = datasets.spec(train.dataset).download_bytes / 1e6
        text += "  \n" + t("playground.download", megabytes=f"{megabytes:.0f}")
    return text


def _network(model: ModelConfig, train: TrainConfig) -> tuple[LayerRow, ...]:
    """The diagram and the totals, or where the network breaks and how to fix it."""
    words = architecture.DiagramWords.of(texts.table(language()))
    rows, broken = arithmetic.table_until_break(model)
    with st.container(key="network"):
        html(
            architecture.architecture_svg(
                rows, model.input_shape, words=words, broken=broken.layer if broken else None
            )
        )
        if broken:
            _doctor(model, broken)
            return ()
        for goal in ("field", "lean"):
            goals.try_goal(goal, lambda: model)
        _totals(model, train, rows)
    rates.rates(model, train)
    return rows


def _totals(model: ModelConfig, train: TrainConfig, rows: tuple[LayerRow, ...]) -> None:
    totals = arithmetic.totals(rows)
    with st.container(horizontal=True, gap="small", key="totals"):
        for name, value in {
            "params": f"{totals.params:,}",
            "multiplications": f"{totals.multiplications:,}",
            "receptive_field": f"{totals.receptive_field}×{totals.receptive_field}",
        }.items():
            st.metric(t(f"totals.{name}"), value, help=t(f"totals.{name}_help"), width="content")
        of_setup(model, train)


def _doctor(model: ModelConfig, broken: ShapeError) -> None:
    _, changes = repair(model)
    st.error(plain(broken.sentence(language())), icon=":material/broken_image:")
    fixes = ", ".join(
        t(
            "doctor.change",
            block=change.block + 1,
            field=t(f"field.{change.field}"),
            old=label(change.field, change.old),
            new=label(change.field, change.new),
        )
        for change in changes
    )
    st.button(
        t("doctor.fix", changes=fixes),
        icon=":material/healing:",
        on_click=setup.apply,
        args=(changes,),
        key="fix",
    )


def _table(rows: tuple[LayerRow, ...]) -> None:
    """Every layer with its output and how its parameters add up."""
    heading(t("table.title"))
    st.table(
        {
            t("table.layer"): [row.name for row in rows],
            t("table.output"): ["×".join(f"{side:,}" for side in row.output_shape) for row in rows],
            t("table.params"): [f"{row.params:,}" for row in rows],
            t("table.formula"): [row.formula for row in rows],
            t("table.size"): [row.size_formula for row in rows],
            t("table.field"): [_field(row) for row in rows],
        },
        hide_index=True,
        border="horizontal",
        alt=t("table.alt", layers=len(rows), params=f"{arithmetic.totals(rows).params:,}"),
    )
    lesson("parameters", "receptive_field", "summary")


def _field(row: LayerRow) -> str:
    return f"{row.receptive_field}×{row.receptive_field}" if row.receptive_field else ""


main()

"""Find a learning rate: a range test over two seeds, and one click that takes its suggestion."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import streamlit as st

from cnn_core import texts
from cnn_core.config import ModelConfig, TrainConfig
from cnn_core.engine.rates import RangeTest
from cnn_core.errors import CnnError
from cnn_core.figures import rate_range
from cnn_core.progress import learning_rates
from cnn_core.progress.learning_rates import RateCurve, Usable
from pages.elements.chart import draw_chart
from pages.parts.playground import setup
from pages.session.doors import colours, engine
from pages.session.visitor import visitor
from pages.session.words import label, language, say_error, t

SEARCH = "rates_search"  # session key
POLL_S = 0.5
HEIGHT = 400
SEEDS = 2
FAR = 2.0  # factor between two suggestions from which on the page says that the test is noisy


@dataclass(slots=True)
class _Search:
    """The range tests of a set-up, by seed; those that are done have become curves."""

    setup: tuple[ModelConfig, TrainConfig]
    unsent: list[int] = field(
        default_factory=list
    )  # seeds whose test waits for the workers to start
    tests: dict[int, RangeTest] = field(default_factory=dict)
    curves: dict[int, RateCurve] = field(default_factory=dict)
    problem: CnnError | None = None

    @property
    def busy(self) -> bool:
        """Whether there is more to come."""
        return bool(self.unsent or self.tests)

    def keep(self, seed: int, curve: RateCurve) -> None:
        """Add a curve; the order is that of the seeds, whichever worker was faster."""
        self.curves = dict(sorted({**self.curves, seed: curve}.items()))


def rates(model: ModelConfig, train: TrainConfig) -> None:
    """The button, and what came of it."""
    with st.expander(t("rates.title"), icon=":material/search_insights:", key="rates"):
        st.caption(t("rates.why"))
        search: _Search | None = st.session_state.get(SEARCH)
        busy = search is not None and search.busy
        st.button(
            t("rates.start"), key="rates_start", icon=":material/timeline:", on_click=_start,
            args=(model, train), disabled=busy,
        )  # fmt: skip
        if search is not None:
            st.fragment(_outcome, run_every=POLL_S if busy else None)(model, train)


def _start(model: ModelConfig, train: TrainConfig) -> None:
    seeds = [(train.seed + number) % 2**31 for number in range(SEEDS)]
    search = st.session_state[SEARCH] = _Search(_relevant(model, train), seeds)
    _send(search)


def _send(search: _Search) -> None:
    """Order the tests that are not ordered yet; while the workers start, they are kept for later."""
    model, train = search.setup
    try:
        while search.unsent:
            seeded = replace(train, seed=search.unsent[0])
            search.tests[seeded.seed] = engine().range_test(model, seeded, owner=visitor())
            del search.unsent[0]
    except CnnError as error:
        if error.key == "engine.starting":
            return
        search.problem = error.with_traceback(None)
        search.unsent.clear()
        search.tests.clear()


def _relevant(model: ModelConfig, train: TrainConfig) -> tuple[ModelConfig, TrainConfig]:
    """The set-up without what a range test does not depend on."""
    return model, replace(
        TrainConfig(),
        dataset=train.dataset,
        train_size=train.train_size,
        batch_size=train.batch_size,
        optimizer=train.optimizer,
        augmentation=train.augmentation,
        precision=train.precision,
        seed=train.seed,
    )


def _outcome(model: ModelConfig, train: TrainConfig) -> None:
    search: _Search = st.session_state[SEARCH]
    was_busy = search.busy
    _send(search)
    _collect(search)
    if was_busy and not search.busy:
        st.rerun()
    if search.problem:
        st.error(say_error(search.problem), icon=":material/block:")
    if search.busy:
        state = "rates.second" if search.curves else "rates.running"
        text = t("panel.warming" if search.unsent else state)
        st.progress(len(search.curves) / SEEDS, text=text)
    if not search.curves:
        return
    zones = [zone for curve in search.curves.values() if (zone := learning_rates.usable(curve))]
    zone = learning_rates.together(zones) if len(zones) == len(search.curves) else None
    words = rate_range.RateWords.of(texts.table(language()))
    draw_chart(
        rate_range.rate_range(search.curves, zone, words=words, palette=colours()),
        height=HEIGHT,
        key="rates_chart",
        alt=rate_range.rate_range_alt(zone, words=words),
    )
    if not search.busy:
        _verdict(search, zone, zones, model, train)


def _collect(search: _Search) -> None:
    """Take over what is done."""
    for seed, test in list(search.tests.items()):
        if not test.done:
            continue
        del search.tests[seed]
        try:
            search.keep(seed, test.result())
        except CnnError as error:
            search.problem = error


def _verdict(
    search: _Search,
    zone: Usable | None,
    zones: list[Usable],
    model: ModelConfig,
    train: TrainConfig,
) -> None:
    """What the test says, how noisy it is, and the button that takes it over."""
    optimizer = label("optimizer", search.setup[1].optimizer)
    if zone is None:
        st.info(t("rates.none", optimizer=optimizer), icon=":material/info:")
        return
    st.markdown(
        t(
            "rates.zone",
            optimizer=optimizer,
            low=f"{zone.low:.1g}",
            high=f"{zone.high:.1g}",
            rate=f"{zone.suggestion:g}",
        )
    )
    if len(zones) > 1:
        factor = learning_rates.spread(zones)
        noise = "noisy" if factor > FAR else "agree"
        values = " · ".join(f"{each.suggestion:g}" for each in zones)
        st.caption(t(f"rates.{noise}", values=values, factor=f"{factor:.1f}", seeds=len(zones)))
    if _relevant(model, train) != search.setup:
        st.caption(t("rates.other_setup"))
    if st.button(
        t("rates.use", rate=f"{zone.suggestion:g}"),
        key="rates_use", type="primary", icon=":material/check:", on_click=setup.put,
        args=(model, replace(train, learning_rate=zone.suggestion)),
        disabled=zone.suggestion == train.learning_rate,
    ):  # fmt: skip
        st.rerun()  # the controls are outside of this fragment

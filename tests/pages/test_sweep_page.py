"""The page that looks for the best setting: its form, its states, its owner, its best trial."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import visits
from small_runs import MODEL, SHORT
from sweep_play import finished, plan

from cnn_core import errors, runs, sweeps, texts
from cnn_core.planning.space import FIELDS
from cnn_core.progress.events import EpochEnd
from cnn_core.runs import log as run_log
from cnn_core.sweeps import outcome
from pages.parts.sweep import best, findings

visit = visits.visit
US = visits.US


def words(at) -> str:
    """Everything that is written on the page."""
    parts = [*at.markdown, *at.caption, *at.info, *at.warning, *at.error, *at.title]
    return "\n".join(str(part.value) for part in parts)


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_without_a_sweep_the_form_is_there_and_says_what_to_expect(language: str, visit) -> None:
    at = visit("sweep", language)
    assert not at.exception
    assert texts.say(language, "sweep.none_yet") in [it.value for it in at.info]
    assert not at.button(key="sweep_begin").disabled
    assert any("12" in it.value for it in at.caption)


def test_an_estimate_names_its_range_and_what_others_wait_for(visit) -> None:
    for _ in range(3):
        measured = runs.create(MODEL, SHORT)
        runs.write_status(measured, "finished", speed=1.0, extra=1.0)
    at = visit("sweep")
    [estimate] = [it.value for it in at.caption if it.value.startswith("About")]
    assert ", between " in estimate
    assert "12 trials of 3 epochs on" in estimate
    assert any("waits only for the trial" in it.value for it in at.caption)


@pytest.mark.parametrize(
    ("field", "text", "says"),
    [
        ("kernel", "three", "whole number"),
        ("kernel", "9", "Kernel"),
        ("kernel", "", "Enter the values"),
        ("dropout", "0.5:0.1", "not a range"),
        ("dropout", "0:2", "Dropout"),
    ],
)
def test_a_mistake_in_the_values_is_a_sentence_and_nothing_begins(
    field: str, text: str, says: str, visit
) -> None:
    at = visit("sweep")
    at.text_input(key=f"sweep_values_{field}_field").set_value(text).run()
    assert not at.exception
    assert says in at.error[0].value.replace("\\", "")
    assert at.button(key="sweep_begin").disabled


@pytest.mark.parametrize("language", texts.LANGUAGES)
@pytest.mark.parametrize("key", sorted(errors.SETTING_NAMED))
def test_a_sentence_on_a_setting_calls_it_as_the_form_does(key: str, language: str) -> None:
    for field in FIELDS:
        error = errors.SweepError(key, name=field, count=99, most=50)
        label = texts.say(language, f"field.{field}")
        assert error.sentence(language) == texts.say(
            language, f"error.{key}", name=label, count=99, most=50
        )
        second = errors.SweepError(key, name=f"{field}.2", count=99, most=50).sentence(language)
        assert "2" in second
        assert f"{field}.2" not in second


def test_what_shrinks_to_nothing_is_said_before_it_starts(visit) -> None:
    at = visit("sweep")
    at.session_state["sweep_fields"] = ["blocks", "stride"]
    at.session_state["sweep_values_stride"] = "1, 4"
    at.run()
    assert any("cannot be trained and will be left out" in it.label for it in at.expander)
    at.session_state["sweep_values_blocks"] = "4"
    at.session_state["sweep_values_stride"] = "4"
    at.run()
    assert "No combination can be trained" in at.error[0].value
    assert at.button(key="sweep_begin").disabled


def test_six_settings_are_too_many(visit) -> None:
    at = visit("sweep")
    at.session_state["sweep_fields"] = ["blocks", "filters", "kernel", "stride", "pool", "dense"]
    at.run()
    assert "1 to 5 settings" in at.error[0].value


def test_every_setting_can_be_chosen(visit) -> None:
    from cnn_core.planning.space import FIELDS

    at = visit("sweep")
    for start in range(0, len(FIELDS), 5):
        at.session_state["sweep_fields"] = list(FIELDS[start : start + 5])
        at.run()
        assert not at.exception
        assert not at.error, at.error[0].value


def test_a_sweep_is_begun_and_shown_in_the_address(visit) -> None:
    at = visit("sweep")
    form = at.expander[0].proto
    assert form.expanded
    at.button(key="sweep_begin").click().run()
    assert not at.exception
    begun = at.expander[0].proto
    assert not begun.expanded, "the sweep that has begun is in the first screen"
    assert not at.exception
    [sweep] = sweeps.newest()
    assert (sweep.owner, sweep.name) == (US, "Sweep 1")
    assert [it.name for it in sweep.plan.dimensions] == ["kernel", "dropout"]
    assert at.query_params["sweep"] in (sweep.id, [sweep.id])
    at.button(key="sweep_begin").click().run()
    assert "limit of 1" in words(at)
    assert len(sweeps.newest()) == 1


def test_a_sweep_says_as_many_trials_as_there_are_combinations(visit) -> None:
    at = visit("sweep", vary_kernel="3,5", vary_filters="4,8", method="grid", trials="12")
    at.button(key="sweep_begin").click().run()
    assert not at.exception
    [sweep] = sweeps.newest()
    assert sweep.plan.trials == 4
    assert "4 trials of" in words(at)


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_more_trials_than_the_server_allows_are_refused_before_the_press(
    language: str, visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONVSCOPE_MAX_TRIALS", "20")
    continuous = {"vary_dropout": "0.0:0.6", "method": "random"}
    at = visit("sweep", language, trials="21", **continuous)
    assert at.error[0].value == texts.say(language, "error.limit.trials", asked=21, cap=20)
    assert at.button(key="sweep_begin").disabled
    at = visit("sweep", language, trials="20", **continuous)
    assert not at.error
    assert not at.button(key="sweep_begin").disabled
    at = visit("sweep", language, trials="500", vary_kernel="3,5", method="random")
    assert not at.error, "there are two combinations"
    assert not at.button(key="sweep_begin").disabled


def test_a_sweep_is_paused_resumed_and_stopped(visit) -> None:
    at = visit("sweep")
    at.button(key="sweep_begin").click().run()
    [sweep] = sweeps.newest()
    for name, state in (("pause", "paused"), ("resume", "running"), ("stop", "stopped")):
        at.button(key=f"sweep_order_{name}").click().run()
        assert not at.exception
        assert sweeps.progress(sweep).state == state
    assert not [
        it
        for it in at.button
        if it.key in ("sweep_order_pause", "sweep_order_resume", "sweep_order_stop")
    ]


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_a_sweep_that_is_over_without_a_result_shows_no_empty_charts(language: str, visit) -> None:
    at = visit("sweep", language)
    at.button(key="sweep_begin").click().run()
    assert texts.say(language, "sweep.no_best") in words(at)
    assert texts.say(language, "sweep.brush") in words(at)
    at.button(key="sweep_order_stop").click().run()
    assert not at.exception
    assert texts.say(language, "sweep.no_best_over") in words(at)
    assert texts.say(language, "sweep.brush") not in words(at)
    assert at.get("progress")[0].proto.value == 0


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_a_sweep_that_is_over_shows_its_best_and_how_much_is_luck(language: str, visit) -> None:
    sweep = finished(US)
    at = visit("sweep", language, sweep=sweep.id)
    assert not at.exception
    assert not at.error
    text = words(at)
    assert at.get("progress")[0].proto.text == texts.say(language, "sweep.done", done=4, trials=4)
    best = outcome.best(outcome.trials(sweep))
    assert best.params == {"kernel": 5, "dropout": 0.0}
    assert "90.20%" in text
    excess = outcome.optimism(sweep, outcome.trials(sweep))
    assert f"{100 * excess:.2f}" in text
    assert f"{0.902 - excess:.2%}" in text


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_its_files_are_in_the_visitors_language_on_the_thread_that_makes_them(
    language: str, visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    makers = []
    monkeypatch.setattr(best, "telling", lambda make: makers.append(make) or make)
    at = visit("sweep", language, sweep=finished(owner=US).id)
    assert not at.exception
    with ThreadPoolExecutor(1) as pool:  # has no session
        files = [pool.submit(make).result() for make in makers[-3:]]
    table, report, program = files
    assert table.startswith("trial,")
    assert f'lang="{language}"' in report
    assert re.search(r"<body>\s*<main>.+</main>\s*</body>", report, re.DOTALL), (
        "which has the margins"
    )
    assert texts.say(language, "runs.column_state") in report
    seed_line = next(line for line in program.splitlines() if line.startswith("SEED"))
    assert seed_line.split("#")[1] in report
    other = next(code for code in texts.LANGUAGES if code != language)
    assert texts.say(other, "runs.column_state") not in report


def test_the_best_goes_to_the_playground(visit) -> None:
    sweep = finished(US)
    at = visit("sweep", sweep=sweep.id)
    at.button(key="sweep_use").click().run()
    assert not at.exception
    assert at.number_input(key="set_kernel_0").value == 5
    assert outcome.best(outcome.trials(sweep)).run in at.query_params["run"]


@pytest.mark.parametrize("works", [[True, False], [False, True]], ids=["ends", "begins"])
@pytest.mark.parametrize("key", ["sweep_use", "sweep_all_runs"])
def test_a_button_is_heard_while_the_work_begins_or_ends(
    key: str, works, visit, monkeypatch
) -> None:
    sweep = finished(US)
    at = visit("sweep", sweep=sweep.id)
    answers = iter(works)
    monkeypatch.setattr(findings, "is_calculating", lambda: next(answers, works[-1]))
    at.button(key=key).click().run()
    assert not at.exception
    assert "sweep" not in at.query_params, "another page is open"


def test_the_best_is_repeated_with_three_seeds_and_compared(visit) -> None:
    sweep = finished(US)
    at = visit("sweep", sweep=sweep.id)
    at.button(key="sweep_repeat").click().run()
    assert not at.exception
    singles = [run for run in runs.all_runs() if not run.sweep]
    best = runs.open_run(outcome.best(outcome.trials(sweep)).run)
    assert len({run.train.seed for run in singles} - {best.train.seed}) == 3
    assert {run.model for run in singles} == {best.model}
    assert "not over yet: 3" in words(at)
    for number, run in enumerate(singles):
        write = run_log.EventWriter(run)
        write(EpochEnd(1, 1.0, 0.5, 0.1, 0.85 + 0.01 * number, 1.0, 1.0))
        write.close()
        runs.write_status(run, "finished")
    at.run()
    assert "Repeated with 3 other seeds: 86.00% ± 1.00 percentage points" in words(at)
    at.button(key="sweep_compare").click().run()
    assert not at.exception
    assert "".join(at.query_params["runs"]).count("~") == 3


def test_the_best_is_not_repeated_with_a_seed_that_it_has_run_with(visit) -> None:
    sweep = finished(US)
    top = runs.open_run(outcome.best(outcome.trials(sweep)).run)
    for step in (1, 3):
        train = replace(top.train, seed=top.train.seed + step)
        runs.write_status(runs.create(top.model, train, owner=US), "finished")
    visit("sweep", sweep=sweep.id).button(key="sweep_repeat").click().run()
    seeds = [run.train.seed for run in runs.all_runs() if not run.sweep]
    assert sorted(seeds) == [top.train.seed + step for step in (1, 2, 3, 4, 5)]


def test_a_trial_that_a_link_names_is_opened_and_can_be_closed(visit) -> None:
    sweep = finished(US)
    at = visit("sweep", sweep=sweep.id, trial="2")
    assert not at.exception
    assert "**Trial 2**" in words(at)
    at.button(key="sweep_close").click().run()
    assert "**Trial 2**" not in words(at)


@pytest.mark.parametrize("link", ["nonsense", "../..", "20200101-000000-aaaaaa", ""])
def test_a_link_to_no_sweep_is_a_sentence(link: str, visit) -> None:
    at = visit("sweep", sweep=link)
    assert not at.exception
    assert bool(at.warning) is bool(link)


def test_a_stranger_sees_a_sweep_and_cannot_change_it(visit) -> None:
    sweep = sweeps.begin(plan("kernel=3,5"), owner="somebody")
    at = visit("sweep", sweep=sweep.id)
    assert not at.exception
    assert "belongs to another visitor" in words(at)
    assert not [it for it in at.button if it.key in ("sweep_order_pause", "sweep_order_stop")]


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_failed_and_damaged_sweeps_are_sentences(language: str, visit) -> None:
    sweep = finished(US, trials=2)
    from cnn_core.errors import SweepError

    sweeps.store.change(sweep, "failed", error=SweepError("sweep.broken", kind="OSError"))
    assert "OSError" in visit("sweep", language, sweep=sweep.id).error[0].value
    sweep.journal.write_bytes(b"nonsense\n" * 3)
    from cnn_core.sweeps import study

    study._opened.cache_clear()
    at = visit("sweep", language, sweep=sweep.id)
    assert not at.exception
    assert at.error


def test_a_deleted_trial_keeps_its_place(visit) -> None:
    sweep = finished(US)
    best = outcome.best(outcome.trials(sweep))
    runs.delete(runs.open_run(best.run), by=US)
    at = visit("sweep", sweep=sweep.id, trial=str(best.place))
    assert not at.exception
    assert "The run of this trial was deleted" in words(at)


FORM = {
    "base": "tiny", "images": "500", "epochs": "4", "trials": "7", "minutes": "0",
    "method": "grid", "pruning": "median",
    "vary_kernel.2": "3, 5", "vary_pool": "max,none", "vary_learning_rate": "0.001:0.01:log",
}  # fmt: skip


def test_a_link_sets_the_form_and_the_sweep_begins_as_it_says(visit) -> None:
    at = visit("sweep", **FORM)
    assert not at.warning
    assert visits.address(at).items() >= FORM.items()
    at.button(key="sweep_begin").click().run()
    [sweep] = sweeps.newest()
    plan = sweep.plan
    assert [it.name for it in plan.dimensions] == ["kernel.2", "pool", "learning_rate"]
    assert plan.dimensions[1].values == ("max", "none")
    assert (plan.method, plan.pruning, plan.trials, plan.minutes) == ("grid", "median", 7, 0)
    assert (plan.train.train_size, plan.train.epochs) == (500, 4)


def test_a_link_carries_the_set_up_of_the_playground_to_somebody_else(visit) -> None:
    at = visit("playground", dropout="0.15", data="digits", images="345")
    at.switch_page("pages/sweep.py").run()
    link = visits.address(at)
    assert (link["base"], link["dropout"], link["images"]) == ("current", "0.15", "345")
    other = visit("sweep", **link)
    assert visits.address(other) == link
    other.button(key="sweep_begin").click().run()
    [sweep] = sweeps.newest()
    assert (sweep.plan.model.dropout, sweep.plan.train.dataset) == (0.15, "digits")


@pytest.mark.parametrize(
    "link",
    [
        {"method": "guess"}, {"images": "-4"}, {"images": "many"}, {"epochs": "0"}, {"rows": "9"},
        {"vary_pool": "max,least"}, {"base": "current", "blocks": "x"},
    ],
)  # fmt: skip
def test_a_link_to_what_the_form_does_not_have_is_a_sentence(link: dict[str, str], visit) -> None:
    at = visit("sweep", **link)
    assert not at.exception
    assert len([*at.warning, *at.error]) == 1
    assert not at.button(key="sweep_begin").disabled


def test_no_setting_at_all_is_in_the_link_too(visit) -> None:
    at = visit("sweep", vary="none")
    assert at.session_state["sweep_fields"] == []
    assert visits.address(at)["vary"] == "none"
    assert "1 to 5 settings" in at.error[0].value

"""A sweep from its order to its end: what is tried, told, pruned, paused, stopped and taken up again."""

from __future__ import annotations

import math
import shutil

import pytest
from played_sweeps import ended
from small_runs import MODEL, PLENTY, SHORT, state
from sweep_play import Played, begin, drive, plan, play

from cnn_core import runs, sweeps, texts
from cnn_core.errors import LimitError, SweepError
from cnn_core.planning.limits import Limits
from cnn_core.runs import control
from cnn_core.sweeps import outcome, store


def by_rate(run: runs.Run, epoch: int) -> float:
    """Best around a learning rate of 0.01, better with each epoch."""
    return 0.9 - 0.1 * abs(math.log10(run.train.learning_rate) + 2) + 0.01 * epoch


@pytest.mark.parametrize("method", sweeps.METHODS)
def test_every_method_tries_different_set_ups_and_tells_how_they_ended(method: str) -> None:
    engine = Played(accuracy=by_rate)
    sweep = begin(
        engine, plan("learning_rate=0.001,0.01,0.1", "kernel=3,5", method=method, trials=5)
    )
    play(engine)
    rows = ended(sweep)
    assert [row.state for row in rows] == ["finished"] * 5
    assert [row.place for row in rows] == [1, 2, 3, 4, 5]
    tagged = [run for run in runs.all_runs() if run.sweep == sweep.id]
    assert {row.run for row in rows} == {run.id for run in tagged}
    assert len({repr((run.model, run.train)) for run in tagged}) == 5
    for row in rows:
        run = runs.open_run(row.run)
        assert row.accuracy == pytest.approx(by_rate(run, 2))
        assert (run.owner, run.train.learning_rate) == ("me", row.params["learning_rate"])
        assert (row.epochs, row.best_epoch, row.seconds) == (2, 2, 2.0)
    best = outcome.best(rows)
    assert best.accuracy == max(row.accuracy for row in rows)
    assert sweeps.progress(sweep).state == "finished"
    assert sweeps.progress(sweep).reason == "trials"


@pytest.mark.parametrize("method", sweeps.METHODS)
def test_a_small_space_ends_when_everything_was_tried(method: str) -> None:
    engine = Played()
    sweep = begin(engine, plan("kernel=3,5", "dropout=0.0,0.3", method=method, trials=20))
    play(engine)
    assert len(ended(sweep)) == 4
    assert sweeps.progress(sweep).reason == "all"


def test_what_cannot_be_trained_is_never_ordered() -> None:
    engine = Played()
    texts = ("blocks=1,4", "stride=1,4", "kernel=3,5")
    sweep = begin(engine, plan(*texts, method="random", trials=20))
    play(engine)
    assert [row.params for row in ended(sweep) if row.params["blocks"] == 4] == []
    assert {row.state for row in ended(sweep)} == {"finished"}
    assert len(ended(sweep)) == 4


def test_a_sweep_of_which_nothing_can_be_trained_fails_with_the_reason() -> None:
    sweep = begin(Played(), plan("blocks=4", trials=2))
    engine = Played()
    drive(engine)
    engine.tick()
    progress = sweeps.progress(sweep)
    assert progress.state == "failed"
    assert "shrinks to nothing" in progress.error["en"]
    assert progress.error["ko"]
    assert runs.all_runs() == []


def test_as_many_trials_train_as_there_are_workers() -> None:
    engine = Played(workers=3)
    begin(engine, plan("seed=0:9", trials=8))
    engine.tick()
    assert len(engine.training()) == 3
    engine.epoch(engine.training()[0], "finished")
    engine.tick()
    assert len(engine.training()) == 3
    assert len(engine.futures) == 4, "in the same step, without a pause"


def test_a_sweep_is_taken_up_at_the_step_after_it_was_begun() -> None:
    engine = Played()
    driver = sweeps.Driver(engine, clock=lambda: 0.0).start()  # no second passes between the steps
    driver.step()
    for number in (1, 2):
        sweeps.begin(plan("kernel=3,5", method="grid"), owner=f"visitor {number}")
        engine.tick()
        assert engine._queue.holds(runs.all_runs()[0].id)
        assert len({run.owner for run in runs.all_runs()}) == number


def test_a_single_run_that_is_ordered_during_a_sweep_of_30_trials_starts_next() -> None:
    engine = Played()
    begin(engine, plan("seed=0:99", trials=30))
    for _ in range(3):
        engine.tick()
    single = engine.order(MODEL, SHORT, owner="you", limits=PLENTY)
    own = engine.order(MODEL, SHORT, owner="me", limits=PLENTY)
    assert [engine.place(run).position for run in (single, own)] == [1, 2]
    for _ in range(2):
        engine.epoch(engine.training()[0])
        engine.tick()
    assert [it.run.id for it in engine.training()] == [single.id]
    engine.epoch(engine.training()[0], "finished")
    engine.tick()
    assert [it.run.id for it in engine.training()] == [own.id]
    engine.epoch(engine.training()[0], "finished")
    engine.tick()
    assert engine.training()[0].run.sweep, "and then the sweep goes on"


def test_weak_trials_end_early() -> None:
    engine = Played(accuracy=lambda run, epoch: 0.9 if run.train.seed < 6 else 0.1)
    train = SHORT.__class__("digits", epochs=5, batch_size=64, patience=0, precision="float32")
    asked = plan("seed=0:11", method="grid", trials=12, pruning="median")
    sweep = begin(engine, sweeps.Plan(**{**fields_of(asked), "train": train}))
    play(engine, 200)
    rows = ended(sweep)
    weak = [row for row in rows if row.state == "pruned"]
    assert weak
    assert all(row.params["seed"] >= 6 and row.epochs < 5 and row.accuracy is None for row in weak)
    assert all(row.epochs == 5 for row in rows if row.params["seed"] < 6)
    assert len(rows) == 12


def test_successive_halving_ends_trials_too() -> None:
    engine = Played(accuracy=lambda run, epoch: run.train.seed / 20)
    asked = plan("seed=0:11", method="grid", trials=12, pruning="halving")
    sweep = begin(engine, sweeps.Plan(**{**fields_of(asked), "train": EIGHT}))
    play(engine, 200)
    assert any(row.state == "pruned" for row in ended(sweep))
    assert outcome.best(ended(sweep)) is not None


EIGHT = SHORT.__class__("digits", epochs=8, batch_size=64, patience=0, precision="float32")


def fields_of(asked: sweeps.Plan) -> dict:
    return {name: getattr(asked, name) for name in asked.__dataclass_fields__}


def test_a_trial_that_fails_diverges_or_is_deleted_is_told_and_the_sweep_goes_on() -> None:
    engine = Played()
    sweep = begin(engine, plan("seed=0:9", method="grid", trials=5))
    engine.tick()
    engine.epoch(engine.training()[0], "failed")
    engine.tick()
    engine.epoch(engine.training()[0], "diverged")
    engine.tick()
    run = engine.training()[0].run
    engine.epoch(engine.training()[0])
    control.ask(run, by="me", stop=True)
    engine.epoch(engine.training()[0])
    engine.tick()
    gone = engine.training()[0]
    shutil.rmtree(gone.run.folder)
    gone.status = "finished"
    play(engine)
    assert [row.state for row in ended(sweep)] == [
        *("failed", "diverged", "stopped", "failed", "finished"),
    ]
    assert sweeps.progress(sweep).state == "finished"


@pytest.mark.parametrize("over", ["failed", "stopped"])
def test_a_trial_that_was_cut_off_waits_only_while_its_sweep_goes_on(over: str) -> None:
    engine = Played()
    sweep = begin(engine, plan("seed=0:9", trials=4))
    engine.tick()
    [trial] = runs.all_runs()
    runs.write_status(trial, "interrupted")
    [row] = outcome.trials(sweep)
    assert row.state == "queued", "the sweep continues it"
    store.change(sweep, over)
    [row] = outcome.trials(sweep)
    assert (row.state, row.over) == ("interrupted", True)
    table = texts.table("en")
    assert table[f"sweep.state_{row.state}"] == "interrupted"


def test_a_paused_sweep_begins_nothing_and_goes_on_when_it_is_resumed() -> None:
    engine = Played()
    sweep = begin(engine, plan("seed=0:9", trials=4))
    engine.tick()
    sweeps.pause(sweep, by="me")
    for _ in range(4):
        engine.tick()
        for future in engine.training():
            engine.epoch(future)
    assert [row.state for row in ended(sweep)] == ["finished"], "the one that trained"
    sweeps.resume(sweep, by="me")
    play(engine)
    assert [row.state for row in ended(sweep)] == ["finished"] * 4


def test_a_trial_that_waits_does_not_start_while_the_sweep_is_paused() -> None:
    engine = Played()
    single = engine.order(MODEL, SHORT, owner="you", limits=PLENTY)
    sweep = begin(engine, plan("seed=0:9", trials=2))
    engine.tick()
    engine.tick()
    [trial] = [run for run in runs.all_runs() if run.sweep]
    sweeps.pause(sweep, by="me")
    engine.tick()
    engine.epoch(engine.training()[0], "finished")
    engine.tick()
    engine.tick()
    assert engine.training() == []
    assert (state(single), state(trial)) == ("finished", "queued")
    sweeps.resume(sweep, by="me")
    play(engine)
    assert state(trial) == "finished"


def test_a_stopped_sweep_ends_its_trials_and_keeps_what_is_done() -> None:
    engine = Played(workers=2)
    sweep = begin(engine, plan("seed=0:9", trials=8))
    engine.tick()
    for future in list(engine.training()):
        engine.epoch(future, "finished")
    engine.tick()
    engine.epoch(engine.training()[0])
    sweeps.stop(sweep, by="me")
    for _ in range(3):
        engine.tick()
        for future in engine.training():
            engine.epoch(future)
    engine.tick()
    assert sorted(row.state for row in ended(sweep)) == [
        *("finished", "finished", "stopped", "stopped"),
    ]
    assert sweeps.progress(sweep).reason == "owner"
    assert not any(engine.holds(run.id) for run in runs.all_runs())


@pytest.mark.parametrize("change", [sweeps.pause, sweeps.resume, sweeps.stop])
def test_only_its_owner_changes_a_sweep_and_only_when_it_may_be(change) -> None:
    sweep = sweeps.begin(plan("kernel=3,5"), owner="me")
    if change is sweeps.resume:
        sweeps.pause(sweep, by="me")
    before = sweeps.progress(sweep)
    for stranger in ("", "you", "Me"):
        with pytest.raises(SweepError, match="belongs to another visitor"):
            change(sweep, by=stranger)
        assert sweeps.progress(sweep) == before
    change(sweep, by="me")
    with pytest.raises(SweepError, match="in another state"):
        change(sweep, by="me")


def test_a_stopped_sweep_stays_so() -> None:
    sweep = sweeps.begin(plan("kernel=3,5"), owner="me")
    sweeps.stop(sweep, by="me")
    for change in (sweeps.pause, sweeps.resume, sweeps.stop):
        with pytest.raises(SweepError, match="is over"):
            change(sweep, by="me")


def test_the_time_limit_lets_those_that_train_come_to_their_end() -> None:
    now = 0.0
    engine = Played()
    sweep = sweeps.begin(plan("seed=0:9", trials=8, minutes=1), owner="me")
    driver = sweeps.Driver(engine, clock=lambda: now)
    engine.works.append(driver.step)
    engine.tick()
    now = 61.0
    engine.tick()
    engine.epoch(engine.training()[0])
    engine.epoch(engine.training()[0])
    now = 62.0
    engine.tick()
    progress = sweeps.progress(sweep)
    assert (progress.state, progress.reason, progress.seconds) == ("finished", "time", 62.0)
    assert [row.state for row in ended(sweep)] == ["finished"]


def test_the_next_name_is_one_that_no_sweep_of_its_owner_has() -> None:
    def begin_next(owner: str) -> sweeps.Sweep:
        name = sweeps.free_name(owner, "Sweep {}".format)
        return sweeps.begin(plan("seed=0:9"), owner=owner, name=name, limits=Limits(sweeps=9))

    first, *others = [begin_next("me") for _ in range(3)]
    shutil.rmtree(first.folder)
    names = [sweep.name for sweep in (*others, begin_next("me"), begin_next("you"))]
    assert names == ["Sweep 2", "Sweep 3", "Sweep 4", "Sweep 1"]


def test_caps_hold() -> None:
    with pytest.raises(LimitError, match="5 trials are too many"):
        sweeps.begin(plan("seed=0:9", trials=5), limits=Limits(trials=4))
    sweeps.begin(plan("seed=0:9"), owner="me", limits=Limits(sweeps=1))
    with pytest.raises(LimitError, match="limit of 1"):
        sweeps.begin(plan("seed=0:9"), owner="me", limits=Limits(sweeps=1))
    sweeps.begin(plan("seed=0:9"), owner="you", limits=Limits(sweeps=1))
    assert len(sweeps.newest()) == 2

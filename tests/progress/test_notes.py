"""Hand-written runs with known remarks, and runs on which there is nothing to remark."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnn_core import texts
from cnn_core.config import TEXTBOOK, TrainConfig
from cnn_core.progress.events import BatchEnd, EpochEnd, LearningRateChanged, RunEnded, RunStarted
from cnn_core.progress.history import History
from cnn_core.progress.notes import MOST_NOTES, Note, narrate

TRAIN = TrainConfig(size="full", epochs=20, patience=3)
START = RunStarted(333_526, 9_600, 300, "float32")
# The plain recipe on the full Fashion-MNIST: training and validation loss, epoch by epoch.
TEXTBOOK_TRAIN = [0.50, 0.33, 0.28, 0.25, 0.23, 0.21, 0.19, 0.17, 0.16, 0.14]
TEXTBOOK_VAL = [0.36, 0.29, 0.265, 0.25, 0.24, 0.235, 0.229, 0.236, 0.245, 0.25]


def epochs(train: list[float], val: list[float], first: int = 1) -> tuple[EpochEnd, ...]:
    """Complete epochs whose accuracies follow from the losses."""
    return tuple(
        EpochEnd(number, loss, 1 - loss / 3, val_loss, 1 - val_loss / 3, 1e-3, 20.0)
        for number, (loss, val_loss) in enumerate(zip(train, val, strict=True), first)
    )


def run(
    train: list[float],
    val: list[float],
    reason: str = "",
    planned: int = 20,
    accuracy: float | None = None,
) -> History:
    ends = epochs(train, val)
    if accuracy is not None:
        ends = tuple(replace(end, val_accuracy=accuracy) for end in ends)
    best = min(range(len(val)), key=val.__getitem__) + 1 if val else 0
    ended = RunEnded(reason, len(ends), best, 200.0) if reason else None
    return History(planned, epochs=ends, started=START, ended=ended)


def batches(losses: list[float], epoch: int = 1) -> tuple[BatchEnd, ...]:
    return tuple(
        BatchEnd(epoch, number, 300, loss, 0.5, 1e-3, 2_000.0)
        for number, loss in enumerate(losses, 1)
    )


def keys(history: History, train: TrainConfig = TRAIN, **model: object) -> list[str]:
    return [note.key for note in narrate(history, train, replace(TEXTBOOK, **model))]


def only(history: History, key: str, train: TrainConfig = TRAIN) -> Note:
    found = [note for note in narrate(history, train) if note.key == key]
    assert found, f"{key} is not among {[note.key for note in narrate(history, train)]}"
    return found[0]


def test_there_is_nothing_to_say_before_the_first_batch():
    assert narrate(History(20), TRAIN) == ()
    assert narrate(History(20, started=START), TRAIN) == ()


def test_the_first_batches_learn():
    history = History(20, started=START, batches=batches([2.4, 2.1, 1.6, 1.3, 1.1, 1.0, 0.9]))
    note = only(history, "learning")
    assert (note.level, note.epoch, note.slots["chance"]) == ("good", 1, "2.303")


def test_a_few_lucky_batches_are_not_learning_yet():
    assert (
        keys(History(20, started=START, batches=batches([2.3, 2.3, 1.2, 2.3, 2.3, 2.2, 2.3]))) == []
    )


def test_what_was_said_of_the_first_batches_stays_while_more_come():
    losses = [2.4, 2.1, 1.6, 1.3, 1.1, 1.0, 0.9, 1.9, 2.2, 1.8]
    said = [
        narrate(History(20, started=START, batches=batches(losses[:n])), TRAIN) for n in (7, 8, 10)
    ]
    assert said[0] == said[1] == said[2]


@pytest.mark.parametrize(
    ("optimizer", "rate", "key"),
    [
        ("adam", 0.03, "not_learning_high"),
        ("adam", 1e-6, "not_learning_low"),
        ("adam", 1e-3, "not_learning"),
        ("sgd", 0.03, "not_learning"),
        ("sgd", 1e-4, "not_learning_low"),
    ],
)
def test_a_loss_that_stays_at_chance(optimizer: str, rate: float, key: str):
    train = replace(TRAIN, optimizer=optimizer, learning_rate=rate)
    note = only(run([2.304], [2.303], accuracy=0.101), key, train)
    assert (note.level, note.epoch) == ("problem", 1)


def test_chance_depends_on_the_classes():
    assert keys(run([0.69], [0.70], accuracy=0.5), classes=2) == ["not_learning"]
    assert "not_learning" not in keys(run([0.69], [0.70]))


@pytest.mark.parametrize(
    ("loss", "val_loss", "accuracy", "batches"),
    [
        (2.25, 1.34, 0.75, 300),  # dropout 0.9: only training looks like guessing
        (2.27, 2.10, 0.376, 7),  # the mean over the first epoch of 200 images
        (2.30, 2.29, 0.376, 300),  # right far more often than by chance
        (2.30, 2.30, 0.1, 7),  # a few batches are no evidence
    ],
)
def test_a_training_loss_like_that_of_guessing_is_not_enough_to_say_that_nothing_is_learned(
    loss: float, val_loss: float, accuracy: float, batches: int
):
    started = replace(START, batches=batches)
    history = replace(run([loss], [val_loss], accuracy=accuracy), started=started)
    assert not {key for key in keys(history) if key.startswith("not_learning")}


def test_overfitting_is_said_of_no_epoch_of_eight_real_trainings_that_a_better_one_follows():
    """scikit-learn's digits, the textbook network on 8x8, batch 16, 30 epochs, seeds 0 to 7."""
    path = Path(__file__).parents[1] / "digits_histories.json"
    trainings = json.loads(path.read_text(encoding="utf-8"))
    assert [len(rows) for rows in trainings] == [30] * 8
    train = TrainConfig("digits", epochs=30, batch_size=16, patience=0)
    too_soon = []
    for seed, rows in enumerate(trainings):
        ends = tuple(EpochEnd(n, *row, 1e-3, 1.0) for n, row in enumerate(rows, 1))
        for count in range(1, 31):
            before, after = ends[:count], ends[count:]
            lowest = min(end.val_loss for end in before)
            history = History(30, epochs=before, started=START)
            if "overfitting" in keys(history, train, input_shape=(8, 8, 1)):
                assert before[-1].loss < before[-1].val_loss
                if any(end.val_loss < lowest for end in after):
                    too_soon.append((seed, count))
    assert too_soon == []


@pytest.mark.parametrize(("size", "heard"), [("sample", False), ("full", True)])
def test_how_far_the_loss_must_rise_depends_on_how_many_images_measure_it(size: str, heard: bool):
    history = run(TEXTBOOK_TRAIN, TEXTBOOK_VAL)
    assert ("overfitting" in keys(history, replace(TRAIN, size=size))) is heard


def test_overfitting_is_not_said_while_the_training_loss_is_the_higher_one():
    assert "overfitting" not in keys(run([0.9, 0.8, 0.7, 0.69], [0.4, 0.3, 0.5, 0.6]))


def test_overfitting_is_taken_back_when_a_better_epoch_comes():
    train, val = [0.5, 0.3, 0.2, 0.15, 0.1, 0.09], [0.4, 0.33, 0.30, 0.38, 0.40, 0.29]
    assert "overfitting" in keys(run(train[:5], val[:5]))
    assert "overfitting" not in keys(run(train, val))


def test_overfitting_names_the_epoch_after_which_the_validation_loss_rises():
    history = run([0.5, 0.3, 0.2, 0.15, 0.1], [0.4, 0.33, 0.30, 0.33, 0.36])
    note = only(history, "overfitting")
    assert (note.level, note.epoch) == ("warning", 3)
    assert note.slots == {
        "epoch": 3,
        "low": "0.300",
        "now": "0.360",
        "train": "0.100",
        "gap": "0.260",
    }


def test_overfitting_hushes_the_gap_that_it_explains():
    history = run([0.5, 0.2, 0.1, 0.05], [0.40, 0.42, 0.55, 0.65])
    assert "gap" not in keys(history)
    assert "overfitting" in keys(history)


@pytest.mark.parametrize(
    ("train", "val"),
    [
        ([0.5, 0.3, 0.2, 0.15], [0.4, 0.33, 0.30, 0.33]),  # one worse epoch may be chance
        ([0.5, 0.3, 0.2, 0.19, 0.18], [0.4, 0.3, 0.250, 0.252, 0.251]),  # noise, not a rise
        ([0.5, 0.3, 0.2, 0.25, 0.3], [0.4, 0.33, 0.30, 0.33, 0.36]),  # training gets worse as well
        ([0.5, 0.3, 0.2, 0.15, 0.1], [0.4, 0.33, 0.30, 0.33, 0.29]),  # it came back
    ],
    ids=["one epoch", "noise", "both rise", "recovered"],
)
def test_no_false_alarm_of_overfitting(train: list[float], val: list[float]):
    assert "overfitting" not in keys(run(train, val))


def test_diverged_names_rate_and_optimizer_and_says_nothing_else():
    train = replace(TRAIN, optimizer="momentum", learning_rate=0.5)
    history = run([1.9, math.nan], [1.8, math.nan], "diverged")
    (note,) = narrate(history, train)
    assert (note.key, note.level, note.epoch) == ("diverged", "problem", 2)
    assert note.slots == {"epoch": 2, "rate": "0.5", "optimizer": "momentum", "smaller": "0.05"}
    assert "SGD with momentum" in note.sentence("en")
    assert "모멘텀" in note.sentence("ko")


def test_diverged_is_seen_in_a_batch_already_and_names_the_rate_in_force():
    change = LearningRateChanged(1, 2, 3.0)
    history = History(
        20, started=START, batches=batches([2.3, 2.2, math.nan]), learning_rates=(change,)
    )
    assert only(history, "diverged").slots["smaller"] == "0.3"


def test_a_jump_of_the_training_loss():
    note = only(run([0.6, 0.4, 0.7], [0.5, 0.4, 0.8]), "jump")
    assert (note.epoch, note.slots["before"], note.slots["after"]) == (3, "0.400", "0.700")


@pytest.mark.parametrize(
    "train",
    [[0.6, 0.4, 0.42], [0.6, 0.4, 0.7, 0.35], [0.02, 0.010, 0.015]],
    ids=["noise", "recovered", "tiny losses"],
)
def test_no_false_alarm_of_a_jump(train: list[float]):
    assert "jump" not in keys(run(train, [0.5] * len(train)))


def test_a_wide_gap_between_the_accuracies():
    note = only(run([0.5, 0.1], [0.52, 0.51]), "gap")
    assert (note.level, note.slots["train"], note.slots["val"]) == ("warning", "96.7%", "83.0%")
    assert note.slots["gap"] == "14"
    assert "gap" not in keys(run([0.5, 0.3], [0.52, 0.5]))


def test_early_stopping_needs_no_note_beside_the_result():
    assert keys(run(TEXTBOOK_TRAIN, TEXTBOOK_VAL, "early_stopping")) == ["overfitting"]


def test_overfitting_is_not_told_of_a_loss_that_came_down_again():
    risen = run([0.5, 0.4, 0.3, 0.2], [0.40, 0.60, 0.55, 0.50])
    assert only(risen, "overfitting").slots["now"] == "0.500"
    assert "overfitting" not in keys(run([0.5, 0.4, 0.3, 0.2], [0.40, 0.60, 0.55, 0.401]))


def test_before_it_stops_early_the_epochs_left_are_counted():
    history = run(TEXTBOOK_TRAIN[:9], TEXTBOOK_VAL[:9])
    assert only(history, "waiting").slots == {"epoch": 7, "left": 1}
    assert "waiting" not in keys(history, replace(TRAIN, patience=0))
    assert "waiting" not in keys(run(TEXTBOOK_TRAIN[:8], TEXTBOOK_VAL[:8]))


def test_no_early_stopping_is_foretold_that_the_last_epoch_forestalls():
    assert "waiting" not in keys(
        run(TEXTBOOK_TRAIN[:9], TEXTBOOK_VAL[:9]), replace(TRAIN, epochs=10)
    )


def test_still_improving_at_the_end():
    history = run([0.5, 0.4, 0.3], [0.45, 0.38, 0.31], "finished", planned=3)
    assert only(history, "more_epochs").epoch == 3
    assert "more_epochs" not in keys(history, replace(TRAIN, schedule="one_cycle"))
    assert "more_epochs" not in keys(run([0.5, 0.4, 0.3], [0.45, 0.31, 0.3095], "finished"))
    assert "more_epochs" not in keys(run([0.5, 0.4, 0.3], [0.45, 0.31, 0.33], "finished"))


def test_validation_below_training_at_first_is_explained():
    history = run([0.6], [0.45])
    assert keys(history) == ["kinder_dropout"]
    assert keys(history, dropout=0.0) == ["kinder_mean"]
    assert keys(history, replace(TRAIN, augmentation="noise")) == ["kinder_augmented"]
    assert "kinder_dropout" not in keys(run([0.6] * 4, [0.45] * 4))


def test_stopped_in_the_middle_of_an_epoch():
    ended = RunEnded("stopped", 2, 1, 30.0)
    cut = replace(epochs([0.4], [0.35], first=2)[0], complete=False)
    history = History(20, epochs=(*epochs([0.6], [0.62]), cut), started=START, ended=ended)
    assert only(history, "stopped").epoch == 2
    whole = History(20, epochs=epochs([0.6], [0.62]), started=START, ended=ended)
    assert "stopped" not in keys(whole)


def test_an_epoch_that_was_stopped_on_its_way_is_judged_by_no_rule():
    cut = replace(epochs([2.3], [2.3], first=3)[0], complete=False)
    history = History(20, epochs=(*epochs([0.5, 0.4], [0.52, 0.42]), cut), started=START)
    assert keys(history) == ["improving"]


@pytest.mark.parametrize(
    ("after", "key", "level"),
    [(0.3, "rate_fell", "info"), (0.7, "rate_rose", "warning")],
)
def test_another_learning_rate_and_what_it_did(after: float, key: str, level: str):
    history = replace(
        run([0.6, 0.5, 0.45, after], [0.6, 0.55, 0.54, 0.53]),
        learning_rates=(LearningRateChanged(3, 100, 1e-4),),
    )
    note = only(history, key)
    assert (note.level, note.epoch) == (level, 3)
    assert note.slots == {"epoch": 3, "rate": "0.0001", "before": "0.500", "after": f"{after:.3f}"}
    assert "jump" not in keys(history)


def test_the_effect_of_a_learning_rate_waits_for_a_whole_epoch_and_is_forgotten_later():
    change = (LearningRateChanged(2, 100, 1e-4),)
    early = replace(run([0.6, 0.5], [0.6, 0.55]), learning_rates=change)
    assert "rate_changed" in keys(early)
    late = replace(run(TEXTBOOK_TRAIN[:7], TEXTBOOK_VAL[:7]), learning_rates=change)
    assert not {key for key in keys(late) if key.startswith("rate")}


def test_the_first_batch_of_an_epoch_makes_it_a_whole_epoch():
    history = replace(
        run([0.6, 0.5, 0.3], [0.6, 0.55, 0.5]), learning_rates=(LearningRateChanged(3, 1, 1e-4),)
    )
    assert only(history, "rate_fell").slots["after"] == "0.300"


@pytest.mark.parametrize("count", range(2, 8))
def test_the_textbook_run_raises_no_alarm_while_it_goes_well(count: int):
    notes = narrate(run(TEXTBOOK_TRAIN[:count], TEXTBOOK_VAL[:count]), TRAIN)
    assert {note.level for note in notes} <= {"good", "info"}
    assert notes


def test_a_good_end_is_praised():
    history = run([0.5, 0.35, 0.30], [0.45, 0.340, 0.3395], "finished", planned=3)
    assert keys(history, replace(TRAIN, epochs=3), dropout=0.0) == ["close"]


@pytest.mark.parametrize("language", texts.LANGUAGES)
@pytest.mark.parametrize(
    "key", sorted(key.removeprefix("note.") for key in texts.table("en") if key.startswith("note."))
)
def test_every_sentence_can_be_said(key: str, language: str):
    names = ("epoch", "rate", "smaller", "larger", "loss", "chance", "low", "now", "train", "val")
    slots = dict.fromkeys(
        (*names, "gap", "before", "after", "best", "patience", "left", "accuracy"), 1
    )
    of_layers = ("layer", "first", "last", "small", "large", "count", "factor", "activation")
    slots |= dict.fromkeys((*of_layers, "zeros", "ratio", "high", "usual"), 1)
    sentence = Note(key, "info", 1, {**slots, "optimizer": "adam"}).sentence(language)
    assert sentence
    assert "{" not in sentence


LOSSES = st.lists(
    st.tuples(st.floats(0, 10) | st.just(math.nan), st.floats(0, 10) | st.just(math.nan)),
    max_size=12,
)
REASONS = st.sampled_from(["", "finished", "early_stopping", "stopped", "diverged"])
CHANGES = st.lists(
    st.builds(LearningRateChanged, st.integers(1, 12), st.integers(1, 300), st.just(0.1)),
    max_size=2,
)


@given(LOSSES, REASONS, CHANGES, st.integers(0, 5))
def test_any_run_gets_few_notes_that_can_be_said_in_both_languages(
    losses: list[tuple[float, float]],
    reason: str,
    changes: list[LearningRateChanged],
    patience: int,
):
    history = run([a for a, _ in losses], [b for _, b in losses], reason)
    history = replace(history, learning_rates=tuple(changes))
    notes = narrate(history, replace(TRAIN, patience=patience))
    assert len(notes) <= MOST_NOTES
    assert len({note.key for note in notes}) == len(notes)
    for note in notes:
        assert note.level in {"good", "info", "warning", "problem"}
        for language in texts.LANGUAGES:
            assert "nan" not in note.sentence(language).lower().split()

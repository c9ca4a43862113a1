"""What a sweep has found, against Optuna's own output: importance, parallel coordinates, history, CSV."""

from __future__ import annotations

import csv
import io
import itertools
import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import optuna
import pytest
from patience import until
from small_runs import MODEL, SHORT
from sweep_play import Played, begin, plan, play

from cnn_core import runs, sweeps, texts
from cnn_core.analysis import selection
from cnn_core.export import sweep_report
from cnn_core.figures import palette
from cnn_core.figures import sweeps as figures
from cnn_core.figures.sweeps import Axis, Point, SweepWords
from cnn_core.sweeps import Sweep, outcome
from cnn_core.sweeps.evaluator import EVALUATORS, evaluate
from cnn_core.sweeps.importance import _run, importance
from cnn_core.sweeps.outlook import outlook
from cnn_core.sweeps.study import open_to_read

WORDS = SweepWords.of(texts.table("en"))
TRIALS = 16


def accuracy(run: runs.Run, epoch: int) -> float:
    block = run.model.blocks[0]
    rate = math.log10(run.train.learning_rate)
    return 0.7 + 0.05 * block.kernel / 7 - 0.05 * (rate + 2.5) ** 2 + (block.pool == "max") * 0.01


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Sweep:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONVSCOPE_HOME", str(tmp_path_factory.mktemp("findings")))
        engine = Played(accuracy=accuracy)
        asked = plan(
            *("kernel=1,3,5,7", "learning_rate=0.0005:0.02:log", "pool=max,none", "pool_size=2,3"),
            trials=TRIALS,
        )
        swept = begin(engine, asked, owner="me", name="Sweep 1")
        play(engine)
        assert len(outcome.trials(swept)) == TRIALS
        return swept


@pytest.fixture
def study(sweep: Sweep) -> optuna.Study:
    return open_to_read(sweep)


def axes(sweep: Sweep) -> list[Axis]:
    return [
        Axis(it.name, it.values, tuple(map(str, it.values)), it.low, it.high, it.log)
        for it in sweep.plan.dimensions
    ]


def points(sweep: Sweep) -> list[Point]:
    names = [it.name for it in sweep.plan.dimensions]
    return [
        Point(row.place, tuple(row.params.get(name) for name in names), row.accuracy)
        for row in outcome.trials(sweep)
    ]


@pytest.mark.slow
def test_the_importance_is_optunas(sweep: Sweep, study: optuna.Study) -> None:
    judges = {
        "ped_anova": optuna.importance.PedAnovaImportanceEvaluator(),
        "fanova": optuna.importance.FanovaImportanceEvaluator(seed=0),
    }
    assert set(judges) == set(EVALUATORS)
    for name, judge in judges.items():
        theirs = optuna.importance.get_param_importances(study, evaluator=judge)
        ours = until(lambda name=name: importance(sweep, name, TRIALS))
        assert ours == pytest.approx(theirs)
        assert list(ours) == list(theirs)
        assert sum(ours.values()) == pytest.approx(1.0)


@pytest.mark.slow
def test_an_importance_that_cannot_be_calculated_is_none_without_a_traceback(
    tmp_path: Path, sweep: Sweep, caplog: pytest.LogCaptureFixture
) -> None:
    lost = replace(sweep, folder=tmp_path)
    answers = [None]
    until(lambda: answers.append(importance(lost, "fanova", 1)) or answers[-1] is not None)
    assert answers[-1] == {}
    assert "cannot be calculated" in caplog.text
    assert "Traceback" not in caplog.text


def test_there_is_no_importance_of_trials_that_do_not_differ() -> None:
    assert evaluate(optuna.create_study(), "ped_anova") == {}
    same = optuna.create_study()
    for value in (1.0, 1.0):
        same.add_trial(optuna.trial.create_trial(value=value))
    assert evaluate(same, "fanova") == {}
    for value in (1.0, 2.0):
        same.add_trial(optuna.trial.create_trial(value=value))
    assert evaluate(same, "fanova") == evaluate(same, "ped_anova") == {}


def test_the_parallel_coordinates_are_optunas(sweep: Sweep, study: optuna.Study) -> None:
    theirs = optuna.visualization.plot_parallel_coordinate(study)
    lines = [trace.customdata for trace in theirs.data if trace.mode == "lines"]
    option = figures.parallel(points(sweep), axes(sweep), words=WORDS, palette=palette.LIGHT)
    names = [title["text"].replace("\n", " ") for title in option["title"][1:]]
    ours = option["series"]["data"]
    assert len(lines) == len(ours) == TRIALS
    texts_of = [{str(label): str(text) for label, text in line} for line in lines]
    texts_of.sort(key=lambda line: float(line["learning_rate"]))  # Optuna draws the best last
    ours = sorted(ours, key=lambda line: line["value"][names.index("learning_rate")])
    for told, own in zip(texts_of, ours, strict=True):
        values = dict(zip(names, own["value"], strict=True))
        assert float(told.pop("Objective Value")) * 100 == pytest.approx(
            values[WORDS.short], rel=1e-3
        )
        for label, text in told.items():
            value = values[label]
            if value is None:
                assert text == "None"
            elif isinstance(value, float):
                assert float(text) == pytest.approx(value, rel=1e-2)
            else:
                assert text == str(value)
    assert [axis["type"] for axis in option["parallelAxis"]] == [
        *("category", "category", "category", "log", "value"),
    ]
    assert all(axis.get("min", 0) < axis.get("max", 1) for axis in option["parallelAxis"])


def test_the_history_of_the_best_is_optunas(sweep: Sweep, study: optuna.Study) -> None:
    theirs = optuna.visualization.plot_optimization_history(study).data
    best = next(trace for trace in theirs if trace.name == "Best Value").y
    ours = [value for _, _, value in outcome.best_so_far(outcome.trials(sweep))]
    assert ours == pytest.approx(list(best))
    option = figures.history(points(sweep), axes(sweep), TRIALS, words=WORDS, palette=palette.LIGHT)
    assert [y / 100 for _, y in option["series"][1]["data"]] == pytest.approx(list(best), abs=1e-5)
    assert outcome.best(outcome.trials(sweep)).accuracy == study.best_value


def test_a_slice_has_a_point_for_each_trial_with_the_setting(sweep: Sweep) -> None:
    for number, axis in enumerate(axes(sweep)):
        option = figures.slice_of(
            points(sweep), axes(sweep), number, words=WORDS, palette=palette.DARK
        )
        values = [point.values[number] for point in points(sweep)]
        assert len(option["series"]["data"]) == sum(value is not None for value in values)
        assert option["xAxis"]["type"] == ("log" if axis.log else "category")


def test_the_heat_map_holds_the_means_as_numbers() -> None:
    rows, columns = Axis("a", (1, 2), ("1", "2")), Axis("b", (0.1, 0.3), ("0.1", "0.3"))
    made = [
        Point(1, (1, 0.1), 0.5),
        Point(2, (1, 0.1), 0.6),
        Point(3, (2, 0.3), 0.9),
        Point(4, (2, None), 0.9),
    ]
    option = figures.heat(made, [rows, columns], words=WORDS, palette=palette.LIGHT)
    cells = {tuple(cell["value"][:2]): cell for cell in option["series"]["data"]}
    assert set(cells) == {(0, 0), (1, 1)}
    assert cells[0, 0]["value"][2] == pytest.approx(55.0)
    assert cells[0, 0]["label"]["formatter"] == "55.0"
    assert "trials: 2" in cells[0, 0]["name"]
    assert (option["xAxis"]["name"], option["yAxis"]["name"]) == ("b", "a")
    assert option["grid"]["outerBoundsContain"] == "all", "both names lie inside of the chart"


@pytest.mark.parametrize("look", [palette.LIGHT, palette.DARK], ids=["light", "dark"])
def test_every_trial_can_be_seen_on_the_page(look: palette.Palette) -> None:
    results = [Point(place, (3,), place / 10) for place in range(1, 10)]
    axis = [Axis("kernel", (3, 5), ("3", "5"))]
    lines = figures.parallel(results, axis, words=WORDS, palette=look)
    points = figures.slice_of(results, axis, 0, words=WORDS, palette=look)
    opaque = lines["series"]["lineStyle"]["opacity"]
    for option, opacities in (
        (lines, [opaque]),
        (points, points["visualMap"]["inRange"]["opacity"]),
    ):
        colours = option["visualMap"]["inRange"]["color"]
        assert len(colours) > 1
        for colour, opacity in itertools.product(colours, opacities):
            pairs = zip(palette.rgb(colour), palette.rgb(look.background), strict=True)
            seen = [round(opacity * ours + (1 - opacity) * page) for ours, page in pairs]
            shade = "#{:02x}{:02x}{:02x}".format(*seen)
            assert palette.contrast(shade, look.background) >= 3, colour
    assert len(set(lines["visualMap"]["inRange"]["color"])) == figures.SCALE_STEPS


@pytest.mark.parametrize(
    "accuracies", [(), (0.8056, 0.934), (0.5,), (0.001, 0.999), (0.9712, 0.9723), (0.2153, 0.4514)]
)
def test_the_numbers_of_a_scale_of_accuracies_are_evenly_spaced(
    accuracies: tuple[float, ...],
) -> None:
    results = [Point(place, (3,), value) for place, value in enumerate(accuracies, 1)]
    axis = [Axis("kernel", (3, 5), ("3", "5"), 0.0, 0.0, False)]
    look = {"words": WORDS, "palette": palette.LIGHT}
    charts = [
        figures.history(results, axis, 6, **look)["yAxis"],
        figures.slice_of(results, axis, 0, **look)["yAxis"],
        figures.parallel(results, axis, **look)["parallelAxis"][-1],
    ]
    for scale in charts:
        steps = (scale["max"] - scale["min"]) / scale["interval"]
        assert steps == pytest.approx(round(steps), abs=1e-6)
        assert 1 <= steps <= 10


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_charts_of_nothing_and_their_descriptions_are_whole(language: str, sweep: Sweep) -> None:
    words = SweepWords.of(texts.table(language))
    for made in ([], points(sweep)):
        for chart in (figures.parallel,):
            assert chart(made, axes(sweep), words=words, palette=palette.LIGHT)
        assert figures.history(made, axes(sweep), 3, words=words, palette=palette.LIGHT)
        told = figures.alt(words.history, made, axes(sweep), words=words)
        assert words.history in told
        assert "{" not in told
    bars = figures.importance_alt({"a": 0.75, "b": 0.25}, words=words)
    assert "a 75%" in bars


def test_the_csv_has_a_row_for_each_trial(sweep: Sweep) -> None:
    rows = outcome.trials(sweep)
    table = list(csv.DictReader(io.StringIO(outcome.to_csv(sweep, rows))))
    assert len(table) == TRIALS
    for row, line in zip(rows, table, strict=True):
        assert float(line["val_accuracy"]) == row.accuracy
        assert (line["run"], line["state"]) == (row.run, "finished")
        assert float(line["learning_rate"]) == row.params["learning_rate"]
        assert line["pool_size"] == str(row.params.get("pool_size", ""))


def test_the_luck_of_the_best_counts_the_trials_and_the_images(sweep: Sweep) -> None:
    rows = outcome.trials(sweep)
    images = outcome.validation_images(sweep)
    assert images == 288
    best = outcome.best(rows)
    expected = selection.expected_maximum(TRIALS) * math.sqrt(
        best.accuracy * (1 - best.accuracy) / images
    )
    assert outcome.optimism(sweep, rows) == pytest.approx(expected)
    assert outcome.optimism(sweep, rows[:1]) is None


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_the_report_is_whole_and_escapes_what_it_shows(language: str, sweep: Sweep) -> None:
    facts = sweep_report.Facts(
        title="<b>x</b>", made="2026", plan="plan", best="**best** <i>", luck="", columns=["a<"],
        rows=[["<script>"]], points=points(sweep), trials=TRIALS, script="print('<')",
    )  # fmt: skip
    html = sweep_report.to_html(facts, language)
    assert "<b>best</b>" in html
    assert not re.search("<b>x|<script|<i>", html)
    assert html.count("<circle") == TRIALS
    assert "http" not in html.replace("http://www.w3.org", "")
    empty = sweep_report.Facts(
        **{**{it: getattr(facts, it) for it in facts.__slots__}, "points": []}
    )
    assert sweep_report.to_html(empty, language)


# What to expect before it starts


def flat(seconds: float):
    return lambda model, train: seconds * model.blocks[0].kernel


def test_the_estimate_lies_in_its_range_and_shares_the_work_among_workers() -> None:
    asked = plan("kernel=1,3", trials=10, method="random")
    ahead = outlook(asked, lambda *_: None, flat(10.0), 1)
    assert (ahead.trials, ahead.trial) == (2, 30.0)
    assert ahead.seconds == pytest.approx(2 * 20.0)
    assert ahead.low < ahead.seconds < ahead.high
    both = outlook(asked, lambda *_: None, flat(10.0), 2)
    assert both.seconds == pytest.approx(20.0)
    many = outlook(plan("seed=0:999", trials=30), lambda *_: None, flat(1.0), 2)
    assert many.seconds == pytest.approx(30 * 3 / 2)


def test_measurements_that_agree_make_the_range_narrower() -> None:
    asked = plan("seed=0:99", trials=10)

    def width() -> float:
        ahead = outlook(asked, lambda *_: None, flat(1.0), 1)
        return ahead.high / ahead.low

    vague = width()
    for speed in (1.0, 1.01, 0.99):
        runs.write_status(runs.create(MODEL, SHORT), "finished", speed=speed)
    assert width() < vague
    for speed in (0.3, 3.0):
        runs.write_status(runs.create(MODEL, SHORT), "finished", speed=speed)
    assert width() > vague


def test_pruning_and_a_time_limit_shorten_the_estimate() -> None:
    plain = outlook(plan("seed=0:99", trials=100), lambda *_: None, flat(10.0), 1)
    weak = outlook(plan("seed=0:99", trials=100, pruning="median"), lambda *_: None, flat(10.0), 1)
    assert weak.low < plain.low
    short = outlook(plan("seed=0:99", trials=100, minutes=5), lambda *_: None, flat(10.0), 1)
    assert short.high <= 5 * 60 + 30
    unknown = outlook(plan("seed=0:99"), lambda *_: None, lambda *_: None, 1)
    assert unknown.seconds is unknown.trial is None


def test_a_plan_comes_back_from_its_folder() -> None:
    asked = plan("kernel=3,5", "learning_rate=1e-4:1e-2:log", method="tpe", minutes=3)
    made = sweeps.begin(asked, owner="me", name="  a\nname ")
    again = sweeps.open_sweep(made.id)
    assert (again.plan, again.owner, again.name) == (asked, "me", "a name")


@pytest.mark.parametrize("language", texts.LANGUAGES)
@pytest.mark.parametrize("count", range(1, 6))
def test_the_names_of_parallel_axes_are_whole_on_a_phone(count: int, language: str) -> None:
    """None overlaps its neighbour in a chart 350 pixels wide, whose letters take up to 14 pixels."""
    name = f"{texts.say(language, 'field.kernel')} (1)"
    lines = [figures.Axis(name, ("a", "b"), ("a", "b")) for _ in range(count)]
    words = figures.SweepWords.of(texts.table(language))
    option = figures.parallel([], lines, words=words, palette=palette.LIGHT)
    titles = option["title"][1:]
    written = [title["text"].replace("\n", "").replace(" ", "") for title in titles]
    assert written == [text.replace(" ", "") for text in [name] * count + [words.short]]
    assert all(title["textStyle"]["overflow"] == "break" for title in titles)

    def span(title: dict[str, Any]) -> tuple[float, float]:
        width = title["textStyle"]["width"]
        place = 3.5 * float(str(title["left"]).removesuffix("%"))
        before = {"left": 0.0, "center": 0.5, "right": 1.0}[title["textAlign"]]
        return place - before * width, place + (1 - before) * width

    for row in {title["top"] for title in titles}:
        spans = sorted(span(title) for title in titles if title["top"] == row)
        assert all(end <= start for (_, end), (start, _) in itertools.pairwise(spans))
        assert 22 + 36 <= row <= option["parallel"]["top"]


@pytest.mark.parametrize("deleted", [True, False])
def test_only_the_importance_of_a_sweep_that_is_still_there_is_missed(
    deleted: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    journal = tmp_path / "sweep" / "journal.log"
    if not deleted:
        journal.parent.mkdir()
        journal.write_text("no journal\n", encoding="utf-8")
    assert _run(journal, "a sweep", EVALUATORS[0]) == {}
    assert bool(caplog.messages) is not deleted

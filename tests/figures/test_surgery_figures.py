"""The charts of surgery and embedding: the numbers they hold, and which image or filter a click means."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from cnn_core import texts
from cnn_core.figures import embedding, palette, surgery
from cnn_core.figures.charts import ControlWords
from cnn_core.figures.embedding import Cloud

NAMES = ["cat", "dog", "{hen}"]
WORDS = surgery.Words.of(texts.table("en"))
POINTS = embedding.Words.of(texts.table("ko"))


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(3, 0, "+3"), (-3, 0, "−3"), (0, 0, "0"), (-0.004, 2, "0.00"), (-4.16, 2, "−4.16")],
)
def test_a_change_has_a_sign_unless_it_is_none(value: float, digits: int, text: str):
    assert surgery.signed(value, digits) == text


def test_bars_stand_for_both_probabilities_and_names_are_escaped():
    html = surgery.shares_html(
        np.array([0.7, 0.3, 0.0]), np.array([0.25, 0.65, 0.1]), ["<b>", "dog", "hen"], "a & b"
    )
    assert re.findall(r"width:([\d.]+)%", html) == ["70.0", "25.0", "30.0", "65.0", "0.0", "10.0"]
    assert "&lt;b&gt;" in html
    assert 'aria-label="a &amp; b"' in html
    [top] = re.findall(r'class="row top"><span class="name">(.*?)</span>', html)
    assert top == "dog"


def test_each_cell_of_the_difference_says_how_many_more_or_fewer():
    before, after = np.array([[5, 0, 1], [2, 7, 0], [0, 0, 9]]), np.array(
        [[3, 2, 1], [2, 4, 3], [0, 0, 9]]
    )  # fmt: skip
    option = surgery.difference_heatmap(before, after, NAMES, words=WORDS, palette=palette.LIGHT)
    json.dumps(option)
    cells = option["series"][0]["data"]
    changes = [cell["value"] for cell in cells]
    assert changes[:5] == [[0, 0, -2], [1, 0, 2], [2, 0, 0], [0, 1, 0], [1, 1, -3]]
    assert sum(cell["value"][2] for cell in cells) == 0
    assert [cell["label"]["formatter"] for cell in cells if cell["label"]["show"]] == [
        "−2",
        "+2",
        "−3",
        "+3",
    ]
    assert (option["visualMap"]["min"], option["visualMap"]["max"]) == (-3, 3)
    alt = surgery.difference_alt(before, after, NAMES, words=WORDS)
    assert "Gained most: dog → {hen}: +3 images" in alt
    assert "Lost most: dog → dog: −3 images" in alt
    assert "Gained most: –. Lost most: –" in surgery.difference_alt(
        before, before, NAMES, words=WORDS
    )


def test_a_kernel_shows_its_numbers_marks_what_is_changed_and_frames_the_chosen_one():
    trained = np.arange(6, dtype=np.float32).reshape(2, 3) - 2
    kernel = trained.copy()
    kernel[1, 0] = 9
    option = surgery.kernel_heatmap(
        kernel, trained, 3.0, (0, 2), words=WORDS, palette=palette.LIGHT
    )
    json.dumps(option)
    cells = option["series"][0]["data"]
    numbers = [cell["label"]["formatter"] for cell in cells]
    assert numbers == ["−2.00", "−1.00", "0.00", "9.00 *", "2.00", "3.00"]
    assert [cell["value"][:2] for cell in cells][3] == [0, 1]
    framed = [cell["itemStyle"]["borderColor"] == palette.LIGHT.validation for cell in cells]
    assert framed == [False, False, True, False, False, False]
    assert "row 1, column 0: 9.00" in surgery.kernel_alt(kernel, words=WORDS)


def test_the_ranking_begins_with_the_filter_that_is_missed_most():
    ranking = surgery.Ranking(lost=[0, 25, 1, 22], gained=[0, 3, 4, 0], correct=92, images=100)
    assert ranking.order == [1, 3, 0, 2]
    option = surgery.ranking_bars(ranking, layer="conv2", words=WORDS, palette=palette.DARK)
    json.dumps(option)
    assert option["xAxis"][0]["data"] == ["1", "3", "0", "2"]
    bars = option["series"][0]["data"]
    assert [bar["value"] for bar in bars] == [-22, -22, 0, 3]
    assert (
        bars[0]["name"]
        == "Filter 1 off: −22.0 percentage points (by chance: up to ±10.6), 70.0% correct"
    )
    colours = [bar["itemStyle"]["color"] for bar in bars]
    missed, equal, better = palette.DARK.problem, palette.DARK.mark, palette.DARK.test
    assert colours == [missed, missed, equal, better]
    alt = surgery.ranking_alt(ranking, layer="conv2", words=WORDS)
    assert alt.index("Filter 1") < alt.index("Filter 3") < alt.index("Filter 0")


def test_a_band_shows_how_far_chance_reaches():
    """Two standard errors of McNemar: with b lost and c gained of n images, 2·√(b + c) / n."""
    ranking = surgery.Ranking(lost=[9, 60, 0], gained=[7, 4, 0], correct=900, images=1000)
    assert [ranking.chance(place) for place in range(3)] == [0.8, 1.6, 0.0]
    assert [ranking.change(place) for place in range(3)] == [-0.2, -5.6, 0.0]
    option = surgery.ranking_bars(ranking, layer="conv2", words=WORDS, palette=palette.DARK)
    bars, below, above = option["series"]
    assert [axis["data"] for axis in option["xAxis"]] == [["1", "0", "2"]] * 2
    assert below["data"] == [-1.6, -0.8, 0.0]
    assert above["data"] == [1.6, 0.8, 0.0]
    assert [below["silent"], above["silent"]] == [True, True], "a click is meant for the bar"
    assert bars["z"] > below["z"] == above["z"]


def test_differences_of_chance_stay_within_the_band():
    """Of images whose answers change sides by a fair coin, about 95 % of the changes lie in the band."""
    rng = np.random.default_rng(0)
    flips = rng.integers(20, 60, 2000)
    lost = rng.binomial(flips, 0.5)
    ranking = surgery.Ranking(lost.tolist(), (flips - lost).tolist(), 900, 1000)
    within = [abs(ranking.change(place)) <= ranking.chance(place) for place in range(2000)]
    assert 0.93 < np.mean(within) < 0.98


@pytest.fixture
def cloud() -> Cloud:
    rng = np.random.default_rng(0)
    labels, predicted = rng.integers(0, 3, 200), rng.integers(0, 3, 200)
    return Cloud(rng.normal(size=(200, 2)), labels, predicted, rng.random(200), np.ones(200, bool))


def option_of(cloud: Cloud, marked: int | None = None) -> dict:
    return embedding.scatter(
        cloud, NAMES, title="t", axes=("a", "b"), ticks=True, marked=marked,
        words=POINTS, controls=ControlWords.of(texts.table("ko")), palette=palette.LIGHT,
    )  # fmt: skip


def test_each_point_lies_where_its_image_lies_and_names_it(cloud: Cloud):
    option, seen = option_of(cloud), []
    json.dumps(option)
    for series in option["series"]:
        kind, _, label = series["id"].partition("_")
        if kind not in {"right", "wrong"}:
            continue
        rows = cloud.rows_of(kind, int(label))
        assert series["name"] == NAMES[int(label)]
        for row, point in zip(rows.tolist(), series["data"], strict=True):
            np.testing.assert_allclose(point["value"], cloud.points[row], rtol=1e-4)
            assert point["name"].startswith(f"이미지 {row}: {NAMES[cloud.labels[row]]} → ")
            assert (cloud.labels[row] == cloud.predicted[row]) == (kind == "right")
            seen.append(row)
    assert sorted(seen) == list(range(200))
    rings = {it["id"][:5]: "borderColor" in it["itemStyle"] for it in option["series"][:2]}
    assert rings == {"right": False, "wrong": True}


def test_the_legend_takes_what_belongs_to_a_class_for_one(cloud: Cloud):
    option = option_of(cloud)
    assert option["legend"]["data"] == NAMES
    for name in NAMES:
        ids = [it["id"].partition("_")[0] for it in option["series"] if it.get("name") == name]
        assert ids == ["right", "wrong", "name"]


def test_the_axes_stay_when_some_images_are_left_out(cloud: Cloud):
    some = option_of(replace(cloud, visible=cloud.labels == 1))
    for axis, place in (("xAxis", 0), ("yAxis", 1)):
        ends = [option_of(cloud)[axis][end] for end in ("min", "max")]
        assert ends == [some[axis][end] for end in ("min", "max")]
        assert ends[0] < cloud.points[:, place].min() < cloud.points[:, place].max() < ends[1]
    same = option_of(replace(cloud, points=np.zeros((200, 2))))
    assert same["xAxis"]["min"] < 0 < same["xAxis"]["max"]


def test_the_chosen_image_has_a_mark_if_it_is_drawn(cloud: Cloud):
    assert option_of(cloud)["series"][-1]["data"] == []
    [place] = option_of(cloud, 7)["series"][-1]["data"]
    np.testing.assert_allclose(place, cloud.points[7], rtol=1e-4)
    hidden = replace(cloud, visible=np.zeros(200, bool))
    assert option_of(hidden, 7)["series"][-1]["data"] == []
    assert all(not it["data"] for it in option_of(hidden)["series"])
    alt = embedding.alt(hidden, NAMES, title="t", words=POINTS)
    assert "0장" in alt


def test_it_begins_with_the_mistake_that_the_network_is_surest_of(cloud: Cloud):
    row = embedding.most_confident_mistake(cloud)
    assert row is not None
    wrong = cloud.labels != cloud.predicted
    assert wrong[row]
    assert cloud.confidence[row] == cloud.confidence[wrong].max()
    right = replace(cloud, predicted=cloud.labels)
    assert embedding.most_confident_mistake(right) is None


def test_a_click_beside_a_point_counts_for_the_nearest(cloud: Cloud):
    [cells] = [it["data"] for it in option_of(cloud)["series"] if it["id"] == embedding.CATCH]
    spans = np.array([high - low for low, high in embedding.extents(cloud)]) / embedding.PLOT
    for cell in (0, 77, len(cells) - 1):
        away = np.hypot(*((cloud.points - cells[cell]) / spans).T)
        assert embedding.nearest(cloud, cell) == away.argmin()
    some = replace(cloud, visible=cloud.labels == 1)
    row = embedding.nearest(some, 77)
    assert row is not None
    assert cloud.labels[row] == 1
    assert embedding.nearest(cloud, len(cells)) is None
    assert embedding.nearest(replace(cloud, visible=np.zeros(200, bool)), 0) is None


def test_no_two_names_overlap(cloud: Cloud):
    close = replace(cloud, points=cloud.points / 1000)
    far = replace(close, points=np.concatenate([close.points[:-1], [[5.0, 5.0]]]))
    places = embedding.name_places(far, NAMES)
    unit = [
        (high - low) / size
        for (low, high), size in zip(embedding.extents(far), embedding.PLOT, strict=True)
    ]
    heights = sorted(y / unit[1] for _, y in places.values())
    assert min(np.diff(heights)) > embedding.LINE - 1e-6

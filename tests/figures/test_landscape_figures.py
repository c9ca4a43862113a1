"""The loss landscape as a figure: what is drawn where, and what a screen reader hears."""

from __future__ import annotations

import numpy as np
import pytest

from cnn_core import texts
from cnn_core.figures import landscape
from cnn_core.figures.landscape import LandscapeWords, Walk
from cnn_core.figures.palette import DARK, LIGHT, READABLE, contrast

X = np.linspace(-2, 2, 5)
Y = np.linspace(-1, 3, 5)
LOSSES = 0.1 + X[np.newaxis] ** 2 + Y[:, np.newaxis] ** 2
WALK = Walk(
    "one", np.arange(4), np.array([[-2, 3], [-1, 1], [0, 0], [1, 0]]), {1: 0.9, 2: 0.3, 3: 0.4}, 2
)
WORDS = LandscapeWords.of(texts.table("en"))


def drawn(losses=LOSSES, walks=(WALK,), palette=LIGHT):
    return landscape.landscape(
        X, Y, losses, walks, title="losses", axes=("x", "y"), words=WORDS, palette=palette
    ).to_plotly_json()


def test_contours_are_of_the_logarithm_and_every_tick_says_the_loss():
    contours = drawn()["data"][0]
    assert contours["type"] == "contour"
    assert np.allclose(np.array(contours["z"], float), np.log10(LOSSES))
    for place, name in zip(
        contours["colorbar"]["tickvals"], contours["colorbar"]["ticktext"], strict=True
    ):
        assert 10**place == pytest.approx(float(name))
    assert contours["text"][0][0] == WORDS.point.format(loss=f"{LOSSES[0, 0]:.3g}")


def test_the_path_has_its_epochs_and_the_kept_one_is_larger():
    figure = drawn()
    path = figure["data"][2]
    assert list(zip(path["x"], path["y"], strict=True)) == [
        tuple(it) for it in WALK.points.tolist()
    ]
    sizes = path["marker"]["size"]
    assert sizes[2] == max(sizes) > sizes[0]
    assert "0.3" in path["hovertext"][2]
    assert "untrained" in path["hovertext"][0]
    written = [it["text"] for it in figure["layout"]["annotations"]]
    assert written == ["Epoch 3", "Kept: epoch 2", "Untrained"]


def test_two_paths_differ_in_colour_and_shape():
    other = Walk("two", WALK.epochs, WALK.points + 0.5, {}, 3)
    first, second = (it for it in drawn(walks=(WALK, other))["data"] if it.get("showlegend"))
    assert first["marker"]["color"] != second["marker"]["color"]
    assert first["marker"]["symbol"] != second["marker"]["symbol"]


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_every_line_and_name_of_the_legend_stands_out_from_its_background(palette):
    figure = drawn(walks=(WALK, Walk("two", WALK.epochs, WALK.points, {}, 3)), palette=palette)
    legend = figure["layout"]["legend"]
    assert contrast(legend["font"]["color"], legend["bgcolor"]) >= READABLE
    lines = [it["line"]["color"] for it in figure["data"] if it.get("showlegend")]
    assert len(lines) == 2
    assert all(contrast(line, legend["bgcolor"]) >= 3 for line in lines)


def test_what_is_written_keeps_out_of_the_way_of_the_path_and_of_each_other():
    sides = {it["text"]: np.sign(it["ay"]) for it in drawn()["layout"]["annotations"]}
    assert sides == {"Untrained": -1, "Kept: epoch 2": 1, "Epoch 3": -1}
    up = Walk("up", WALK.epochs, -WALK.points, WALK.losses, 3)
    sides = {it["text"]: np.sign(it["ay"]) for it in drawn(walks=[up])["layout"]["annotations"]}
    assert sides == {"Untrained": 1, "Kept: epoch 3": -1}


def test_a_long_name_is_short_in_the_legend_and_two_names_have_room():
    long = Walk("a very long name of a run · 8@3×3 → 16@3×3", WALK.epochs, WALK.points, {}, 2)
    one, two = drawn(walks=[long]), drawn(walks=[long, WALK])
    assert one["data"][2]["name"] == "a very long name…×3 → 16@3×3"
    assert two["layout"]["margin"]["t"] > one["layout"]["margin"]["t"]


def test_without_a_path_the_network_is_marked_in_the_middle():
    mark = drawn(walks=())["data"][1]
    assert (mark["x"], mark["y"]) == ([0], [0])
    assert mark["name"] == WORDS.centre


@pytest.mark.parametrize("hole", [np.nan, np.inf])
def test_points_beyond_all_numbers_are_left_out(hole):
    losses = LOSSES.copy()
    losses[0, 0] = hole
    contours = drawn(losses)["data"][0]
    assert contours["z"][0][0] is None
    assert contours["z"][1][1] is not None
    assert drawn(np.full_like(LOSSES, hole))["data"][0]["z"][0][0] is None


def test_all_losses_alike_are_drawn_too():
    bar = drawn(np.full_like(LOSSES, 0.123))["data"][0]["colorbar"]
    assert len(bar["tickvals"]) == len(bar["ticktext"]) >= 1


def test_a_screen_reader_hears_the_range_and_how_far_the_path_went():
    said = landscape.alt("losses", LOSSES, 0.1, [WALK], WORDS)
    assert "losses" in said
    assert "0.1" in said
    assert "13.1" in said
    assert "one" in said
    assert "epoch 0 to epoch 3" in said

"""The explain page without a browser: which map, numbers, faint pictures, and which method is right."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import streamlit as st
import visits

from cnn_core import runs, texts
from cnn_core.analysis.deletion import FILLS, IMAGES, ORDERS, STEPS
from cnn_core.analysis.evaluation import Predictions
from cnn_core.engine import Engine
from cnn_core.errors import EngineError
from cnn_core.runs import explained
from pages.parts.explain import facts

visit = visits.visit
FALLS = np.linspace(0, 0.5, len(ORDERS))  # of the first tenth, by order


def kept() -> dict[str, Any]:
    found = explained.read(runs.open_run("fashion"), "sample")
    assert found is not None
    return {name: value for name, value in found.answer.items() if name != "curves"}


def curves() -> dict[str, np.ndarray]:
    points = np.ones((len(ORDERS), len(FILLS), STEPS + 1))
    points[..., 1:] -= FALLS[:, np.newaxis, np.newaxis]
    return {"deletion": points, "insertion": 1 - points}


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Answers every look; what was asked, and changes to the explanations."""
    state = SimpleNamespace(asked=[], changed={}, down_after=None)
    images = np.zeros((30, 28, 28, 1), np.uint8)
    images[:, 5:20, 5:20] = 200

    def look(engine: Engine, name: str, run: runs.Run, *arguments: Any, timeout: float) -> Any:
        state.asked.append((name, arguments))
        if state.down_after is not None and len(state.asked) > state.down_after:
            raise EngineError("engine.worker_look", log="log.txt")
        match name:
            case "evaluate":
                probabilities = np.full((30, 10), 0.02, np.float32)
                probabilities[:, 4] = 0.82
                return Predictions(probabilities, np.full(30, 4), 0, 30, "sample")
            case "images":
                return images[: len(arguments[-1])]
            case "explanations":
                return kept() | state.changed
            case "deletion_curves":
                return curves()
            case "deletion_sums":
                return {kind: 5 * values for kind, values in curves().items()} | {"images": 5}
        raise EngineError("engine.unknown_look", name=name)

    monkeypatch.setattr(Engine, "look", look)
    monkeypatch.setattr(Engine, "ready", lambda self, kind: True)
    st.cache_resource.clear()
    return state


def shown(at: Any) -> str:
    return " ".join(it.value for it in [*at.markdown, *at.caption, *at.warning])


def open_image(visit: Any, language: str = "en", **query: str) -> Any:
    at = visit("explain", language, run="fashion", part="test", index="3", of="sample", **query)
    assert not at.exception
    return at


def wrong(at: Any) -> int:
    """How many sentences there are on the link."""
    return len([it for it in at.warning if "link_off" in it.icon])


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_hirescam_is_the_default_and_the_lesson_comes_with_grad_cam(language, visit, worker):
    at = open_image(visit, language)
    title = texts.say(language, "explain.averaging.title")
    assert texts.say(language, "explain.hires_cam", layer="conv2") in shown(at)
    assert title not in shown(at)
    assert "method" not in visits.address(at)
    at = open_image(visit, language, method="grad_cam")
    assert texts.say(language, "explain.grad_cam", layer="conv2") in shown(at)
    assert texts.say(language, "explain.hires_cam", layer="conv2") not in shown(at)
    assert title in shown(at)
    assert visits.address(at)["method"] == "grad_cam"


def test_a_link_from_before_these_methods_opens_what_it_did(visit, worker):
    old = {"class": "7", "layer": "conv1", "side": "6", "shade": "white", "opacity": "50"}
    at = open_image(visit, **old)
    assert wrong(at) == 0
    assert visits.address(at).items() >= old.items()
    asked = dict(worker.asked)["explanations"]
    assert asked[1:5] == (7, "conv1", 6, "white")


def test_a_link_restores_every_choice_and_a_wrong_one_is_one_sentence(visit, worker):
    link = {"method": "layer_cam", "from": "blur", "kind": "insertion", "fill": "grey"}
    at = open_image(visit, **link)
    assert visits.address(at).items() >= link.items()
    assert dict(worker.asked)["explanations"][-1] == "blur"
    for name in link:
        at = open_image(visit, **{name: "gradcam"})
        assert wrong(at) == 1
        assert name not in visits.address(at)


def test_a_square_of_no_pixels_is_one_sentence(visit, worker):
    at = visit("explain", run="digits", side="0")
    assert not at.exception
    assert [it.value for it in at.warning if "side" in it.value and "1 – 14." in it.value]


def test_completeness_is_shown_as_numbers(visit, worker):
    worker.changed = {"integrated": kept()["integrated"] | {"sum": 12.3456, "difference": -1.5}}
    said = shown(open_image(visit))
    assert "12.35" in said
    assert "−1.50" in said


def picture_of(said: str, method: str) -> str:
    return said.split(f'role="heading" aria-level="2">{method}')[1].partition("</section>")[0]


@pytest.mark.parametrize(("size", "faint"), [(1e-4, True), (1.0, False)])
def test_a_picture_of_next_to_nothing_says_so_and_does_not_glow(size, faint, visit, worker):
    coarse, heat = np.full((14, 14), size), np.full((28, 28), size)
    worker.changed = {"hires_cam": {"map": coarse, "heat": heat}}
    part = picture_of(shown(open_image(visit)), "HiResCAM")
    assert (texts.table("en")["explain.faint"].partition("{")[0] in part) is faint
    assert ("Brightest in row" in part) is not faint


def test_a_faint_picture_of_the_untrained_network_says_so_too(visit, worker):
    found = kept()
    before = found | {"saliency": {"heat": np.full((28, 28), 1e-6)}}
    agreement = dict.fromkeys(found, 0.5)
    worker.changed = {"untrained": before, "agreement": agreement}
    said = shown(open_image(visit, untrained="1"))
    sentence = texts.say("en", "explain.no_colour")
    assert picture_of(said, "Saliency").count(f"0.50. {sentence}") == 1
    assert f"0.50. {sentence}" not in picture_of(said, "Occlusion")


def test_nearly_nothing_is_measured_by_the_scores():
    answer = kept()
    span = float(np.ptp(answer["scores"]))
    for name in ("hires_cam", "saliency", "occlusion", "integrated"):
        assert not facts.faint(answer, name)
        found = answer[name]
        key = {"hires_cam": "map", "occlusion": "drops"}.get(name, "heat")
        scaled = found[key] * (0.009 * span / facts.total(answer, name))
        assert facts.faint(answer | {name: found | {key: scaled}}, name)
    flat = answer | {"scores": np.zeros(10)}
    small = flat | {"saliency": {"heat": np.full((28, 28), 0.039 / 784)}}
    large = flat | {"saliency": {"heat": np.full((28, 28), 0.041 / 784)}}
    assert facts.faint(small, "saliency")
    assert not facts.faint(large, "saliency")


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_of_many_best_orders_two_are_named_and_the_rest_counted(
    language, visit, worker, monkeypatch
):
    monkeypatch.setitem(globals(), "FALLS", np.full(len(ORDERS), 0.5))
    first = ", ".join(texts.say(language, f"explain.deletion.{name}") for name in ORDERS[:2])
    more = texts.say(language, "explain.deletion.more", names=first, count=len(ORDERS) - 2)
    best = {f"best_{fill}": more for fill in FILLS}
    said = shown(open_image(visit, language))
    assert texts.say(language, "explain.deletion.verdict", **best) in said


def test_the_table_has_every_order_and_the_best_is_named(visit, worker):
    said = shown(open_image(visit))
    table = said[said.index('<table class="deletion">') : said.index("</table>")]
    for order, fall in zip(ORDERS, FALLS, strict=True):
        name = texts.say("en", f"explain.deletion.{order}")
        row = table.split(f'<th scope="row">{name}</th>')[1]
        assert row.partition("</tr>")[0].count(f">{round(100 * fall)}<small>") == len(FILLS)
    assert table.count('class="best"') == len(FILLS)
    assert "<th></th>" not in table, "a screen reader would announce an empty heading"
    best = texts.say("en", "explain.deletion.bright")
    assert f"Black: {best}. Grey: {best}. Blur: {best}." in said


def test_the_mean_of_many_asks_in_small_pieces_and_only_once(visit, worker):
    at = open_image(visit, scope="many")
    pieces = [arguments for name, arguments in worker.asked if name == "deletion_sums"]
    assert [first for _, first, *_ in pieces] == list(range(0, IMAGES, 5))
    assert texts.say("en", "explain.deletion.mean_of", images=IMAGES) in shown(at)
    assert visits.address(at)["scope"] == "many"
    at.run()
    assert len([name for name, _ in worker.asked if name == "deletion_sums"]) == len(pieces)


def test_a_mean_that_breaks_off_keeps_what_is_done_and_is_one_sentence(visit, worker):
    worker.down_after = 30
    at = open_image(visit, scope="many")
    assert "log.txt" in shown(at)
    done = len([name for name, _ in worker.asked if name == "deletion_sums"])
    assert 1 < done < IMAGES // 5
    worker.down_after = None
    at.run()
    assert "log.txt" not in shown(at)
    again = len([name for name, _ in worker.asked if name == "deletion_sums"]) - done
    assert again == IMAGES // 5 - (done - 1)

"""Lessons on their pages, and the glossary that finds them by any of their names."""

from __future__ import annotations

from urllib.parse import parse_qsl

import pytest
from streamlit.testing.v1 import AppTest
from visits import address, has, visit

from cnn_core import texts
from cnn_core.lessons import reader

__all__ = ["visit"]  # a fixture


def test_a_lesson_shows_its_answer_to_who_has_predicted_one(visit):
    at = visit("playground")
    assert not any("predict_" in str(button.key) for button in at.button), "it is closed"
    at.session_state["lesson_padding"] = True
    at.run()
    said = reader.read("en", "padding")
    assert not any(said.answer in it.value for it in at.markdown)
    wrong = (said.right + 1) % len(said.options)
    at.button(key=f"predict_padding_{wrong}").click().run()
    for _ in range(2):
        [answer] = [it.value for it in at.markdown if said.answer in it.value]
        assert texts.say("en", "lesson.wrong", letter="ABCD"[said.right]) in answer
        assert [it.value for it in at.markdown if said.reasons[wrong] in it.value] == [
            f":orange[**You chose {'ABCD'[wrong]}.**] {said.reasons[wrong]}"
        ]
        assert not has(at, "predict_padding_0")
        at.run()
    at.button(key="again_padding").click().run()
    at.button(key=f"predict_padding_{said.right}").click().run()
    assert any(texts.say("en", "lesson.right") in it.value for it in at.markdown)
    assert not at.exception


@pytest.mark.parametrize("page", sorted(set(reader.LESSONS.values())))
def test_a_page_shows_the_lessons_that_lead_to_it(page, visit):
    names = [name for name, place in reader.LESSONS.items() if place == page]
    path, _, query = page.partition("?")
    at = visit(path, **dict(parse_qsl(query)))
    for name in names:
        at.session_state[f"lesson_{name}"] = True
    at.run()
    said = [it.value for it in at.markdown]
    assert not at.exception
    assert [name for name in names if reader.read("en", name).body not in said] == []


def terms(at: AppTest) -> list[str]:
    """The lessons that the glossary lists."""
    labels = [entry.label for entry in at.expander]
    return [
        name
        for name in reader.LESSONS
        if any(label.startswith(f"**{reader.read('en', name).title}**") for label in labels)
    ]


# What a student types, and the lesson that explains it.
SEARCHES = {
    **{"특성 맵": "feature_map", "FEATURE map": "feature_map", "피처 맵": "feature_map"},
    **{"border of zeros": "padding", "평탄": "flatten", "과대적합": "overfitting"},
    **{"과적합": "overfitting", "보폭": "stride", "절편": "parameters", "매개변수": "parameters"},
    **{"수용장": "receptive_field", "뉴런": "filter", "neuron": "filter", "콜백": "early_stopping"},
    **{"callback": "checkpoint", "bias": "parameters", "logits": "softmax", "fit": "epoch"},
    **{"cross-entropy": "loss", "교차 엔트로피": "loss", "test set": "validation"},
    **{"오차 행렬": "confusion_matrix", "경사 하강법": "optimizer", "역전파": "optimizer"},
}


@pytest.mark.parametrize("words", SEARCHES)
def test_the_glossary_finds_a_term_by_any_of_its_names_in_either_language(words, visit):
    at = visit("glossary")
    at.text_input(key="glossary_search").set_value(words).run()
    headings = [it.value for it in at.header]
    mentioned = texts.say("en", "glossary.mentioned")
    count = len(at.expander)
    assert SEARCHES[words] in terms(at)
    assert headings != [mentioned], "a term, not only a text that mentions it"
    assert 0 < count < len(reader.LESSONS)


def test_the_glossary_searches_what_lessons_say(visit):
    at = visit("glossary")
    assert terms(at) == list(reader.LESSONS)
    at.text_input(key="glossary_search").set_value("equivariance").run()
    assert terms(at) == ["feature_map"]
    assert texts.say("en", "glossary.mentioned") in [it.value for it in at.header]
    at.text_input(key="glossary_search").set_value("xyz").run()
    assert terms(at) == []
    assert len(at.info) == 1


def test_a_link_opens_a_term_of_the_glossary(visit):
    at = visit("glossary", term="padding")
    said = [it.value for it in at.markdown]
    assert reader.read("en", "padding").body in said
    assert reader.read("en", "stride").body not in said
    assert address(at)["term"] == "padding"
    at = visit("glossary", term="<b>nothing")
    assert len(at.warning) == 1
    assert "term" not in address(at)

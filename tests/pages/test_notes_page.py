"""The page of the notes: part by part, found by words in either language, each entry with its link."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import pytest
from markupsafe import escape
from streamlit.testing.v1 import AppTest
from visits import address, visit

from cnn_core import texts
from cnn_core.course import notes, slips

__all__ = ["visit"]  # the fixture


def headings(at: AppTest) -> list[str]:
    return [element.value for element in at.header]


def written(at: AppTest) -> str:
    """All Markdown of the page."""
    values = [element.value for element in at.markdown]
    assert not any("note-line" in value and "\n" in value for value in values), (
        "Markdown ends the HTML"
    )
    return "\n".join(values)


def links(at: AppTest) -> list[tuple[str, dict[str, str]]]:
    """Page and parameters of every link, in order."""
    protos = [node.proto for node in at.get("page_link")]
    return [(proto.page, dict(parse_qsl(proto.query_string))) for proto in protos]


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_every_part_shows_its_rows_each_with_its_place(language: str, visit: Any) -> None:
    at = visit("notes", language)
    for part in notes.read(language):
        at.query_params["part"] = part.name
        at.run()
        assert not at.exception
        assert headings(at) == [part.title]
        text = written(at)
        for row in part.rows:
            assert row.shows in text
            assert all(str(escape(line)) in text for line in row.code.splitlines())
        assert links(at) == [(row.page, dict(row.query)) for row in part.rows]
        lessons = {popover.proto.popover.label for popover in at.get("popover")}
        assert len(lessons) >= len({term for row in part.rows for term in row.terms})


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_the_slips_stand_with_what_keras_says(language: str, visit: Any) -> None:
    at = visit("notes", language, part="slips")
    assert not at.exception
    text = written(at)
    for slip in slips.read(language):
        assert slip.about in text
        assert texts.say(language, f"notes.says_{slip.kind}") in text
    assert "unexpected keyword argument &#39;patiece&#39;" in text
    assert "Dropout(0,4)" in text


@pytest.mark.parametrize("language", texts.LANGUAGES)
@pytest.mark.parametrize(
    ("words", "place"),
    [
        ("stratify", ("evaluation", {"run": "fashion", "part": "val"})),
        ("패딩", None),
        ("history.epoch", ("playground", {"run": "fashion"})),
        ("18,496", None),
    ],
)
def test_words_of_either_language_and_of_the_code_are_found(
    words: str, place: Any, language: str, visit: Any
) -> None:
    at = visit("notes", language, find=words)
    assert not at.exception
    assert links(at)
    assert len(links(at)) < 20
    assert place is None or place in links(at)
    assert address(at)["find"] == words


def test_what_is_not_found_is_said_and_a_part_chosen_ends_the_search(visit: Any) -> None:
    at = visit("notes", find="nothing of this kind")
    assert [box.value for box in at.info] == [texts.say("en", "notes.nothing")]
    assert not links(at)
    at = visit("notes", part="weights")
    at.text_input(key="notes_find").set_value("dropout").run()
    assert "Weights" not in headings(at)
    assert texts.say("en", "notes.slips") in headings(at)


def test_next_and_previous_walk_through_all_parts_and_progress_counts_them(visit: Any) -> None:
    at = visit("notes")
    assert at.button(key="notes_previous").disabled
    names = [address(at).get("part", "blocks")]
    while not at.button(key="notes_next").disabled:
        at.button(key="notes_next").click().run()
        assert not at.exception
        names.append(address(at)["part"])
    assert names == [*(part.name for part in notes.read("en")), "slips"]
    [bar] = at.get("progress")
    assert bar.proto.value == 100
    at.button(key="notes_previous").click().run()
    assert address(at)["part"] == names[-2]


def test_a_link_to_no_part_says_so(visit: Any) -> None:
    at = visit("notes", part="nowhere")
    assert len(at.warning) == 1
    assert "slips" in at.warning[0].value
    assert headings(at) == [notes.read("en")[0].title]

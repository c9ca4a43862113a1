"""A server without worker processes: every page opens, and one sentence says what it lacks and why."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import streamlit as st
from visits import PAGES, follow_link, make_run

from cnn_core.planning import limits
from pages.session import doors

LOOKING = {
    "training_step", "kernels", "evaluation", "explain", "robustness", "surgery", "embedding",
    "landscape",
}  # fmt: skip
TRAINING = {"playground", "sweep"}
SENTENCES = {
    "en": ("This needs a worker process", "No network can be trained on this server"),
    "ko": ("여기에는 워커 프로세스가 필요하지만", "신경망을 학습할 수 없습니다"),
}


@pytest.fixture
def _off(frozen: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv(limits.WORKERS, "off")
    monkeypatch.setattr(doors.process, "engine", None)
    monkeypatch.setattr(doors.process, "collection", "as Python does it")
    st.cache_resource.clear()
    yield
    doors.process.engine.close()
    st.cache_resource.clear()


@pytest.mark.usefixtures("_off")
@pytest.mark.parametrize("language", SENTENCES)
def test_every_page_opens_and_says_what_it_lacks(language: str) -> None:
    looks, trains = SENTENCES[language]
    lacking: dict[str, set[str]] = {"looks": set(), "trains": set()}
    for page in PAGES:
        at = follow_link(page, language)
        assert not at.exception, page
        told = " ".join(element.value for element in [*at.warning, *at.error])
        for kind, sentence in (("looks", looks), ("trains", trains)):
            if sentence in told:
                lacking[kind].add(page)
                assert "WORKERS=off" in told
    assert lacking == {"looks": LOOKING, "trains": TRAINING}


@pytest.mark.usefixtures("_off")
def test_what_is_ordered_there_is_refused_with_the_sentence() -> None:
    at = follow_link("playground")
    at.button(key="train").click().run()
    assert not at.exception
    assert SENTENCES["en"][1] in " ".join(error.value for error in at.error)
    run = make_run("interrupted")
    at = follow_link("playground", run=run.id)
    resume = [button for button in at.button if button.key and "resume" in button.key]
    resume[0].click().run()
    assert not at.exception
    assert SENTENCES["en"][1] in " ".join(error.value for error in at.error)

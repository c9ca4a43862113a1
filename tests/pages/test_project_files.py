"""The runs page saves a project and opens one."""

from __future__ import annotations

import pytest
from visits import US, visit

from cnn_core import runs, texts
from cnn_core.runs import archive
from pages.session.words import plain

__all__ = ["visit"]  # a fixture


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_a_project_is_opened_and_its_runs_are_chosen(language, visit):
    content = archive.to_zip([runs.open_run("digits")], by="")
    at = visit("runs", language)
    at.file_uploader[0].set_value(("mine.convscope", content, "application/zip")).run()
    assert not at.exception
    [run] = runs.all_runs(US)
    assert at.session_state["runs_selected"] == [run.id]
    told = texts.say(language, "runs.opened_project", name=plain("mine.convscope"), count=1)
    assert told in [it.value for it in at.success]
    assert not at.file_uploader[0].value
    at.run()
    assert not at.success, "it is said once"


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_a_file_that_is_no_project_is_a_sentence(language, visit):
    at = visit("runs", language)
    at.file_uploader[0].set_value(("mine.convscope", b"nothing", "application/zip")).run()
    assert not at.exception
    [box] = [box for box in at.expander if box.label == texts.say(language, "runs.open_project")]
    [error] = box.error  # where the visitor looks: on a phone that is the end of the page
    assert plain(texts.say(language, "error.project.damaged_archive")) in error.value
    assert runs.all_runs() == []


def test_a_run_is_saved_as_a_project(visit):
    at = visit("runs", runs="digits")
    labels = [it.proto.label for it in at.get("download_button")]
    assert texts.say("en", "runs.save_project") in labels
    assert texts.say("en", "runs.download") in labels

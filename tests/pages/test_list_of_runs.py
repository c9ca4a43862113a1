"""The list of runs: opened, renamed, deleted and resumed, by who may."""

from __future__ import annotations

import shutil

import pytest
from streamlit.testing.v1 import AppTest
from visits import US, Open, address, has, make_run, visit

from cnn_core import runs, texts
from pages.session.words import plain

__all__ = ["visit"]  # a fixture


ONLY_WEIGHTS = shutil.ignore_patterns("*.json*")


@pytest.mark.parametrize("owner", [US, "somebody else"])
def test_the_list_offers_what_can_be_done_with_each_run(owner, visit):
    ours = owner == US
    states = ("running", "finished", "interrupted", "failed")
    made = {state: make_run(state, owner=owner) for state in states}
    at = visit()
    at.session_state["runs"] = True
    at.session_state["runs_mine"] = False
    at.run()
    assert not at.exception
    assert all(has(at, f"open_{run.id}") for run in made.values())
    resumable = {state for state, run in made.items() if has(at, f"go_on_{run.id}")}
    assert resumable == ({"interrupted", "failed"} if ours else set())
    deletable = {state for state, run in made.items() if has(at, f"delete_{run.id}")}
    assert deletable == ({"finished", "interrupted", "failed"} if ours else set())
    at.button(key=f"open_{made['finished'].id}").click().run()
    assert address(at)["run"] == made["finished"].id
    if not ours:
        return
    at.button(key=f"go_on_{made['interrupted'].id}").click().run()
    assert address(at)["run"] == made["interrupted"].id
    assert runs.status(made["interrupted"]).state == "queued"


def open_list(visit: Open, **query: str) -> AppTest:
    at = visit(**query)
    at.session_state["runs"] = True
    return at.run()


def test_a_run_is_renamed_in_the_list_and_called_so_on_every_page(visit):
    run = make_run("running")  # while it trains, too
    at = open_list(visit)
    at.button(key=f"rename_{run.id}").click().run()
    field = at.text_input(key=f"name_{run.id}")
    assert field.value == run.name
    field.set_value("my_first [try] #1 $x$")
    at.button(key=f"save_{run.id}").click().run()
    assert not at.exception
    assert runs.open_run(run.id).name == "my_first [try] #1 $x$"
    assert not any(it.key == f"name_{run.id}" for it in at.text_input)
    said = " ".join(it.value for it in at.markdown)
    assert r"my\_first \[try\] \#1 \$x\$ · " in said

    at.button(key=f"rename_{run.id}").click().run()
    assert at.text_input(key=f"name_{run.id}").value == "my_first [try] #1 $x$"
    at.text_input(key=f"name_{run.id}").set_value("another")
    at.button(key=f"cancel_{run.id}").click().run()
    assert runs.open_run(run.id).name == "my_first [try] #1 $x$"


def test_a_run_is_deleted_only_when_its_question_is_answered(visit):
    run, other = make_run("finished"), make_run("finished")
    at = open_list(visit, run=run.id)
    at.button(key=f"delete_{run.id}").click().run()
    assert run.folder.exists()
    question = texts.say("en", "runs.delete_question", name=plain(run.name))
    assert [it.value for it in at.warning] == [question]
    at.button(key=f"keep_{run.id}").click().run()
    assert not at.warning
    at.button(key=f"delete_{run.id}").click().run()
    at.button(key=f"delete_{other.id}").click().run()
    assert has(at, f"delete_yes_{other.id}")
    assert not has(at, f"delete_yes_{run.id}"), "one question at a time"
    at.button(key=f"delete_{run.id}").click().run()
    at.button(key=f"delete_yes_{run.id}").click().run()
    assert not at.exception
    assert not run.folder.exists()
    assert other.folder.exists()
    assert "run" not in address(at)


def test_nobody_renames_or_deletes_the_run_of_another(visit):
    run = make_run("finished", owner="somebody else")
    at = visit()
    for key, value in {"runs": True, "runs_mine": False, "runs_asked": ("delete", run.id)}.items():
        at.session_state[key] = value
    at.run()
    assert has(at, f"open_{run.id}")
    for what in ("rename", "delete", "delete_yes", "save", "go_on"):
        assert not has(at, f"{what}_{run.id}")


@pytest.mark.parametrize(
    ("page", "key"),
    [
        *(
            (page, "inside_run")
            for page in ("kernels", "feature_maps", "explain", "robustness", "surgery")
        ),
        *((page, "inside_run") for page in ("evaluation", "embedding")),
        ("draw", "draw_run"),
    ],
)
def test_a_choice_of_networks_shows_names_as_they_were_typed(page, key, visit):
    made = [make_run("finished", name="a_b [c] #d $e$") for _ in range(2)]
    for run in made:
        shipped = runs.shipped_runs()[0]
        shutil.copytree(shipped.folder, run.folder, dirs_exist_ok=True, ignore=ONLY_WEIGHTS)
    at = visit(page)
    assert not at.exception
    options = at.selectbox(key=f"{key}.0").options
    typed = [option for option in options if option.startswith("a_b [c] #d $e$ · ")]
    assert len(set(typed)) == 2

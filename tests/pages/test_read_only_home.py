"""Where no run can be kept, the pages open, look into the shipped networks, and name the folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import visits

from cnn_core import texts
from cnn_core.runs import record

visit = visits.visit


@pytest.fixture
def no_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A home that nobody can write, root included: a file where the folder should be."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("CONVSCOPE_HOME", str(tmp_path / "file"))
    return str(tmp_path / "file")


@pytest.mark.parametrize("page", visits.PAGES)
def test_every_page_opens_without_a_home(page: str, no_home: str, visit: Any) -> None:
    at = visit(page)
    assert not at.exception
    assert [title.value for title in at.title] == [texts.say("en", f"{page}.title")]


@pytest.mark.parametrize("page", ["kernels", "feature_maps", "draw"])
def test_shipped_networks_are_offered_without_a_home(page: str, no_home: str, visit: Any) -> None:
    key = "draw_run" if page == "draw" else "inside_run"
    for run_id in record.SHIPPED if page != "draw" else ["digits"]:
        at = visit(page, run=run_id)
        assert at.session_state[key] == run_id
        assert at.query_params["run"] == run_id


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_a_training_without_a_home_is_refused_with_the_name_of_the_folder(
    language: str, no_home: str, visit: Any
) -> None:
    at = visit("playground", language)
    at.button(key="train").click().run()
    assert not at.exception
    [error] = at.error
    assert no_home in error.value.replace("\\", "")
    assert "run" not in at.query_params

"""A server that is full tells a new window so, lets those in that are open, and opens by itself."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest
from visits import APP, Open, visit

from pages.session import admission

__all__ = ["visit"]  # a fixture


@pytest.fixture
def server(visit: Open, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Ids of the sessions that are active; a server stands for Streamlit's."""
    active: set[str] = set()
    runtime = SimpleNamespace(is_active_session=active.__contains__)
    monkeypatch.setattr(admission, "_admitted", set())
    monkeypatch.setattr(
        admission, "runtime", SimpleNamespace(exists=lambda: True, get_instance=lambda: runtime)
    )
    monkeypatch.setenv("CONVSCOPE_MAX_SESSIONS", "1")
    return active


def come(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(admission, "get_script_run_ctx", lambda: SimpleNamespace(session_id=name))


def home(language: str) -> AppTest:
    at = AppTest.from_file(str(APP), default_timeout=60)
    at.session_state["language"] = language
    return at.run()


@pytest.mark.parametrize(("language", "words"), [("en", "1 open window."), ("ko", "1개")])
def test_a_full_server_says_so_and_takes_the_next_when_one_leaves(
    server, monkeypatch, language, words
) -> None:
    server.update({"first", "second"})
    come(monkeypatch, "first")
    at = home(language)
    assert len(at.main) > 1
    come(monkeypatch, "second")
    full = home(language)
    assert [words in warning.value for warning in full.warning] == [True]
    assert not full.exception
    assert len(full.button_group) == 1, "a window that waits can choose the other language"
    come(monkeypatch, "first")
    assert not at.run().warning  # who is in stays in
    server.discard("first")
    come(monkeypatch, "second")
    assert not full.run().warning


def test_of_two_windows_that_come_together_both_are_counted(monkeypatch) -> None:
    second = threading.Thread(target=admission.admit, name="second")

    def is_active(session: str) -> bool:
        """While the windows are counted for the first one, the second one comes."""
        if not second.ident:
            second.start()
            second.join(timeout=0.2)
        return True

    server = SimpleNamespace(is_active_session=is_active)
    monkeypatch.setattr(admission, "_admitted", {"earlier"})
    monkeypatch.setattr(
        admission, "runtime", SimpleNamespace(exists=lambda: True, get_instance=lambda: server)
    )
    monkeypatch.setattr(
        admission,
        "get_script_run_ctx",
        lambda: SimpleNamespace(session_id=threading.current_thread().name),
    )
    first = threading.Thread(target=admission.admit, name="first")
    first.start()
    first.join()
    second.join()
    assert admission._admitted == {"earlier", "first", "second"}

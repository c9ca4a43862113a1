"""Files that a page's scripts fetch stay a moment longer than the page mentions them."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from pages.session import files


class Manager:
    """Streamlit's media files of one session: those of the present run."""

    def __init__(self) -> None:
        self.now: dict[str, bytes] = {}

    def add(self, content: bytes, kind: str, place: str) -> str:
        self.now[place] = content
        return f"/media/{len(content)}.bin"


@pytest.fixture
def manager(monkeypatch: pytest.MonkeyPatch) -> Manager:
    manager = Manager()
    server = SimpleNamespace(media_file_mgr=manager)
    monkeypatch.setattr(files, "runtime", SimpleNamespace(get_instance=lambda: server))
    return manager


def script(content: bytes | None) -> None:
    from pages.session import files

    files.keep()
    if content is not None:
        files.address(content, "network")


def test_a_file_is_there_for_a_while_after_its_page(
    manager: Manager, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(files, "time", SimpleNamespace(monotonic=lambda: clock.now))

    def contents(page: AppTest, mentioned: bytes | None) -> list[bytes]:
        manager.now.clear()
        page.args = (mentioned,)
        assert not page.run().exception
        return sorted(manager.now.values())

    at = AppTest.from_function(script, args=(b"one",))
    assert contents(at, b"one") == [b"one"]
    assert contents(at, b"two") == [b"one", b"two"], "another file of the same place"
    assert contents(at, None) == [b"one", b"two"]
    clock.now += files.KEPT_S + 1
    assert contents(at, None) == []
    assert at.session_state[files.FILES] == {}

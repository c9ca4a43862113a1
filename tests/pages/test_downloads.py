"""A file that cannot be made is a sentence in the visitor's language, at the button that was pressed."""

from __future__ import annotations

import ast
import asyncio
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from small_runs import MODEL, SHORT
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.runtime.backend_operation_handler import DeferredFileHandler
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage

from cnn_core import runs, texts
from cnn_core.errors import RunError
from pages.parts.runs import actions
from pages.session import downloads

PAGES = Path(__file__).parents[2] / "pages"


def answer(make: Callable[[], bytes] | None) -> tuple[str, str]:
    """Address and problem that the browser gets at a press of the button."""
    downloads.install()
    files = MediaFileManager(MemoryMediaFileStorage("/media"))
    file_id = "none"
    if make:
        file_id = files.add_deferred(make, "application/octet-stream", "here", "file.bin")
    message = BackMsg()
    request = message.backend_operation_request
    request.request_id, request.deferred_file.file_id = "1", file_id
    handling = DeferredFileHandler(lambda: files).handle(request, "session")
    with ThreadPoolExecutor(1) as thread:  # a browser test before this one left a loop in its own
        response = thread.submit(asyncio.run, handling).result()
    assert response.request_id == "1"
    return response.deferred_file.url, response.error_msg


@pytest.fixture(params=texts.LANGUAGES)
def language(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    chosen: str = request.param
    monkeypatch.setattr(downloads, "language", lambda: chosen)
    return chosen


def test_a_file_that_is_made_comes_as_before(language: str) -> None:
    url, problem = answer(downloads.telling(lambda: b"content"))
    assert url.startswith("/media/")
    assert problem == ""


def test_what_is_refused_is_its_own_sentence(language: str) -> None:
    refusal = RunError("run.not_yours", id="20260101-000000-abcdef")

    def make() -> bytes:
        raise refusal

    assert answer(downloads.telling(make)) == ("", refusal.sentence(language))


def test_what_nobody_expected_is_a_sentence_without_its_details(language: str) -> None:
    def make() -> bytes:
        raise ZeroDivisionError("a detail")

    assert answer(downloads.telling(make)) == ("", texts.say(language, "take.failed"))


def test_a_file_that_is_no_longer_offered_is_a_sentence_in_both_languages() -> None:
    _, problem = answer(None)
    assert all(texts.say(language, "take.gone") in problem for language in texts.LANGUAGES)


def test_every_file_that_is_made_on_demand_tells_what_goes_wrong() -> None:
    """A callable that does not pass through `telling` would end in Streamlit's own sentence."""
    silent = []
    for path in PAGES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not (
                isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "download_button"
            ):
                continue
            named = [word.value for word in node.keywords if word.arg == "data"]
            data = named[0] if named else node.args[1]
            called = data.func if isinstance(data, ast.Call) else data
            ready = getattr(called, "id", "") in ("telling", "source") or (
                isinstance(called, ast.Attribute) and called.attr == "example"
            )
            if not ready:
                silent.append(f"{path.relative_to(PAGES)}:{node.lineno}")
    assert silent == []


def test_of_runs_that_were_all_deleted_no_empty_file_is_made(language: str) -> None:
    run = runs.create(MODEL, SHORT, owner="me")
    make = downloads.telling(lambda: actions._zip((run,), by="me"))
    assert answer(make)[1] == ""
    shutil.rmtree(run.folder)
    assert answer(make) == ("", RunError("run.not_found", id=run.id).sentence(language))

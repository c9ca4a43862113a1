"""Which language a visitor gets: the chosen one, that of the link, or the browser's."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from pages.session import words


@pytest.mark.parametrize(
    ("chosen", "link", "browser", "language"),
    [
        (None, None, "ko-KR", "ko"),
        (None, None, "fr-FR", "en"),
        (None, None, None, "en"),
        (None, "en", "ko-KR", "en"),
        (None, "ko", "en-US", "ko"),
        (None, "xx", "fr-FR", "en"),
        (None, "xx", "ko-KR", "en"),
        ("ko", "en", "en-US", "ko"),
    ],
)
def test_the_choice_decides_over_the_link_and_the_link_over_the_browser(
    chosen: str | None,
    link: str | None,
    browser: str | None,
    language: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    window = SimpleNamespace(
        session_state={"language": chosen} if chosen else {},
        query_params={"lang": link} if link else {},
        context=SimpleNamespace(locale=browser),
    )
    monkeypatch.setattr(words, "st", window)
    assert words.language() == language
    assert window.session_state == {"language": language}

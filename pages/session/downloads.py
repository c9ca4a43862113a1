"""A file that is made when its button is pressed: what goes wrong is said in the visitor's language.

Streamlit makes the file on another thread, and has one English sentence for all that can go wrong there.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from streamlit.runtime.backend_operation_handler import DeferredFileHandler

from cnn_core import texts
from cnn_core.errors import CnnError
from pages.session.words import language

Make = Callable[[], str | bytes]
_problems: ContextVar[list[str] | None] = ContextVar("problems", default=None)


def telling(make: Make) -> Make:
    """`make` for a download button; it raises what `make` raises, after the sentence of it was kept.

    Args:
        make: Makes the file. It is called on a thread on which Streamlit is not to be asked.
    """
    reader = language()

    def make_or_tell() -> str | bytes:
        try:
            return make()
        except Exception as error:
            if isinstance(error, CnnError):
                sentence = error.sentence(reader)
            else:
                sentence = texts.say(reader, "take.failed")
            if (problems := _problems.get()) is not None:
                problems.append(sentence)
            raise  # Streamlit logs it

    return make_or_tell


def install() -> None:
    """Let Streamlit answer with the sentence of what went wrong, where a file could not be made."""
    if getattr(DeferredFileHandler.handle, "tells", False):
        return
    handle = DeferredFileHandler.handle

    async def tell(self: DeferredFileHandler, request: Any, session_id: str) -> Any:
        problems: list[str] = []
        token = _problems.set(problems)  # the thread that makes the file gets a copy of the context
        try:
            response = await handle(self, request, session_id)
        finally:
            _problems.reset(token)
        if response.error_msg:
            # Without a sentence the file is no longer offered: the server was started again meanwhile.
            both = " / ".join(texts.say(reader, "take.gone") for reader in texts.LANGUAGES)
            response.error_msg = problems[-1] if problems else both
        return response

    tell.tells = True  # type: ignore[attr-defined]
    DeferredFileHandler.handle = tell  # type: ignore[method-assign]

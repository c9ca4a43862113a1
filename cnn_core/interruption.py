"""Ctrl-C on the command line: at any moment a sentence and exit code 130."""

from __future__ import annotations

import os
import signal

EXIT_CODE = 130


def leave(*_: object) -> None:
    """End the process: for as long as libraries load, some of which swallow a KeyboardInterrupt."""
    os.write(2, b"Interrupted.\n")
    os._exit(EXIT_CODE)


def install() -> None:
    """From here on Ctrl-C calls `leave`, unless the parent process asked for it to be ignored."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, leave)


def ignore() -> None:
    """What there was to do is done, and Python would end in a traceback or by a signal."""
    if signal.getsignal(signal.SIGINT) in (leave, signal.default_int_handler):
        signal.signal(signal.SIGINT, signal.SIG_IGN)


class Raised:
    """Ctrl-C raises KeyboardInterrupt inside, and does nothing afterwards."""

    def __enter__(self) -> None:
        self._installed = signal.getsignal(signal.SIGINT) is leave
        if self._installed:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def __exit__(self, *_: object) -> None:
        if self._installed:
            ignore()


class Held:
    """Ctrl-C counts after what is inside, which must not be left half done."""

    def __enter__(self) -> None:
        self._came = False
        self._before = signal.getsignal(signal.SIGINT)
        try:
            signal.signal(signal.SIGINT, self._remember)
        except ValueError:  # signals only reach the main thread
            self._before = None

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
        if self._came:
            signal.raise_signal(signal.SIGINT)

    def _remember(self, *_: object) -> None:
        self._came = True

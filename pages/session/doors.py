"""The engine and the palette, for every page."""

from __future__ import annotations

import gc
import logging
import os
import sys
import threading
from collections.abc import Callable
from types import ModuleType
from typing import TypeVar

import streamlit as st

from cnn_core import sweeps
from cnn_core.engine import Engine
from cnn_core.errors import ConfigError
from cnn_core.figures import palette
from cnn_core.planning import limits
from pages.session import (
    client_guard,
    collection,
    downloads,
    session_lock,
    tab_identity,
    widget_lookup,
)

HEAD_START_S = 1.5  # of the first page before the workers: it is there half a second sooner
T = TypeVar("T")
log = logging.getLogger(__name__)
# A module without a file: "make dev" forgets the modules that it loads again, and never this one.
widget_lookup.install()
session_lock.install()
downloads.install()
client_guard.install()
tab_identity.install()
process = sys.modules.setdefault("convscope_process", ModuleType("convscope_process"))
if not hasattr(process, "lock"):
    process.lock, process.engine, process.collection = threading.Lock(), None, None


def engine() -> Engine:
    """The engine; its workers get ready while the first visitor reads."""
    with process.lock:
        if process.engine is None:
            scheduler = os.environ.get("CONVSCOPE_SCHEDULER") or None
            engine = Engine(
                scheduler,
                on_ready=_freeze,
                head_start=HEAD_START_S,
                train_workers=_setting(limits.train_workers, 1),
                plan=_setting(limits.worker_plan, limits.WORKER_PLANS[0]),
            )
            sweeps.Driver(engine).start()
            process.engine = engine.start()
            if process.collection is None:
                process.collection = collection.start()
        running: Engine = process.engine
        return running


def _setting(read: Callable[[], T], usual: T) -> T:
    """What the environment says; `usual` if that is a mistake, which the log tells who runs the server."""
    try:
        return read()
    except ConfigError as error:
        log.warning("%s", error)
        return usual


def _freeze() -> None:
    """Spare what the imports made from the collection that follows every rerun."""
    gc.collect()
    gc.freeze()


def colours() -> palette.Palette:
    """The palette of the visitor's theme."""
    return palette.for_theme(st.context.theme.type or "light")

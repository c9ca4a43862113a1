"""Every page without a browser: in both languages, with the engine and with links that are wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import product

import numpy as np
import pytest
import streamlit as st
from lengths import at_length
from visits import APP, PAGES, TINY, US, visit

from cnn_core import arithmetic, runs, texts
from pages.session import doors
from pages.session.words import plain

__all__ = ["visit"]  # a fixture


def test_a_client_that_clears_the_caches_makes_no_second_engine(visit):
    """Any browser may send that, and each engine has worker processes of its own."""
    visit()
    first = doors.engine()
    for _ in range(3):
        st.cache_resource.clear()
        st.cache_data.clear()
        assert not visit("kernels").exception
    assert doors.engine() is first


NEED_WEIGHTS = (
    "feature_maps", "explain", "robustness", "surgery", "embedding", "landscape", "kernels",
)  # fmt: skip
WITHOUT_WEIGHTS = ("diverged", "stopped", "running")


@pytest.mark.parametrize(
    ("page", "state"),
    [
        case if (number + place) % len(WITHOUT_WEIGHTS) == 0 else at_length(*case)
        for number, page in enumerate(NEED_WEIGHTS)
        for place, case in enumerate(product([page], WITHOUT_WEIGHTS))
    ],
)
def test_weights_are_promised_only_of_a_run_that_may_still_get_some(page, state, visit):
    run = runs.create(TINY.model, TINY.train, owner=US)
    rows = [row for row in arithmetic.layer_table(TINY.model) if row.kind == "conv"]
    (run.folder / "snapshots").mkdir()
    np.savez(
        run.folder / "snapshots" / "epoch-000.npz",
        **{
            f"{row.name}/kernel": np.ones(
                (row.kernel, row.kernel, row.input_shape[2], row.output_shape[2]), np.float32
            )
            for row in rows
        },
        **{f"{row.name}/bias": np.zeros(row.output_shape[2], np.float32) for row in rows},
    )
    runs.write_status(run, state)
    at = visit(page, run=run.id)
    assert not at.exception
    told = " ".join(it.value for it in [*at.info, *at.warning])
    promised = {
        "running": "",
        "stopped": "ended before its first epoch",
        "diverged": "diverged before its first",
    }
    assert promised[state] in told
    if state != "running":
        assert "in a moment" not in told


def test_visitors_who_come_together_share_one_engine(visit):
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: doors.engine(), range(32)))) == 1


@pytest.mark.parametrize(
    ("page", "language"),
    [
        case if (number + place) % 2 else at_length(*case)
        for number, page in enumerate(PAGES)
        for place, case in enumerate(product([page], texts.LANGUAGES))
    ],
)
def test_every_page_opens_in_both_languages(page, language, visit):
    at = visit(page, language)
    assert not at.exception
    assert [title.value for title in at.title] == [texts.say(language, f"{page}.title")]


def test_pages_are_found():
    assert {
        "home",
        "glossary",
        "notes",
        "images",
        "convolution",
        "training_step",
        "playground",
        "runs",
        "sweep",
        "kernels",
        "feature_maps",
        "evaluation",
        "explain",
        "robustness",
        "surgery",
        "embedding",
        "landscape",
        "challenges",
        "draw",
        "room",
        "course",
    } == set(PAGES)


def test_no_address_in_an_error_becomes_a_link():
    said = plain("see https://example.org and www.example.org")
    assert "://" not in said
    assert "www." not in said
    assert said.replace("\u2060", "").replace("\\", "").startswith("see https://example.org and")


@pytest.mark.slow  # it is a whole server
def test_the_server_never_loads_what_only_workers_need(tmp_path):
    code = f"""
import sys
from streamlit.testing.v1 import AppTest
at = AppTest.from_file({str(APP)!r}, default_timeout=60).run()
for page in {PAGES!r}:
    at.switch_page(f"pages/{{page}}.py").run()
    assert not at.exception
print(*sorted({{name.partition(".")[0] for name in sys.modules}}))
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=APP.parent,
        env={**os.environ, "CONVSCOPE_SCHEDULER": "tcp://127.0.0.1:9"},  # no worker is needed
        check=True,
    )
    loaded = set(done.stdout.split())
    assert {"streamlit", "cnn_core", "numpy"} <= loaded
    assert not loaded & {"keras", "tensorflow", "sklearn", "optuna"}

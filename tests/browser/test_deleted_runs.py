"""A run that is deleted in one window while another looks into it."""

from __future__ import annotations

import shutil

import pytest
from conftest import eventually
from inside import COLD, TINY, Inside, made_run
from lengths import at_length
from playwright.sync_api import expect


@pytest.mark.parametrize(
    ("page", "control", "choice"),
    [
        at_length("kernels", "kernels_layer", "conv2"),
        ("feature_maps", "feature_maps_reach", "per map"),
        at_length("convolution", "convolution_layer", "conv2"),
    ],
)
def test_it_is_missed_in_one_sentence(page, control, choice, app, window):
    gone = made_run(app.home, TINY, lambda network: None)
    there = Inside.open(app, window, page, run=gone, section="network", lang="en")
    expect(there.part(control)).to_be_visible(timeout=COLD)
    shutil.rmtree(app.home / "runs" / gone)
    there.press(control, choice)
    expect(there.alerts).to_have_count(1)
    expect(there.alerts).to_contain_text(f"The run {gone} does not exist here.")
    eventually(lambda: "run" not in there.query)
    section = "network" if page == "convolution" else None
    eventually(lambda: there.query.get("section") == section)

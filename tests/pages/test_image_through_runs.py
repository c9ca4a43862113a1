"""One image through the chosen runs: what is read and what is heard of it."""

from __future__ import annotations

import re

import numpy as np
from test_runs_page import trained
from visits import visit

from pages.network import answers
from pages.parts.runs import inside
from pages.pictures import run_image

__all__ = ["visit"]  # a fixture


def test_what_a_screen_reader_hears_of_an_image_has_no_marks_of_bold(visit, monkeypatch):
    heard = []
    pixels = np.zeros((28, 28, 1), np.float32)
    chosen = run_image.Chosen(pixels, "a title", 4, {})
    monkeypatch.setattr(inside, "with_weights", list)
    monkeypatch.setattr(run_image, "choose", lambda run: chosen)
    monkeypatch.setattr(answers, "predict", lambda run, images: np.eye(10)[[4]])
    monkeypatch.setattr(inside, "draw_chart", lambda *a, alt, **k: heard.append(alt))
    one, two = trained(name="one_(1)"), trained(name="two_(2)")
    at = visit("runs", "ko", runs=f"{one.id}~{two.id}", view="image")
    assert not at.exception
    [alt] = heard
    assert "one_(1)" in alt
    assert "two_(2)" in alt
    assert not re.search(r"[*\\\u2060]", alt)
    assert any("**one\\_(1)" in shown.value for shown in at.markdown)

"""The page to take away, as text: what is in it, and for which networks it can be had."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace

import pytest

from cnn_core import browser, runs, texts
from cnn_core.browser import take
from cnn_core.config import ModelConfig
from cnn_core.errors import RunError

RUN = runs.open_run("digits")
NASTY = '</script><script>x()</script>&"'


def reader(**changes: object) -> take.Reader:
    classes = [f"<{NASTY}{index}>" for index in range(10)]
    return replace(take.Reader(browser.pack(RUN), RUN.model, NASTY, classes, "mnist"), **changes)


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_names_are_text_and_the_weights_are_whole(language: str) -> None:
    page = take.to_page(reader(), language)
    assert len(re.findall("<script", page)) == len(re.findall("</script>", page)) == 3
    assert f'lang="{language}"' in page
    words = re.search(r'id="words">(.*?)</script>', page, re.S)
    assert words is not None
    network = json.loads(words[1])["reading"]["networks"][0]
    assert network["classes"] == reader().classes
    weights = re.search(r'id="weights">(.*?)</script>', page, re.S)
    assert weights is not None
    assert base64.b64decode(weights[1]) == browser.pack(RUN).data


def test_it_asks_nobody_for_anything() -> None:
    page = take.to_page(reader(), "en")
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    assert "default-src &#39;none&#39;" in policy[1]
    assert "unsafe" not in policy[1]
    assert re.findall(r"(?:src|href)=|@import|url\(|https?://", page) == []


def test_its_size_is_stated_rightly() -> None:
    parameters = sum(array.size for array in browser.best_weights(RUN).values())
    page = take.to_page(reader(), "en")
    assert float(take.megabytes(parameters).split()[0]) == pytest.approx(len(page) / 1e6, abs=0.06)


def test_a_network_that_reads_no_drawings_has_none() -> None:
    with pytest.raises(RunError) as refused:
        take.to_page(reader(model=ModelConfig(input_shape=(32, 32, 3))), "en")
    assert "32×32×3" in refused.value.sentence("ko")

"""The network module in Chromium, bundled as components are: the same numbers as in Keras."""

from __future__ import annotations

from node import SCRIPTS, unpacked
from playwright.sync_api import Browser
from random_networks import assert_equal, cases

from cnn_core.browser.bundle import bundle

NETWORKS = 25
IMPORT = """async ([script, questions]) => {
  const url = URL.createObjectURL(new Blob([script], {type: "text/javascript"}));
  return (await import(url)).default(questions);
}"""


def test_every_number_of_random_networks_is_that_of_keras(browser: Browser) -> None:
    asked = cases(NETWORKS, seed=15)
    page = browser.new_page()
    questions = [case.question() for case in asked]
    answers = page.evaluate(IMPORT, [bundle(SCRIPTS / "answers.mjs"), questions])
    page.close()
    for case, answer in zip(asked, answers, strict=True):
        assert_equal(case, unpacked(answer))

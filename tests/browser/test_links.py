"""Links: what is copied from the address bar opens the same; what is wrong in one is told in a sentence."""

from __future__ import annotations

import pytest
from conftest import becomes, eventually
from playwright.sync_api import expect
from screens import SHORT, Playground

UNUSUAL = {
    "blocks": "20.4.2.same.gelu.average.3~12.1.1.same.tanh.none.2"
    "~7.2.1.valid.linear.none.4~5.3.1.same.elu.none.2",
    "dense": "none",
    "dropout": "0.33",
    "size": "sample",
    "data": "mnist",
    "images": "1234",
    "epochs": "7",
    "batch": "100",
    "opt": "momentum",
    "lr": "0.0007",
    "schedule": "one_cycle",
    "patience": "0",
    "target": "0.87",
    "seed": "7",
    "precision": "float32",
    "augmentation": "geometry",
}
# Where a browser matters; tests/pages has the others.
MARKUP, SAID = "<script>alert(1)</script>", "Optimizer must be one of"


def test_a_copied_link_opens_the_same_set_up_for_somebody_else(app, window):
    first = Playground.of(window(app.link(**UNUSUAL)))
    eventually(lambda: first.query == {**UNUSUAL, "lang": "en"})
    second = Playground.of(window(first.url))
    eventually(lambda: second.query == first.query)
    for screen in (first, second):
        _unfold(screen)
        expected = {
            "blocks": "4",
            "filters": ["20", "12", "7", "5"],
            "kernel": ["4", "1", "2", "3"],
            "padding": ["same", "same", "valid", "same"],
            "pool": ["average pooling", "no pooling", "no pooling", "no pooling"],
            "stride": ["2", "1", "1", "1"],
            "activation": ["GELU", "tanh", "none (linear)", "ELU"],
            "pool_size": ["3", "2", "4", "2"],
            "dense_layers": "0",
            "dropout": "0.33",
            "dataset": "MNIST (handwritten digits)",
            "size": "sample (bundled)",
            "train_size": "1,234",
            "epochs": "7",
            "batch_size": "100",
            "optimizer": "SGD with momentum",
            "schedule": "one cycle",
            "learning_rate": "0.0007",
            "patience": "0",
            "seed": "7",
            "precision": "float32",
        }
        becomes(expected, _shown, screen)


@pytest.mark.long
def test_a_link_to_a_run_alone_opens_its_set_up(app, window):
    first = Playground.of(window(app.link(**SHORT)))
    run = first.train()
    second = Playground.of(window(f"{app.url}/playground?run={run}"))
    assert second.run == run
    eventually(lambda: second.query == first.query)
    becomes("8", second.value, "filters", 0)
    second.wait_for_end()


@pytest.mark.long
def test_a_bad_link_is_told_in_one_sentence_and_changes_nothing(app, window):
    before = app.listing()
    page = window(app.link(opt=MARKUP))
    screen = Playground.of(page)
    expect(screen.alerts).to_have_count(1)
    expect(screen.alerts).to_contain_text(SAID)
    expect(screen.totals).to_contain_text("333,526")
    expect(screen.train_button).to_be_enabled()
    expect(page.get_by_test_id("stException")).to_have_count(0)
    assert app.listing() == before


@pytest.mark.long
def test_a_batch_that_would_not_fit_in_memory_is_not_trained(app, window):
    before = app.listing()
    screen = Playground.of(
        window(app.link(blocks="512.3.1.same.relu.none", batch="4096", dense="none"))
    )
    expect(screen.train_button).to_be_disabled()
    expect(screen.alerts).to_have_count(1)
    expect(screen.alerts).to_contain_text("One batch of 4096 images would need about")
    assert app.listing() == before
    screen.type("filters", 8, 0)
    expect(screen.train_button).to_be_enabled()
    expect(screen.alerts).to_have_count(0)


def _unfold(screen: Playground) -> None:
    for index in range(4):
        screen.more(index)


def _shown(screen: Playground) -> dict[str, object]:
    """What every control of the page shows."""
    screen.tab("Network")
    shown: dict[str, object] = {"blocks": screen.picked("blocks")}
    for name in ("filters", "kernel", "padding", "pool", "stride", "activation", "pool_size"):
        shown[name] = [screen.value(name, index) for index in range(4)]
    shown["dense_layers"] = screen.picked("dense_layers")
    shown["dropout"] = screen.slider("dropout")
    screen.tab("Training")
    for name in ("dataset", "size", "train_size", "epochs", "batch_size", "optimizer", "schedule"):
        shown[name] = screen.value(name)
    shown["learning_rate"] = screen.slider("learning_rate")
    for name in ("patience", "seed", "precision"):
        shown[name] = screen.value(name)
    return shown

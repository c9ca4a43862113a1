"""All explanations of one answer, what is refused, and the examples that the page begins with."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import softmax
from scipy.stats import pearsonr, rankdata
from test_features import CONFIGS, image, opened
from toy_networks import SHIPPED, reads_one_pixel, shipped

from cnn_core import datasets, runs
from cnn_core import model as models
from cnn_core.arithmetic import layer_table
from cnn_core.config import ConvBlock, ModelConfig
from cnn_core.engine import looks
from cnn_core.inside import deletion, explain, patterns
from cnn_core.inside.class_maps import class_maps
from cnn_core.inside.gradients import integrated_gradients, saliency
from cnn_core.inside.occlusion import occlusion
from cnn_core.runs import snapshots
from pages.parts.explain import methods

pytestmark = pytest.mark.slow

__all__ = ["shipped"]  # a fixture


HEATS = explain.METHODS


ALL_CONFIGS = {
    **CONFIGS,
    "8x8, four blocks": ModelConfig(
        (ConvBlock(3), ConvBlock(4), ConvBlock(3), ConvBlock(2, pool="none")), (), 0.1, (8, 8, 1)
    ),
    "one pixel": ModelConfig((ConvBlock(2, 1, pool="none"),), (3,), 0.0, (1, 1, 1), 2),
}  # fmt: skip


@pytest.mark.parametrize("config", ALL_CONFIGS.values(), ids=ALL_CONFIGS)
def test_every_kind_of_network_can_be_explained(config: ModelConfig):
    network, picture = opened(config), image(config)
    answer = explain.explanations(network, picture, None, "conv1", 3, "black", 5)
    assert answer["label"] == network.predict(picture[np.newaxis])[0].argmax()
    assert answer["untrained"]["label"] == answer["label"]
    assert set(answer["agreement"]) == set(HEATS)
    first = explain.untrained(config, 5)
    before = explain.explanations(first, picture, answer["label"], "conv1", 3, "black")
    for name in HEATS:
        assert_allclose(answer["untrained"][name]["heat"], before[name]["heat"], atol=1e-5)
        for one in (answer, answer["untrained"]):
            assert one[name]["heat"].shape == config.input_shape[:2]
            assert one[name]["heat"].dtype == np.float32
            assert np.isfinite(one[name]["heat"]).all()
    last = [row.name for row in layer_table(config) if row.kind == "conv"][-1]
    pattern = patterns.preferred_pattern(network, last, 0, starts=2, steps=3)
    assert pattern["patterns"].shape == (2, *config.input_shape)
    assert np.isfinite(pattern["patterns"]).all()


def test_together_they_are_what_they_are_alone(shipped):
    network, images = shipped
    answer = explain.explanations(network, images[1], 6, "conv1", 5, "white", start="grey")
    alone = {
        **class_maps(network, images[1], 6, "conv1"),
        "integrated": integrated_gradients(network, images[1], 6, "grey"),
        "saliency": saliency(network, images[1], 6),
        "smooth": saliency(network, images[1], 6, samples=25),
        "occlusion": occlusion(network, images[1], 6, 5, 2, "white"),
    }
    assert_allclose(answer["probabilities"], network.predict(images[1:2])[0])
    assert_allclose(softmax(answer["scores"]), answer["probabilities"], atol=1e-6)
    for name, one in alone.items():
        assert answer[name].keys() == one.keys()
        for key in one:
            assert_allclose(answer[name][key], one[key])
    assert "untrained" not in answer


@pytest.mark.parametrize("name", SHIPPED)
def test_the_untrained_network_is_the_one_that_the_training_began_with(name: str):
    run = runs.open_run(name)
    network = explain.untrained(run.model, run.train.seed).model
    for path, array in snapshots.read(run, 0).items():
        layer, _, kind = path.partition("/")
        assert (getattr(network.get_layer(layer), kind).numpy() == array).all()


@pytest.mark.parametrize("seed", range(5))
def test_the_agreement_is_spearmans(seed: int):
    random = np.random.default_rng(seed)
    one, other = random.integers(0, 9, (2, 8, 8)) / 9  # with ties
    other = other + one * (seed - 2)
    assert explain.rank_correlation(one, other) == pytest.approx(
        pearsonr(rankdata(one), rankdata(other)).statistic  # its definition
    )
    assert explain.rank_correlation(one, np.exp(3 * one)) == pytest.approx(1)
    assert explain.rank_correlation(one, -(one**3)) == pytest.approx(-1)
    assert np.isnan(explain.rank_correlation(one, np.zeros((8, 8))))
    assert np.isnan(explain.rank_correlation(np.full((8, 8), np.nan), one))


WRONG: dict[str, Callable[[models.Opened, np.ndarray], object]] = {
    "no such class": lambda network, it: class_maps(network, it, 2),
    "negative class": lambda network, it: saliency(network, it, -1),
    "no such layer": lambda network, it: class_maps(network, it, 0, "pool1"),
    "no such filter": lambda network, it: patterns.preferred_pattern(network, "conv1", 1),
    "another shape": lambda network, it: saliency(network, it[1:], 0),
    "holes": lambda network, it: occlusion(network, it, 0, 2, 3),
    "no square": lambda network, it: occlusion(network, it, 0, 0, 0),
    "no such start": lambda network, it: integrated_gradients(network, it, 0, "white"),
    "no such class to delete for": lambda network, it: deletion.deletion_curves(network, it, 2),
    "no such shade": lambda network, it: occlusion(network, it, 0, 2, 2, "pink"),
}  # fmt: skip


@pytest.mark.parametrize("ask", WRONG.values(), ids=WRONG)
def test_what_makes_no_sense_is_refused(ask):
    with pytest.raises(ValueError, match="Received"):
        ask(reads_one_pixel(), np.zeros((8, 8, 1), np.uint8))


def test_a_look_finds_them_and_needs_no_keras_to_read_the_answer(shipped):
    network, images = shipped

    def plain(value: object) -> bool:
        if type(value) is dict:
            return all(type(key) is str and plain(it) for key, it in value.items())
        return type(value) in {int, float, np.ndarray}

    for look, arguments in (
        (explain.explanations, (images[0], None, None, 4, "grey", 0, "blur")),
        (deletion.deletion_curves, (images[0], None, None, 4, "grey")),
        (patterns.preferred_pattern, ("conv1", 0, 0)),
    ):
        assert looks.LOOKS[look.__name__] == f"{look.__module__}:{look.__name__}"
        assert plain(look(network, *arguments))


def sizes() -> list[tuple[str, str]]:
    """Shipped networks with the sizes of their data that are on this machine."""
    return [
        (name, size)
        for name, data in SHIPPED.items()
        for size in ("sample", "full")
        if size == "sample" or datasets.available(data, size)
    ]


@pytest.mark.parametrize(("name", "size"), sizes())
def test_the_page_opens_with_an_image_on_which_every_method_finds_something(name: str, size: str):
    if (name, size) not in methods.START:
        pytest.skip("no image was chosen for these data")
    answer = explained(name, size, methods.START[name, size])
    assert answer["occlusion"]["drops"].max() > 0.5
    assert all(answer[method]["heat"].max() > 0 for method in HEATS)


@pytest.mark.parametrize("size", [size for name, size in sizes() if name == "fashion"])
def test_the_example_of_failure_is_one(size: str):
    answer = explained("fashion", size, methods.MISSED[size])
    assert answer["label"] == 4, "a coat"
    assert answer["grad_cam"]["heat"].max() == 0
    assert answer["occlusion"]["drops"].max() > 0.05, "though something does matter to the network"


def explained(name: str, size: str, index: int) -> explain.Answer:
    run = runs.open_run(name)
    network = models.opened(run.model, run.folder / "best.keras")
    return explain.explanations(network, datasets.load(SHIPPED[name], size).x_test[index])

"""One prediction, explained by seven methods, and by the same of the untrained network.

Results are plain dicts of arrays, so that the process that receives them needs no Keras.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.stats import spearmanr

from cnn_core import model as models
from cnn_core.config import ModelConfig
from cnn_core.inside import forward
from cnn_core.inside.class_maps import class_maps
from cnn_core.inside.gradients import SAMPLES, integrated_gradients, saliency
from cnn_core.inside.occlusion import occlusion
from cnn_core.inside.scores import scores_of

METHODS = (
    "hires_cam", "layer_cam", "grad_cam", "integrated", "saliency", "smooth", "occlusion",
)  # fmt: skip

Answer = dict[str, Any]


def explanations(
    opened: models.Opened,
    image: npt.NDArray[Any],
    label: int | None = None,
    layer: str | None = None,
    side: int = 4,
    shade: str = "grey",
    seed: int | None = None,
    start: str = "black",
) -> Answer:
    """One prediction, explained by seven methods.

    Args:
        opened: The network.
        image: One image of shape (H, W, C), float in [0, 1] or uint8.
        label: The class to explain; None takes the most probable one.
        layer: The convolution of the class activation maps; None takes the last.
        side: Side of the occluding square in pixels; it moves by half of that.
        shade: Brightness of the square: "grey", "black" or "white".
        seed: If given, the same is done with the network as it was before training with that seed,
            for the same class.
        start: Where Integrated Gradients begin: "black", "grey" or "blur".

    Returns:
        "probabilities" (K,), "scores" (K,) before the softmax, "label"; what `class_maps` returns;
        "integrated", "saliency", "smooth" and "occlusion" as `integrated_gradients`, `saliency` and
        `occlusion` return; with a seed also "untrained", the same of that network, and "agreement": by
        method, how alike both heats rank the pixels, from -1 to 1 (Spearman).

    Raises:
        ValueError: If the image, the class, the layer, the square or the start does not fit the network.

    References: Adebayo et al., "Sanity checks for saliency maps", 2018, for the untrained network.
    """
    probabilities = opened.predict(image[np.newaxis])[0]
    if label is None:
        label = int(probabilities.argmax())
    pixels = forward.batch(opened.config, image[np.newaxis]).numpy()
    answer: Answer = {
        "probabilities": probabilities,
        "scores": scores_of(opened, pixels)[0],
        "label": label,
        **class_maps(opened, image, label, layer),
        "integrated": integrated_gradients(opened, image, label, start),
        "saliency": saliency(opened, image, label),
        "smooth": saliency(opened, image, label, SAMPLES),
        "occlusion": occlusion(opened, image, label, side, max(1, side // 2), shade),
    }
    if seed is not None:
        first = untrained(opened.config, seed)
        before = explanations(first, image, label, layer, side, shade, start=start)
        answer["untrained"] = before
        answer["agreement"] = {
            name: rank_correlation(answer[name]["heat"], before[name]["heat"]) for name in METHODS
        }
    return answer


@lru_cache(maxsize=4)
def untrained(config: ModelConfig, seed: int) -> models.Opened:
    """The network as a training with that seed starts: initialized, not trained."""
    network = models.build(config, seed=seed)
    return models.Opened(config, network, models.predictor(network))


def rank_correlation(first: npt.NDArray[Any], second: npt.NDArray[Any]) -> float:
    """Spearman's rank correlation of two arrays of the same shape, -1 to 1; nan if one is constant."""
    flat = [values.ravel() for values in (first, second)]
    if any((values == values[0]).all() for values in flat):
        return float("nan")
    return float(spearmanr(*flat).statistic)

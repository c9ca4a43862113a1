"""One training step seen from the inside: losses, gradients layer by layer, and the loss after the step.

Nothing is kept between two calls: the steps taken so far are taken again, from the run's weights. All is
calculated in float64, where a finite difference shows six digits of a gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from cnn_core import model as models
from cnn_core.config import ModelConfig, TrainConfig
from cnn_core.errors import ConfigError
from cnn_core.inside import answers, forward
from cnn_core.labs import optimizers
from cnn_core.labs import training_step as labs
from cnn_core.labs.optimizers import State
from cnn_core.labs.training_step import LayerGradient, PickedWeight, StepSettings, TrainingStep

WIDTH = 1e-6
"""h of the finite difference: small enough that hardly a ReLU changes sides, far above rounding."""

HALVINGS = 7
"""Of the interval in which the step begins to raise the loss: it is found to about 0.5 %."""

PRECISION = "float64"

Weights = dict[str, npt.NDArray[np.float64]]


class Batch(NamedTuple):
    """Images (N, H, W, C) in [0, 1] and labels (N,)."""

    images: tf.Tensor
    labels: tf.Tensor


class Backward(NamedTuple):
    """A forward and a backward pass.

    Attributes:
        probabilities: (N, K).
        losses: (N,).
        sums: Gradient of each image's own loss for the sums before the softmax (N, K).
        outputs: Gradient of the mean loss for the outputs of each layer; of the last one for its sums
            before the softmax.
        weights: Gradient of the mean loss for each kernel and bias.
    """

    probabilities: npt.NDArray[np.float64]
    losses: npt.NDArray[np.float64]
    sums: npt.NDArray[np.float64]
    outputs: Weights
    weights: Weights


def training_step(
    opened: models.Opened,
    train: TrainConfig,
    settings: StepSettings,
    snapshot: Mapping[str, npt.NDArray[np.float32]] | None = None,
) -> TrainingStep:
    """The state after the steps taken so far, and what the next step would do.

    Args:
        opened: The network with the kept weights.
        train: How it was trained, which names its data, its seed and its learning rate.
        settings: Images, optimizer, and the steps taken.
        snapshot: All weights after the epoch that is started from, by "conv1/kernel" and so on.

    Raises:
        ConfigError: If the images, the weight or the snapshot are not there.
        DataError: If the data set cannot be read.
    """
    config = opened.config
    settings.fitting(labs.kernel_shapes(config))
    images, labels = _images(train, settings)
    batch = Batch(tf.cast(forward.batch(config, images), PRECISION), tf.constant(labels, tf.int64))
    weights = start_weights(opened, train, settings.start, snapshot)
    states = dict[str, State]()
    history: list[float] = []
    for number, rate in enumerate((*settings.rates, None), 1):
        mask = mask_of(config, train, settings, number)
        backward = backpropagate(config, batch, weights, mask)
        if number == 1:
            place = settings.place or _largest(backward.weights[f"{settings.layer}/kernel"])
        history.append(float(backward.losses.mean()))
        if rate is not None:
            weights, states = take(settings.optimizer, weights, backward, states, rate, number)
    after = _After(config, batch, weights, backward, states, settings, mask)
    rates = labs.grid(train.learning_rate)
    losses, truth = after.both(rates)
    return TrainingStep(
        images=images, labels=labels, probabilities=backward.probabilities,
        losses=backward.losses, output_gradient=backward.sums, layers=_layers(config, backward),
        weight=_picked(config, batch, weights, backward, states, settings.layer, place, mask),
        history=tuple(history), rates=rates, losses_after=losses, truth_after=truth,
        along_gradient=losses.mean(axis=1) if settings.optimizer == "sgd" else after.along_gradient(rates),
        overshoot=_overshoot(after, rates, losses, history[-1]),
    )  # fmt: skip


def start_weights(
    opened: models.Opened,
    train: TrainConfig,
    start: str,
    snapshot: Mapping[str, npt.NDArray[np.float32]] | None = None,
) -> Weights:
    """The weights before the first step, by "conv1/kernel" and so on.

    Args:
        opened: The network with the kept weights.
        train: How it was trained, which names its seed.
        start: "untrained", "kept" or "epoch".
        snapshot: The weights of that epoch.

    Raises:
        ConfigError: If they are wanted and not there, or not those of the network.
    """
    network = opened.model
    if start == "untrained":
        network = models.build(opened.config, seed=train.seed)
    tensors: Mapping[str, Any] = forward.weights_of(network)
    if start == "epoch":
        shapes = {path: tuple(tensor.shape) for path, tensor in tensors.items()}
        tensors = snapshot or {}
        if {path: array.shape for path, array in tensors.items()} != shapes:
            choices = "untrained, kept"
            raise ConfigError("step_start", start, "one_of", choices=choices)
    return {path: np.asarray(tensor, np.float64) for path, tensor in tensors.items()}


def mask_of(
    config: ModelConfig, train: TrainConfig, settings: StepSettings, number: int
) -> Weights:
    """The dropout mask (N, units) of a step; ones with dropout off, nothing if the network has none."""
    layers = {layer.name: layer.output.shape[1:] for layer in _network(config).layers}
    if "dropout" not in layers:
        return {}
    mask = np.ones((len(settings.rows), *layers["dropout"]))
    if settings.dropout:
        random = np.random.default_rng((train.seed, number)).random(mask.shape)
        mask = np.where(random >= config.dropout, 1 / (1 - config.dropout), 0.0)
    return {"dropout/mask": mask}


def backpropagate(config: ModelConfig, batch: Batch, weights: Weights, mask: Weights) -> Backward:
    """Forward and backward pass with the given weights."""
    answer = _backward(config)(batch.images, _tensors(weights | mask), batch.labels)
    names = {name for name in answer if name.startswith("output_of/")}
    probabilities, losses, sums = (
        answer[name].numpy() for name in ("probabilities", "losses", "sums")
    )
    outputs = {name.partition("/")[2]: answer[name].numpy() for name in names}
    gradients = {path: answer[f"weights/{path}"].numpy() for path in weights}
    return Backward(probabilities, losses, sums, outputs, gradients)


def losses_of(
    config: ModelConfig, batch: Batch, weights: Weights, mask: Weights
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Loss of each image and the probability of its label, both (N,)."""
    losses, truth = _forward(config)(batch.images, _tensors(weights | mask), batch.labels)
    return losses.numpy(), truth.numpy()


def take(
    optimizer: str,
    weights: Weights,
    backward: Backward,
    states: Mapping[str, State],
    rate: float,
    number: int,
) -> tuple[Weights, dict[str, State]]:
    """All weights after a step, and what the optimizer keeps of it."""
    with np.errstate(all="ignore"):  # weights that diverge become infinite, and then no numbers
        steps = {
            path: optimizers.step(
                optimizer, weight, backward.weights[path], states.get(path, State()), rate, number
            )
            for path, weight in weights.items()
        }
    return (
        {path: step.weight for path, step in steps.items()},
        {path: step.state for path, step in steps.items()},
    )


class _After:
    """The loss after a step with any learning rate: every optimizer's step is a line in it."""

    def __init__(
        self,
        config: ModelConfig,
        batch: Batch,
        weights: Weights,
        backward: Backward,
        states: Mapping[str, State],
        settings: StepSettings,
        mask: Weights,
    ) -> None:
        self._run, self._batch, number = _along(config), batch, len(settings.rates) + 1
        start, end = (
            take(settings.optimizer, weights, backward, states, rate, number)[0]
            for rate in (0.0, 1.0)
        )
        self._step = _tensors(start | mask), _tensors(_minus(end, start))
        descent = {path: -gradient for path, gradient in backward.weights.items()}
        self._gradient = _tensors(weights | mask), _tensors(descent)

    def loss(self, rate: float) -> float:
        """Of the batch, after the optimizer's step."""
        return float(self._at(self._step, rate)[0].mean())

    def both(self, rates: npt.NDArray[Any]) -> tuple[Any, Any]:
        """Losses and probabilities of the labels, both (R, N)."""
        pairs = [self._at(self._step, rate) for rate in rates.tolist()]
        return np.stack([losses for losses, _ in pairs]), np.stack([truth for _, truth in pairs])

    def along_gradient(self, rates: npt.NDArray[Any]) -> Any:
        """Mean losses (R,) at the weights minus rate times gradient."""
        return np.array([self._at(self._gradient, rate)[0].mean() for rate in rates.tolist()])

    def _at(self, line: tuple[Any, Any], rate: float) -> tuple[Any, Any]:
        start, direction = line
        losses, truth = self._run(
            self._batch.images, start, self._batch.labels, direction, tf.constant(rate, PRECISION)
        )
        return losses.numpy(), truth.numpy()


def _minus(end: Weights, start: Weights) -> Weights:
    with np.errstate(all="ignore"):
        return {path: end[path] - start[path] for path in start}


def _overshoot(
    after: _After, rates: npt.NDArray[Any], losses: npt.NDArray[Any], before: float
) -> float | None:
    """The learning rate beyond the best one from which on a step raises the loss."""
    means = losses.mean(axis=1)
    first = labs.lowest(means)
    if labs.raises(float(means[first]), before):
        return float(rates[0])
    higher = [
        place for place in range(first, len(rates)) if labs.raises(float(means[place]), before)
    ]
    if not higher:
        return None
    low, high = float(rates[higher[0] - 1]), float(rates[higher[0]])
    for _ in range(HALVINGS):
        middle = float(np.sqrt(low * high))
        low, high = (low, middle) if labs.raises(after.loss(middle), before) else (middle, high)
    return high


def _picked(
    config: ModelConfig,
    batch: Batch,
    weights: Weights,
    backward: Backward,
    states: Mapping[str, State],
    layer: str,
    place: tuple[int, ...],
    mask: Weights,
) -> PickedWeight:
    path = f"{layer}/kernel"

    def loss(change: float) -> float:
        kernel = weights[path].copy()
        kernel[place] += change
        return float(losses_of(config, batch, weights | {path: kernel}, mask)[0].mean())

    state = states.get(path, State())
    first, second = (
        float(values[place]) if isinstance(values, np.ndarray) else float(values)
        for values in (state.first, state.second)
    )
    value, gradient = float(weights[path][place]), float(backward.weights[path][place])
    return PickedWeight(
        layer, place, value, gradient, WIDTH, loss(WIDTH), loss(-WIDTH), first, second
    )


def _layers(config: ModelConfig, backward: Backward) -> tuple[LayerGradient, ...]:
    rows = []
    for layer in reversed(_network(config).layers):
        if layer.name not in backward.outputs:
            continue
        output = backward.outputs[layer.name]
        own = [
            values for path, values in backward.weights.items() if path.startswith(f"{layer.name}/")
        ]
        with np.errstate(over="ignore"):  # a training that diverges
            size = float(np.sqrt(sum((values**2).sum() for values in own))) if own else None
            of_output = float(np.linalg.norm(output))
        zeros = float((output == 0).mean())
        rows.append(LayerGradient(layer.name, of_output, size, zeros))
    return tuple(rows)


def _largest(gradient: npt.NDArray[Any]) -> tuple[int, ...]:
    place = np.unravel_index(int(np.abs(gradient).argmax()), gradient.shape)
    return tuple(int(index) for index in place)


def _images(train: TrainConfig, settings: StepSettings) -> tuple[Any, Any]:
    """Images and labels of the batch."""
    data = answers.data_of(train)
    rows, count = np.array(settings.rows), len(data.y_train)
    if rows.max() >= count:
        raise ConfigError("step_row", int(rows.max()), "between", minimum=0, maximum=count - 1)
    return data.x_train[rows], data.y_train[rows].astype(np.int64)


def _network(config: ModelConfig) -> keras.Sequential:
    return forward.skeleton(config, PRECISION)


def _tensors(weights: Weights) -> dict[str, tf.Tensor]:
    return {path: tf.constant(array, PRECISION) for path, array in weights.items()}


def _loss(labels: tf.Tensor, probabilities: tf.Tensor) -> tf.Tensor:
    """Keras' loss of each image (N,); in a graph it takes the sums before the softmax, so p may be tiny."""
    return keras.losses.sparse_categorical_crossentropy(labels, probabilities)


@lru_cache(maxsize=4)
def _forward(config: ModelConfig) -> Callable[..., tuple[tf.Tensor, tf.Tensor]]:
    """(images, weights, labels) -> losses (N,) and probabilities of the labels (N,)."""
    network = _network(config)

    def run(images: tf.Tensor, weights: Any, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        *_, (_, probabilities) = forward.walk(network, images, weights)
        truth = tf.gather(probabilities, labels, batch_dims=1)
        return _loss(labels, probabilities), truth

    return forward.compiled(network, run, tf.TensorSpec((None,), tf.int64), masks=True)


@lru_cache(maxsize=4)
def _along(config: ModelConfig) -> Callable[..., tuple[tf.Tensor, tf.Tensor]]:
    """(images, weights, labels, direction, rate) -> what `_forward` does, so far along the direction."""
    network = _network(config)

    def run(
        images: tf.Tensor, weights: Any, labels: tf.Tensor, direction: Any, rate: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        moved = {path: weights[path] + rate * direction[path] for path in direction}
        *_, (_, probabilities) = forward.walk(network, images, {**weights, **moved})
        truth = tf.gather(probabilities, labels, batch_dims=1)
        return _loss(labels, probabilities), truth

    line = {
        path: tf.TensorSpec(tensor.shape, PRECISION)
        for path, tensor in forward.weights_of(network).items()
    }
    more = tf.TensorSpec((None,), tf.int64), line, tf.TensorSpec((), PRECISION)
    return forward.compiled(network, run, *more, masks=True)


@lru_cache(maxsize=4)
def _backward(config: ModelConfig) -> Callable[..., dict[str, tf.Tensor]]:
    """(images, weights, labels) -> what `Backward` holds, in one dict."""
    network = _network(config)

    def run(images: tf.Tensor, weights: Any, labels: tf.Tensor) -> dict[str, tf.Tensor]:
        trained = {path: weights[path] for path in weights if not path.endswith("/mask")}
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(trained)
            outputs = dict(forward.walk(network, images, weights | trained))
            losses = _loss(labels, outputs["output"])
            mean = tf.reduce_mean(losses)
        layers = {name: value for name, value in outputs.items() if not name.endswith(forward.SUM)}
        inner = {name: value for name, value in layers.items() if name != "output"}
        by_output = tape.gradient(mean, inner)
        by_weight = tape.gradient(mean, trained)
        sums = tape.gradient(losses, outputs["output" + forward.SUM])
        count = tf.cast(tf.shape(images)[0], sums.dtype)
        return {
            "probabilities": outputs["output"], "losses": losses, "sums": sums,
            "output_of/output": sums / count,
            **{f"output_of/{name}": value for name, value in by_output.items()},
            **{f"weights/{path}": value for path, value in by_weight.items()},
        }  # fmt: skip

    return forward.compiled(network, run, tf.TensorSpec((None,), tf.int64), masks=True)

"""What a network answers: one function for each look, and what is remembered of it for all visitors.

An answer that does not change is asked once for all visitors. It belongs to the run, to the moment its
weights were written, and to the data at hand; so a run that trains on, or a full data set that arrives
in place of the sample, is asked again. Visitors share the arrays: nobody writes to them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cnn_core import arithmetic, datasets, runs
from cnn_core.analysis import kernels
from cnn_core.analysis.edits import Edits
from cnn_core.analysis.evaluation import Predictions
from cnn_core.analysis.kernels import TopImages
from cnn_core.engine.landscape import Question
from cnn_core.labs.training_step import StepSettings, TrainingStep
from cnn_core.runs import snapshots
from pages.network.answer_types import (
    Ablation,
    Array,
    Axes,
    Examples,
    Explanations,
    Maps,
    Marked,
    Pattern,
    Plane,
    Verdict,
)  # fmt: skip
from pages.network.memory import kept, remembered
from pages.network.waiting import listening
from pages.session.doors import engine

PATIENCE_S = 120.0  # for an answer: the look worker may still be loading TensorFlow
PIECE = 2_500  # images per look: half a second, so that other visitors' looks come in between
SURVEYED = 500  # images per look where every filter's responses are wanted
LOOK_MULTIPLICATIONS = 150_000_000_000  # per look: some seconds

State = tuple[str, int, str]


def _look(name: str, run: runs.Run, *arguments: object, patience: float = PATIENCE_S) -> Any:
    return engine().look(name, run, *arguments, timeout=patience)


def _state(run: runs.Run) -> State:
    """What an answer depends on beside the question.

    The last is the size of the data: the sample stands in for a full set that is not here.
    """
    here = datasets.available(run.train.dataset, run.train.size)
    return run.id, runs.weights_at(run), run.train.size if here else "sample"


def per_look(run: runs.Run, most: int, passes: int) -> int:
    """How many parts of a long answer are asked in one look, so that other visitors' looks come in between.

    Args:
        run: The run.
        most: Of a network as small as the textbook's.
        passes: Images that go through the network for each part.
    """
    per_image = arithmetic.totals(arithmetic.layer_table(run.model)).multiplications
    return max(1, min(most, LOOK_MULTIPLICATIONS // (passes * per_image)))


def litert(run: runs.Run) -> bytes:
    """The network as a LiteRT file, as `cnn_core.inside.litert.litert` says; not remembered."""
    answer: bytes = _look("litert", run)
    return answer


# One image


def predict(run: runs.Run, images: Array, patience: float = PATIENCE_S) -> Array:
    """Probabilities (N, K) for images (N, H, W, C); not remembered.

    Args:
        run: The run.
        images: As floats in [0, 1], or as bytes.
        patience: Seconds to wait.

    Raises:
        CnnError: If there is no answer; so do all functions of this module.
    """
    answer: Array = _look("predict", run, images, patience=patience)
    return answer


def feature_maps(
    run: runs.Run,
    image: Array,
    weights: Mapping[str, Array] | None = None,
    patience: float = PATIENCE_S,
) -> Maps:
    """What every layer outputs for one image (H, W, C), by name; not remembered.

    Args:
        run: The run.
        image: As floats in [0, 1], or as bytes.
        weights: Convolutions of another epoch; then the maps end with the last convolution or pooling.
        patience: Seconds to wait.
    """
    answer: Maps = _look("feature_maps", run, image, weights, patience=patience)
    return answer


def operate(run: runs.Run, image: Array, edits: Edits) -> Maps:
    """Probabilities (K,) "before" and "after" a surgery, and the maps after it; not remembered."""
    answer: Maps = _look("operate", run, image, edits)
    return answer


def explanations(
    run: runs.Run,
    image: Array,
    label: int | None,
    layer: str,
    side: int,
    shade: str,
    start: str,
    *,
    untrained: bool,
) -> Explanations:
    """One decision explained in seven ways, as `cnn_core.inside.explain.explanations` says.

    Args:
        run: The run.
        image: As floats in [0, 1], or as bytes.
        label: The class to explain; None is the most probable one.
        layer: The convolution of the class activation maps.
        side: Of the square of the occlusion, in pixels.
        shade: Of the square.
        start: Where Integrated Gradients begin.
        untrained: Whether to explain the same of the network before training, too.
    """
    seed = run.train.seed if untrained else None
    return _explanations(_state(run), run, image, label, layer, side, shade, seed, start)


@remembered
def _explanations(state: State, _run: runs.Run, image: Array, *settings: object) -> Explanations:
    answer: Explanations = _look("explanations", _run, image, *settings)
    return answer


def deletion_curves(
    run: runs.Run, image: Array, label: int | None, layer: str, side: int, shade: str
) -> Maps:
    """Curves of one image as `cnn_core.inside.deletion.deletion_curves` says; arguments as above."""
    return _deletion_curves(_state(run), run, image, label, layer, side, shade)


@remembered
def _deletion_curves(state: State, _run: runs.Run, image: Array, *settings: object) -> Maps:
    answer: Maps = _look("deletion_curves", _run, image, *settings)
    return answer


def deletion_sums(run: runs.Run, first: int, count: int, layer: str, side: int, shade: str) -> Maps:
    """Sums of such curves over `count` test images from place `first` on, and how many those were."""
    return _deletion_sums(_state(run), run, first, count, layer, side, shade)


@remembered
def _deletion_sums(state: State, _run: runs.Run, *settings: object) -> Maps:
    answer: Maps = _look("deletion_sums", _run, _run.train, *settings)
    return answer


def robustness(run: runs.Run, change: str, first: int, count: int) -> Maps:
    """Correct answers on some changed test images, as `cnn_core.inside.robustness.robustness` says."""
    return _robustness(_state(run), run, change, first, count)


@remembered
def _robustness(state: State, _run: runs.Run, change: str, first: int, count: int) -> Maps:
    answer: Maps = _look("robustness", _run, _run.train, change, first, count)
    return answer


def adversarial(run: runs.Run, image: Array) -> Explanations:
    """One image changed against the network, as `cnn_core.inside.adversarial.adversarial` says."""
    return _adversarial(_state(run), run, image)


@remembered
def _adversarial(state: State, _run: runs.Run, image: Array) -> Explanations:
    answer: Explanations = _look("adversarial", _run, image)
    return answer


# Filters


def convolutions(run: runs.Run) -> Maps:
    """Kernels (kh, kw, c_in, c_out) and biases (c_out,) of the kept network, by "conv1/kernel" and so on."""
    return _convolutions(_state(run), run)


@remembered
def _convolutions(state: State, _run: runs.Run) -> Maps:
    answer: Maps = _look("convolutions", _run)
    return answer


def preferred_pattern(run: runs.Run, layer: str, index: int, start: int) -> Pattern:
    """Patterns that activate a filter most, from random beginnings of which `start` is the seed."""
    return _preferred_pattern(_state(run), run, layer, index, start)


@remembered
def _preferred_pattern(state: State, _run: runs.Run, layer: str, index: int, start: int) -> Pattern:
    answer: Pattern = _look("preferred_pattern", _run, layer, index, start)
    return answer


def survey(run: runs.Run) -> dict[str, TopImages]:
    """The responses of all filters to every test image, by layer; asked a piece at a time."""
    return _survey(_state(run), run)


@remembered
def _survey(state: State, _run: runs.Run) -> dict[str, TopImages]:
    first, parts = 0, list[dict[str, dict[str, Array]]]()
    while not parts or len(parts[-1]["conv1"]["peak"]) == SURVEYED:
        parts.append(_look("survey", _run, _run.train, first, SURVEYED))
        first += SURVEYED
    return {
        layer: kernels.top_images((part[layer]["peak"], part[layer]["saturated"]) for part in parts)
        for layer in parts[0]
    }


def top_images(run: runs.Run, layer: str, index: int, rows: Sequence[int]) -> Marked:
    """The test images at those places, and where in its map a filter responds most to each."""
    return _top_images(_state(run), run, layer, index, tuple(rows))


@remembered
def _top_images(
    state: State, _run: runs.Run, layer: str, index: int, rows: tuple[int, ...]
) -> Marked:
    answer: Marked = _look("top_images", _run, _run.train, layer, index, rows)
    return answer


# A part of the data


def images(run: runs.Run, part: str, rows: Sequence[int]) -> Array:
    """Images (n, H, W, C) of a part of the run's data, as bytes; at most 0.8 MB."""
    run_id, _, size = _state(run)
    return _images((run_id, 0, size), run, part, tuple(rows))  # whatever the weights


@remembered
def _images(state: State, _run: runs.Run, part: str, rows: tuple[int, ...]) -> Array:
    answer: Array = _look("images", _run, _run.train, part, rows)
    return answer


def examples(run: runs.Run, count: int, seed: int) -> Examples:
    """Test images drawn at random (n, H, W, C), labels (n,), probabilities (n, K); not remembered."""
    answer: Examples = _look("examples", run, run.train.dataset, run.train.size, count, seed)
    return answer


def piece(run: runs.Run, part: str, first: int) -> Predictions:
    """What the network says of `PIECE` images of a part of its data, from place `first` on."""
    return _piece(_state(run), run, part, first)


@remembered
def _piece(state: State, _run: runs.Run, part: str, first: int) -> Predictions:
    answer: Predictions = _look("evaluate", _run, _run.train, part, first, PIECE)
    return answer


def predictions(
    run: runs.Run, part: str, tell: Callable[[int, int], None] = lambda done, total: None
) -> Predictions:
    """What the network says of every image of a part of its data.

    Args:
        run: The run.
        part: "train", "val" or "test".
        tell: Told before each piece but the first how many images are done, and of how many.
    """
    if (answer := known_predictions(run, part)) is not None:
        return answer
    state = _state(run)
    pieces = [piece(run, part, 0)]
    for first in range(PIECE, pieces[0].total, PIECE):
        tell(first, pieces[0].total)
        pieces.append(piece(run, part, first))
    answer = Predictions.joined(pieces)
    if state == _state(run):  # no better epoch was kept meanwhile
        kept().keep(("predictions", *state, part), answer)
    return answer


def known_predictions(run: runs.Run, part: str) -> Predictions | None:
    """`predictions` if they have been asked before."""
    answer: Predictions | None = kept().get(("predictions", *_state(run), part))
    return answer


def verdict(run: runs.Run, edits: Edits, first: int, part: str = "test") -> Verdict:
    """How the network does after a surgery on `PIECE` images of a part, from place `first` on."""
    return _verdict(_state(run), run, edits, first, part)


@remembered
def _verdict(state: State, _run: runs.Run, edits: Edits, first: int, part: str) -> Verdict:
    answer: Verdict = _look("verdict", _run, _run.train, edits, first, PIECE, part)
    return answer


def ablation(
    run: runs.Run, edits: Edits, layer: str, filters: Sequence[int], count: int
) -> Ablation:
    """What is lost and gained among the first `count` test images without each of those filters."""
    return _ablation(_state(run), run, edits, layer, tuple(filters), count)


@remembered
def _ablation(
    state: State, _run: runs.Run, edits: Edits, layer: str, filters: tuple[int, ...], count: int
) -> Ablation:
    answer: Ablation = _look("ablation", _run, _run.train, edits, layer, filters, count)
    return answer


def pca(run: runs.Run, count: int) -> Axes:
    """The first test images on the two principal axes of their last vectors."""
    return _pca(_state(run), run, count)


@remembered
def _pca(state: State, _run: runs.Run, count: int) -> Axes:
    answer: Axes = _look("pca", _run, _run.train, count)
    return answer


def tsne(run: runs.Run, count: int, perplexity: int) -> Array | None:
    """The first test images as t-SNE arranges them (N, 2); None until that is done: ask again."""
    if (points := known_tsne(run, count, perplexity)) is None:
        state = _state(run)
        points = _look("tsne", run, run.train, count, perplexity)
        if points is not None:
            kept().keep(("tsne", *state, count, perplexity), points)
    return points


def known_tsne(run: runs.Run, count: int, perplexity: int) -> Array | None:
    """`tsne` if it has been done before; asks nobody."""
    points: Array | None = kept().get(("tsne", *_state(run), count, perplexity))
    return points


def training_step(run: runs.Run, settings: StepSettings) -> TrainingStep:
    """The state after the steps taken so far, and what the next one does at each learning rate."""
    return _training_step(_state(run), run, settings)


@remembered
def _training_step(state: State, _run: runs.Run, settings: StepSettings) -> TrainingStep:
    snapshot = snapshots.read(_run, settings.epoch, whole=True) if settings.epoch else None
    answer: TrainingStep = listening(
        lambda: _look("training_step", _run, _run.train, settings, snapshot)
    )
    return answer


def plane(run: runs.Run, question: Question) -> Plane:
    """The plane of a loss landscape, and the paths on it; the losses are another question."""
    return _plane(_state(run), run, question)


@remembered
def _plane(state: State, _run: runs.Run, question: Question) -> Plane:
    answer: Plane = _look("plane", _run, question)
    return answer


def losses(run: runs.Run, question: Question, first: int, count: int) -> Array:
    """The losses at `count` points of its grid (count,) from place `first` on, row by row."""
    return _losses(_state(run), run, question, first, count)


@remembered
def _losses(state: State, _run: runs.Run, question: Question, first: int, count: int) -> Array:
    answer: Array = _look("losses", _run, question, first, count)
    return answer

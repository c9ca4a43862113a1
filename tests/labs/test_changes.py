"""Changes of images: in the browser's modules, in SciPy and in Pillow; and where they flip an answer."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from node import ask, packed
from PIL import Image, ImageEnhance
from scipy import ndimage

from cnn_core import browser, datasets, runs
from cnn_core.labs.changes import CHANGES, apply, noise

IMAGES, LABELS = datasets.sample_test("fashion_mnist")
BOOT = IMAGES[0].astype(np.float32) / 255
SEVERAL = [
    {"rotate": 17, "right": 3, "down": -2, "zoom": 120, "shear": 10, "blur": 0.7},
    {"contrast": 140, "invert": 30, "noise": 0.2, "occlude": 7},
]


def in_browser(
    image: np.ndarray, strengths: Mapping[str, float], centre: tuple[int, int] | None = None
) -> np.ndarray:
    question = {"image": packed(image), "shape": image.shape, "strengths": dict(strengths)}
    [answer] = ask([question | ({"centre": centre} if centre else {})])
    changed: np.ndarray = answer["image"].reshape(image.shape)
    return changed


def some(values: tuple[float, ...]) -> list[float]:
    """The ends of a slider, and places between."""
    return [values[at] for at in np.linspace(0, len(values) - 1, 7).astype(int)]


@pytest.mark.parametrize("shape", [(28, 28, 1), (9, 12, 3)])
def test_the_browser_computes_what_scipy_computes(shape: tuple[int, int, int]) -> None:
    image = np.random.default_rng(1).random(shape).astype(np.float32)
    strengths = [{name: value} for name, change in CHANGES.items() for value in some(change.values)]
    asked = [{"image": packed(image), "shape": shape, "strengths": one} for one in strengths]
    for one, answer in zip(strengths, ask(asked), strict=True):
        np.testing.assert_allclose(
            answer["image"], apply(image, one).ravel(), atol=2e-6, err_msg=str(one)
        )


@pytest.mark.parametrize("strengths", SEVERAL)
def test_several_changes_together_are_the_same_in_both(strengths: dict[str, float]) -> None:
    found = in_browser(BOOT, strengths, (4, 20))
    np.testing.assert_allclose(found, apply(BOOT, strengths, centre=(4, 20)), atol=2e-6)


# Against single calls of libraries, not through our own composition


def shown(name: str, value: float) -> np.ndarray:
    return in_browser(BOOT, {name: value})[..., 0]


@pytest.mark.parametrize("degrees", [-120, -14, 14, 90, 180])
def test_a_rotation_is_that_of_scipy(degrees: int) -> None:
    expected = ndimage.rotate(BOOT[..., 0], degrees, reshape=False, order=1, mode="grid-constant")
    np.testing.assert_allclose(shown("rotate", degrees), expected, atol=1e-5)


def test_a_rotation_turns_as_that_of_pillow() -> None:
    turned = Image.fromarray(BOOT[..., 0]).rotate(30, Image.Resampling.BILINEAR)
    inside = np.s_[4:-4, 4:-4]  # at the edge Pillow has no value between the image and black
    np.testing.assert_allclose(shown("rotate", 30)[inside], np.asarray(turned)[inside], atol=0.02)


@pytest.mark.parametrize(("name", "axis"), [("down", 0), ("right", 1)])
@pytest.mark.parametrize("pixels", [-5, 3])
def test_a_shift_is_that_of_scipy(name: str, axis: int, pixels: int) -> None:
    moved = ndimage.shift(BOOT[..., 0], np.eye(2)[axis] * pixels, order=1, mode="grid-constant")
    np.testing.assert_allclose(shown(name, pixels), moved, atol=1e-6)


@pytest.mark.parametrize("percent", [50, 130])
def test_a_zoom_is_that_of_pillow(percent: int) -> None:
    """Pillow samples between the centres of pixels, which are half a pixel from their corners."""
    scale = 100 / percent
    offset = 14 * (1 - scale)
    picture = Image.fromarray(np.pad(BOOT[..., 0], 4))
    affine = (scale, 0, offset + 4 * (1 - scale), 0, scale, offset + 4 * (1 - scale))
    zoomed = picture.transform((36, 36), Image.Transform.AFFINE, affine, Image.Resampling.BILINEAR)
    np.testing.assert_allclose(shown("zoom", percent), np.asarray(zoomed)[4:-4, 4:-4], atol=1e-5)


def test_a_shear_leans_to_the_right_by_its_angle() -> None:
    line = np.zeros((41, 41, 1), np.float32)
    line[:, 20] = 1
    leaning = in_browser(line, {"shear": 45})[..., 0]
    assert [int(leaning[row].argmax()) for row in (10, 20, 30)] == [30, 20, 10]


def test_a_blur_is_that_of_scipy() -> None:
    expected = ndimage.gaussian_filter(BOOT[..., 0], 1.3, mode="nearest", truncate=4)
    np.testing.assert_allclose(shown("blur", 1.3), expected, atol=1e-6)


@pytest.mark.parametrize("percent", [40, 160])
def test_contrast_is_that_of_pillow(percent: int) -> None:
    picture = Image.fromarray(IMAGES[0, ..., 0])
    expected = np.asarray(ImageEnhance.Contrast(picture).enhance(percent / 100)) / 255
    np.testing.assert_allclose(shown("contrast", percent), expected, atol=2.5 / 255)  # it rounds


def test_inversion_ends_with_the_negative_and_is_grey_half_way() -> None:
    np.testing.assert_allclose(shown("invert", 100), 1 - BOOT[..., 0], atol=1e-6)
    np.testing.assert_allclose(shown("invert", 50), 0.5, atol=1e-6)


def test_the_square_covers_its_pixels_and_no_other() -> None:
    covered = in_browser(BOOT, {"occlude": 5}, (0, 27))[..., 0]
    expected = BOOT[..., 0].copy()
    expected[:3, 25:] = 0.5
    np.testing.assert_array_equal(covered, expected)


def test_noise_is_normal_and_another_seed_is_another_pattern() -> None:
    first, second = noise(50_000), noise(50_000, seed=1)
    for pattern in (first, second):
        assert abs(pattern.mean()) < 0.02
        assert abs(pattern.std() - 1) < 0.02
        assert abs(np.mean(pattern**4) - 3) < 0.15
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.02


def test_the_neutral_strength_changes_nothing() -> None:
    for name, change in CHANGES.items():
        assert change.neutral in change.values
        assert change.curve[0] == change.neutral
        np.testing.assert_array_equal(apply(IMAGES[0], {name: change.neutral}), BOOT)


@pytest.fixture(scope="module")
def flips() -> list[tuple[str, dict[str, Any]]]:
    """What the scan finds on each slider, and what the network says at each of its values."""
    network = base64.b64encode(browser.pack(runs.open_run("fashion")).data).decode()
    sliders = {
        name: {"name": name, "values": change.values, "neutral": change.neutral}
        for name, change in CHANGES.items()
    }
    asked = [
        {"file": network, "image": packed(BOOT), "shape": BOOT.shape, "slider": slider}
        for slider in sliders.values()
    ]
    return list(zip(sliders, ask(asked), strict=True))


@pytest.mark.slow
def test_a_mark_is_where_the_class_changes(flips: list[tuple[str, dict[str, Any]]]) -> None:
    marks = 0
    for name, found in flips:
        values, labels = CHANGES[name].values, found["labels"]
        start = values.index(CHANGES[name].neutral)
        assert labels[start] == found["base"]
        for side, step in (("up", 1), ("down", -1)):
            way = labels[start::step]
            other = [at for at, label in enumerate(way) if label != found["base"]]
            if not other:
                assert found[side] is None, name
                continue
            at = start + step * other[0]
            assert found[side] == {"at": at, "value": values[at], "label": labels[at]}, name
            marks += 1
    assert marks > 5  # otherwise the sliders would show nothing


@pytest.mark.slow
def test_the_answer_beside_a_mark_is_that_of_keras(flips: list[tuple[str, dict[str, Any]]]) -> None:
    from cnn_core import model

    run = runs.open_run("fashion")
    opened = model.opened(run.model, run.folder / "best.keras")
    for name, found in flips:
        for side in filter(None, (found["up"], found["down"])):
            [shares] = model.predict(opened, apply(BOOT, {name: side["value"]})[np.newaxis])
            best, second = np.sort(shares)[::-1][:2]
            assert shares.argmax() == side["label"] or best - second < 1e-3, name

"""From one image to another in the browser: mixtures of NumPy, answers of Keras, marks where they change."""

from __future__ import annotations

import base64

import numpy as np
import pytest
from node import ask, packed

from cnn_core import browser, datasets, runs

IMAGES, LABELS = datasets.sample_test("fashion_mnist")
STEPS = 20

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("first", "last"), [(0, 8), (1, 2)])
def test_mixtures_answers_and_marks_are_those_of_numpy_and_keras(first: int, last: int) -> None:
    from cnn_core import model

    run = runs.open_run("fashion")
    start, end = (IMAGES[at].astype(np.float32) / 255 for at in (first, last))
    file = base64.b64encode(browser.pack(run).data).decode()
    question = {"file": file, "from": packed(start), "to": packed(end), "steps": STEPS}
    [answer] = ask([question])
    mixtures = np.linspace(start, end, STEPS + 1, dtype=np.float32)
    images = np.stack(answer["images"]).reshape(mixtures.shape)
    np.testing.assert_allclose(images, mixtures, atol=1e-6)
    opened = model.opened(run.model, run.folder / "best.keras")
    probabilities = np.stack(answer["answers"])
    np.testing.assert_allclose(probabilities, opened.predict(mixtures), atol=1e-4)
    labels = probabilities.argmax(axis=1).tolist()
    assert answer["turns"] == [
        {"at": at, "before": labels[at - 1], "label": labels[at]}
        for at in range(1, STEPS + 1)
        if labels[at] != labels[at - 1]
    ]
    assert answer["turns"]
    np.testing.assert_array_equal(answer["images"][0], start.ravel())
    np.testing.assert_array_equal(answer["images"][-1], end.ravel())

"""Choose the images of the home page, and keep what the trained network says to each of them.

`python assets/models/tour.py` writes fashion/tour.npz again from fashion/best.keras; `build.py` does the
same after a training. The images come from the bundled sample, so it needs no other file.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent))

from cnn_core import datasets, runs
from cnn_core.config import ModelConfig
from cnn_core.runs import tour

NAME = "fashion"  # the network that the home page shows


def write(folder: Path, config: ModelConfig, dataset: str) -> None:
    """Write the tour through the network of that config whose best.keras lies in `folder`."""
    import keras

    from cnn_core import model

    network = model.restore(config, folder / "best.keras")
    names = [layer.name for layer in network.layers if isinstance(layer, keras.layers.Dense)]
    outputs = keras.Model(network.inputs, [network.get_layer(name).output for name in names])
    sample = datasets.load(dataset, "sample")
    guesses = model.predictor(network)(sample.x_test).argmax(axis=1)
    places = tour.choose_images(sample.y_test, guesses)
    images, labels = sample.x_test[places], sample.y_test[places]
    units = outputs.predict_on_batch(images.astype(np.float32) / 255)
    kept = {name: np.asarray(values, np.float32) for name, values in zip(names, units, strict=True)}
    np.savez_compressed(folder / tour.FILE, images=images, labels=labels, **kept)
    print(f"{NAME}: tour of {len(images)} images, {(folder / tour.FILE).stat().st_size:,} bytes")


if __name__ == "__main__":
    shipped = runs.open_run(NAME)
    write(shipped.folder, shipped.model, shipped.train.dataset)

"""Keep the explanations that the page "Explain" opens with.

`python assets/models/explained.py` writes explained-SIZE.npz again beside each network, for every size of
its data that is on this machine; `build.py` does the same after a training.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent))

from cnn_core import datasets, runs
from cnn_core.config import ModelConfig
from cnn_core.runs import explained


def write(folder: Path, name: str, config: ModelConfig, dataset: str) -> None:
    """Write the explanations of the network `name` of that config whose best.keras lies in `folder`."""
    from cnn_core import model
    from cnn_core.inside.deletion import deletion_curves
    from cnn_core.inside.explain import explanations

    network = model.opened(config, folder / "best.keras")
    for (owner, size), index in explained.START.items():
        if owner != name or (size == "full" and not datasets.available(dataset, size)):
            continue
        data = datasets.load(dataset, size)
        image = data.x_test[index]
        curves = deletion_curves(network, image)
        kept = explained.flat({**explanations(network, image), "curves": curves})
        path = folder / explained.FILE.format(size=size)
        np.savez_compressed(path, index=index, image=image, truth=data.y_test[index], **kept)
        print(f"{name}: explanations of test image {index}, {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    for shipped in runs.shipped_runs():
        write(shipped.folder, shipped.id, shipped.model, shipped.train.dataset)

"""Optuna with plain Keras in one process, as its tutorials show it: what a sweep is measured against.

Knows nothing of ConvScope: `python -m bench.plain_sweep data.npz result.json --trials 4 --epochs 2`.
"""

import argparse
import json
import time
from pathlib import Path

import keras
import numpy as np
import optuna

from bench.plain import network


def main() -> None:
    """Read the images, run the study, and write how long it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("result", type=Path)
    parser.add_argument("--trials", type=int, default=4)
    parser.add_argument("--epochs", type=int, default=2)
    options = parser.parse_args()

    with np.load(options.data) as data:
        x_train, y_train = data["x_train"].astype("float32") / 255, data["y_train"]
        x_val, y_val = data["x_val"].astype("float32") / 255, data["y_val"]

    def objective(trial: optuna.Trial) -> float:
        keras.utils.clear_session()
        keras.utils.set_random_seed(trial.suggest_int("seed", 1, options.trials))
        history = network().fit(
            x_train,
            y_train,
            batch_size=32,
            epochs=options.epochs,
            validation_data=(x_val, y_val),
            verbose=0,
        )
        return max(history.history["val_accuracy"])

    grid = optuna.samplers.GridSampler({"seed": list(range(1, options.trials + 1))}, seed=0)
    study = optuna.create_study(direction="maximize", sampler=grid)
    began = time.time()
    study.optimize(objective, n_trials=options.trials)
    options.result.write_text(
        json.dumps({"seconds": time.time() - began, "trials": len(study.trials)}), encoding="utf-8"
    )


if __name__ == "__main__":
    main()

"""Data sets: what there is, and their images, read, checked and split."""

from cnn_core.datasets.loading import (
    Dataset,
    available,
    load,
    sample_test,
    split,
    subset,
    training_images,
    trouble,
)
from cnn_core.datasets.sources import DATASETS, Source, spec

__all__ = [
    "DATASETS",
    "Dataset",
    "Source",
    "available",
    "load",
    "sample_test",
    "spec",
    "split",
    "subset",
    "training_images",
    "trouble",
]

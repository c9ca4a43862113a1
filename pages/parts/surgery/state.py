"""What a visitor of the page "Surgery" looks at, and what they did to which network. Nobody else sees it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st

from cnn_core import runs
from cnn_core.analysis.edits import Edits
from cnn_core.arithmetic import LayerRow
from cnn_core.errors import ConfigError
from pages.network import answers
from pages.network.epochs import convolutions
from pages.network.names import class_names


@dataclass(frozen=True, eq=False)
class View:
    """What the page shows at the moment.

    Attributes:
        run: The run.
        weights_at: When its weights were written, in nanoseconds.
        row: The convolution.
        filter: The chosen filter.
        edits: What the visitor did to the network.
        trained: Kernels and biases of all convolutions as they were trained.
    """

    run: runs.Run
    weights_at: int
    row: LayerRow
    filter: int
    edits: Edits
    trained: dict[str, np.ndarray]

    @classmethod
    def of(cls, run: runs.Run) -> View:
        """What this visitor looks at now.

        Raises:
            CnnError: If the network cannot be asked.
        """
        at = runs.weights_at(run)
        row = convolutions(run)[layer(run)]
        return cls(run, at, row, filter_index(run), edits(run), answers.convolutions(run))

    def array(self, kind: str) -> np.ndarray:
        """The "kernel" or "bias" of the layer with the edits."""
        path = f"{self.row.name}/{kind}"
        edited = self.trained[path].copy()
        for change in self.edits.weights:
            if change.path == path:
                edited[change.place] = change.value
        return edited

    @property
    def names(self) -> list[str]:
        """Class names in the visitor's language, as many as the network has classes."""
        return class_names(self.run)


LAYER, REFUSED = "surgery_layer", "surgery_refused"  # session keys


def choose_layer(name: str) -> None:
    """Choose a convolution."""
    st.session_state[LAYER] = name


def refuse(error: ConfigError) -> None:
    """Say on the next run of the page why an edit came to nothing."""
    st.session_state[REFUSED] = error


def take_refusal() -> ConfigError | None:
    """What `refuse` was told, once."""
    error: ConfigError | None = st.session_state.pop(REFUSED, None)
    return error


def layer(run: runs.Run) -> str:
    """The convolution that is operated on."""
    name = st.session_state.get(LAYER)
    return str(name) if name in convolutions(run) else "conv1"


def filter_index(run: runs.Run) -> int:
    """The chosen filter; the first one where the layer does not have as many."""
    index = int(st.session_state.get("surgery_filter", 0))
    return index if index < convolutions(run)[layer(run)].output_shape[2] else 0


def choose(index: int) -> None:
    """Choose a filter."""
    st.session_state["surgery_filter"] = index


def edits(run: runs.Run) -> Edits:
    """What this visitor did to that network; nobody else sees it."""
    kept: Edits = st.session_state.get(f"surgery_edits_{run.id}", Edits())
    return kept


def keep(run: runs.Run, changed: Edits) -> None:
    """Remember it for this visitor, across pages."""
    st.session_state[f"surgery_edits_{run.id}"] = changed

"""A confusion matrix as one still picture: counts in, SVG out, in the colours of paper."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
from markupsafe import escape

from cnn_core.figures.evaluation import ConfusionWords

CELL, SIDE, TOP, EDGE = 46, 150, 84, 16  # of a cell; room for names at the left and above; margins
RIGHT, WRONG, INK, QUIET = "#0067b1", "#c75300", "#1c1e26", "#5b606c"
DEEP = 0.8  # opacity of a cell from which on its number is white
LONGEST = 18  # characters of a name


def confusion_svg(
    matrix: npt.NDArray[np.int64],
    names: Sequence[str],
    *,
    as_percent: bool,
    words: ConfusionWords,
) -> str:
    """True classes in rows, predicted ones in columns; the diagonal is blue, mistakes are orange.

    Args:
        matrix: Counts (K, K).
        names: Of the classes.
        as_percent: Write percentages of a row in place of counts.
        words: In the reader's language.
    """
    width = SIDE + CELL * len(names) + EDGE
    height = TOP + SIDE + CELL * len(names) + EDGE
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
        f' viewBox="0 0 {width} {height}" font-family="system-ui, sans-serif" font-size="13">',
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        f'<text x="{EDGE}" y="28" font-size="16" font-weight="600" fill="{INK}">'
        f"{escape(words.title)}</text>",
        f'<text x="{SIDE}" y="54" fill="{QUIET}">{escape(words.predicted)} →</text>',
        f'<text x="{EDGE}" y="{TOP + SIDE - 12}" fill="{QUIET}">{escape(words.true)} ↓</text>',
        *_heads(names),
        *_cells(matrix, as_percent=as_percent),
        "</svg>",
    ]
    return "".join(parts)


def _heads(names: Sequence[str]) -> Iterator[str]:
    for index, name in enumerate(names):
        short = escape(name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…")
        x, y = SIDE + CELL * (index + 0.5), TOP + SIDE + CELL * (index + 0.5)
        yield (
            f'<text transform="translate({x + 4:g} {TOP + SIDE - 8}) rotate(-90)" fill="{INK}">'
            f"{short}</text>"
        )
        yield f'<text x="{SIDE - 8}" y="{y + 4:g}" text-anchor="end" fill="{INK}">{short}</text>'


def _cells(matrix: npt.NDArray[np.int64], *, as_percent: bool) -> Iterator[str]:
    totals = np.maximum(1, matrix.sum(axis=1, keepdims=True))
    fractions = matrix / totals
    for row, column in np.ndindex(matrix.shape):
        count, share = int(matrix[row, column]), float(fractions[row, column])
        x, y = SIDE + CELL * column, TOP + SIDE + CELL * row
        colour, depth = RIGHT if row == column else WRONG, share**0.5
        text = f"{100 * share:.0f}" if as_percent else f"{count:,}"
        ink = "#ffffff" if depth > DEEP else INK
        yield (
            f'<rect x="{x}" y="{y}" width="{CELL - 1}" height="{CELL - 1}" fill="{colour}"'
            f' fill-opacity="{max(0.04, depth):.3f}"/>'
        )
        if count:
            yield (
                f'<text x="{x + CELL / 2:g}" y="{y + CELL / 2 + 4:g}" text-anchor="middle"'
                f' fill="{ink}">{text}</text>'
            )

"""Heat over an image, and the curve of an ascent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from cnn_core.figures.legend import number
from cnn_core.figures.mosaic import image_png
from cnn_core.figures.palette import SEQUENTIAL, STEPS
from cnn_core.markup import fill

ZOOM = 8  # screen pixels per pixel: enlarged here, since browsers may smooth
WIDTH, HEIGHT = 240, 100  # of the curve, in its own units

Array = npt.NDArray[Any]


def normalized(heat: Array) -> Array:
    """Heat (H, W) divided by its maximum, 0 to 1; negative values become 0.

    Args:
        heat: Any values (H, W); without a positive one all become 0.
    """
    most = float(heat.max(initial=0.0))
    if not most > 0:
        return np.zeros(heat.shape)
    return np.maximum(heat, 0.0) / most


def overlay_png(image: npt.NDArray[np.uint8], heat: Array, opacity: float) -> bytes:
    """The colours of heat over an image; the hotter a place, the less of the image is seen through it.

    Where there is no heat the image is as it was: no colour stands for "nothing".

    Args:
        image: uint8 of shape (H, W, 1) or (H, W, 3).
        heat: Values (H, W) from 0 to 1.
        opacity: Of the hottest place: 0 shows the image alone, 1 hides it there.

    Raises:
        ValueError: If the heat has another height or width.
    """
    if heat.shape != image.shape[:2]:
        raise ValueError(f"The heat must be {image.shape[:2]}. Received {heat.shape}.")
    colours = SEQUENTIAL[np.rint(np.clip(heat, 0, 1) * (STEPS - 1)).astype(int)]  # (H, W, 3)
    cover = opacity * np.clip(heat, 0, 1)[..., np.newaxis]  # (H, W, 1)
    mixed = (1 - cover) * image + cover * colours  # one channel goes to all three
    return image_png(np.rint(mixed).astype(np.uint8), ZOOM)


def ascent_svg(curves: Array, colours: Sequence[str], *, steps: str, alt: str) -> Markup:
    """Activations of several ascents after each step, each as a line, on one scale from 0.

    Args:
        curves: Activations (n, steps + 1).
        colours: Colours of the lines, at least n.
        steps: Name of the axis of steps.
        alt: What it shows, in words.
    """
    top = float(curves.max(initial=0.0)) or 1.0
    bottom = min(0.0, float(curves.min(initial=0.0)))
    places = np.linspace(0, WIDTH, curves.shape[1])
    lines = [
        (_points(places, (top - curve) / (top - bottom)), colours[index])
        for index, curve in enumerate(curves)
    ]
    return fill(
        '<span class="ascent"><span class="top">{{ top }}</span>'
        '<svg viewBox="0 0 {{ width }} {{ height }}" preserveAspectRatio="none" role="img"'
        ' aria-label="{{ alt }}">'
        '<line x1="0" x2="{{ width }}" y1="{{ zero }}" y2="{{ zero }}" class="ground"/>'
        "{% for points, colour in lines %}"
        '<polyline points="{{ points }}" fill="none" stroke="{{ colour }}"/>{% endfor %}</svg>'
        '<span class="bottom">{{ bottom }}</span>'
        '<span class="steps"><i>0</i><i>{{ steps }}</i><i>{{ last }}</i></span></span>',
        top=number(top),
        width=WIDTH,
        height=HEIGHT,
        alt=alt,
        zero=_y(top / (top - bottom)),
        lines=lines,
        bottom=number(bottom),
        steps=steps,
        last=curves.shape[1] - 1,
    )


def _points(places: Array, depths: Array) -> str:
    return " ".join(f"{x:.1f},{_y(depth)}" for x, depth in zip(places, depths, strict=True))


def _y(depth: float) -> str:
    """A share of the height from above, with room for half a line at both ends."""
    return f"{2 + depth * (HEIGHT - 4):.1f}"

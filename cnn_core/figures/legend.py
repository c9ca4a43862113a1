"""Small HTML around pictures: a colour legend, a picture in a data address, a box or dot drawn on it."""

from __future__ import annotations

import base64
import math

from markupsafe import Markup

from cnn_core.analysis.probabilities import percent
from cnn_core.figures.mosaic import Scale
from cnn_core.figures.palette import ink, stops
from cnn_core.markup import fill

__all__ = ["framed", "legend", "number", "percent", "uri"]


def uri(png: bytes) -> str:
    """The picture itself as an address, so that it needs no second request."""
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


def legend(scale: Scale, low: str, high: str, *, middle: str = "", title: str = "") -> Markup:
    """The colours of a scale from left to right, labelled at the ends and in the middle."""
    colours = stops(scale)
    return fill(
        '<span class="legend-row"><span class="what">{{ title }}</span>'
        '<span class="end">{{ low }}</span>'
        '<span class="ramp" style="background:linear-gradient(90deg,{{ colours }})">'
        '<i style="color:{{ ink }}">{{ middle }}</i></span>'
        '<span class="end">{{ high }}</span></span>',
        title=title,
        low=low,
        colours=",".join(colours),
        ink=ink(colours[len(colours) // 2]),
        middle=middle,
        high=high,
    )


def framed(
    png: bytes,
    alt: str,
    *,
    shape: tuple[int, int],
    box: tuple[int, int, int, int] | None = None,
) -> Markup:
    """A picture with a box on it.

    Args:
        png: The picture, in any enlargement.
        alt: What it shows, in words.
        shape: Its height and width in the units of `box`.
        box: Top, left, bottom and right; bottom and right are the first outside. None draws none.
    """
    style = ""
    if box is not None:
        top, left, bottom, right = box
        places = {
            "top": top / shape[0],
            "left": left / shape[1],
            "height": (bottom - top) / shape[0],
            "width": (right - left) / shape[1],
        }
        style = ";".join(f"{edge}:{place:.3%}" for edge, place in places.items())
    return fill(
        '<span class="framed" style="--shape:{{ proportions }}">'
        '<img alt="{{ alt }}" src="{{ source }}">'
        '{% if style %}<i class="box" style="{{ style }}"></i>{% endif %}</span>',
        proportions=f"{shape[1]}/{shape[0]}",
        alt=alt,
        source=uri(png),
        style=style,
    )


def number(value: float) -> str:
    """Three significant digits with a real minus sign: "−0.142", "0.810", "1,234"; "–" for no number."""
    if not math.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    text = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:#.3g}".rstrip(".")
    return text.replace("-", "−")

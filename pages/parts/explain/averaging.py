"""Parts of the page "Explain": why averaging gradients over places fails before flatten and dense layers."""

from __future__ import annotations

import numpy as np
from markupsafe import Markup

from cnn_core.figures.legend import framed, legend, number, percent
from cnn_core.figures.mosaic import Scale, mosaic_png
from cnn_core.markup import fill
from pages.parts.explain import facts
from pages.parts.explain.methods import View
from pages.session.doors import colours
from pages.session.html import html
from pages.session.words import t

ZOOM = 8


def show(view: View) -> None:
    """One filter of the layer: its map, the gradients, and what HiResCAM and Grad-CAM make of both."""
    averaging = view.answer["averaging"]
    maps, gradients = averaging["activations"], averaging["gradients"]
    mean = float(gradients.mean())
    reach = float(np.abs(gradients).max()) or 1.0
    parts = float(np.abs(gradients * maps).max()) or 1.0
    scale: Scale = colours().diverging
    slots = {"layer": view.request.layer, "filter": averaging["filter"], "mean": number(mean)}
    figures = [
        _figure("map", mosaic_png(maps[np.newaxis], zoom=ZOOM), maps, slots),
        *(
            _figure(
                name,
                mosaic_png(values[np.newaxis], scale=scale, low=-limit, high=limit, zoom=ZOOM),
                values,
                slots,
            )
            for name, values, limit in (
                ("gradients", gradients, reach),
                ("each", gradients * maps, parts),
                ("mean", mean * maps, parts),
            )
        ),
    ]
    words = t(
        "explain.averaging.words",
        map=facts.times(maps.shape),
        left=percent(averaging["left"], 0),
        name=view.names[view.answer["label"]],
        **slots,
    )
    html(
        fill(
            '<div class="averaging"><b>{{ title }}</b><p>{{ words }}</p>'
            '<div class="averaging-row">{{ figures|join }}</div>{{ scale }}</div>',
            title=t("explain.averaging.title"),
            words=words,
            figures=figures,
            scale=legend(
                scale, t("explain.averaging.against"), t("explain.averaging.for"), middle="0"
            ),
        )
    )


def _figure(name: str, png: bytes, values: np.ndarray, slots: dict[str, object]) -> Markup:
    caption = t(f"explain.averaging.{name}", **slots)
    return fill(
        "<figure>{{ picture }}<figcaption>{{ caption }}</figcaption></figure>",
        picture=framed(png, caption, shape=values.shape),
        caption=caption,
    )

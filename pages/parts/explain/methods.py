"""Parts of the page "Explain": the decision as bars, and the heat of each method over the image."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import streamlit as st
from markupsafe import Markup

from cnn_core import runs
from cnn_core.figures import explanations as figures
from cnn_core.figures import feature_maps, mosaic
from cnn_core.figures.legend import framed, legend, percent
from cnn_core.markup import fill
from cnn_core.runs import explained
from cnn_core.runs.explained import Explained
from pages.network import answers
from pages.network.answers import Explanations
from pages.network.epochs import convolutions
from pages.network.names import class_names
from pages.parts.explain import facts
from pages.pictures import run_image
from pages.pictures.run_image import Chosen
from pages.session.html import html, waking
from pages.session.words import t

PREDICTED = -1
SHADES = ("grey", "black", "white")
CAMS = ("hires_cam", "layer_cam", "grad_cam")
BARS = 3  # classes that are always shown
START = explained.START
MISSED = {"sample": 9, "full": 10}
"""By size of the data, a coat for which Grad-CAM finds nothing in the network "fashion"."""


@dataclass(frozen=True, slots=True)
class Request:
    """What the controls say.

    Attributes:
        label: The class to explain; None is the most probable one.
        cam: Which class activation map, one of `CAMS`.
        layer: Its convolution.
        start: Where Integrated Gradients begin.
        side: Of the square of the occlusion, in pixels.
        shade: Of the square.
        untrained: Whether to show the same of the network before training.
    """

    label: int | None
    cam: str
    layer: str
    start: str
    side: int
    shade: str
    untrained: bool

    @property
    def methods(self) -> tuple[str, ...]:
        """The pictures of the page, in order."""
        return self.cam, "integrated", "saliency", "smooth", "occlusion"


@dataclass(frozen=True, eq=False)
class View:
    """What the page shows at the moment.

    Attributes:
        run: The run.
        image: The image.
        request: What the controls say.
        answer: What `explain.explanations` answered.
        opacity: Of the colours over the image, 0 to 1.
    """

    run: runs.Run
    image: Chosen
    request: Request
    answer: Explanations
    opacity: float

    @property
    def names(self) -> list[str]:
        """The classes."""
        return class_names(self.run)

    @property
    def pixels(self) -> np.ndarray:
        """The image as bytes (H, W, C)."""
        pixels = self.image.pixels
        if pixels.dtype == np.uint8:
            return pixels
        return np.rint(np.clip(pixels, 0, 1) * 255).astype(np.uint8)


def largest_side(run: runs.Run) -> int:
    """A square may hide half of the image each way, and no more than 16 pixels."""
    return max(1, min(16, min(run.model.input_shape[:2]) // 2))


def usual_side(run: runs.Run) -> int:
    """A seventh of the image, as 4 of 28 pixels."""
    return max(1, min(largest_side(run), round(min(run.model.input_shape[:2]) / 7)))


def ready_made(run: runs.Run, size: str, request: Request) -> Explained | None:
    """The explanations that came with the network, if that is what the controls and the image ask for."""
    last = list(convolutions(run))[-1]
    usual = Request(None, CAMS[0], last, "black", usual_side(run), SHADES[0], False)
    if replace(request, cam=usual.cam) != usual:  # all three maps are kept
        return None
    if not run_image.is_test_image(run, START.get((run.id, size))):
        return None
    return explained.read(run, size)


def explain(run: runs.Run, pixels: np.ndarray, request: Request) -> Explanations:
    """The explanations, computed by the look worker."""
    with waking():
        return answers.explanations(
            run, pixels, request.label, request.layer, request.side, request.shade, request.start,
            untrained=request.untrained,
        )  # fmt: skip


def decision(view: View) -> None:
    """The image and what the network says of it: three bars with the explained class, and the others."""
    probabilities, label = view.answer["probabilities"], view.answer["label"]
    best = int(probabilities.argmax())
    words = t("explain.says", name=view.names[best], share=percent(probabilities[best]))
    if view.image.truth is not None:
        right = view.image.truth == best
        truth = view.names[view.image.truth]
        words += " " + t("feature_maps.right" if right else "feature_maps.wrong", name=truth)
    order = np.argsort(-probabilities, kind="stable").tolist()
    first = order[:BARS] if label in order[:BARS] else [*order[: BARS - 1], label]
    rest = [index for index in order if index not in first]
    bars = feature_maps.probabilities_html(probabilities, view.names, words, label, first)
    others = feature_maps.probabilities_html(probabilities, view.names, words, label, rest)
    title, png = view.image.title, mosaic.image_png(view.pixels, figures.ZOOM)
    picture = framed(png, title, shape=view.pixels.shape[:2])
    html(
        fill(
            '<div class="decision"><figure>{{ picture }}<figcaption>{{ title }}</figcaption></figure>'
            '<div><div class="answer" role="status">{{ words }}</div>{{ bars }}'
            "{% if rest %}<details><summary>{{ summary }}</summary>{{ others }}</details>{% endif %}"
            "</div></div>",
            picture=picture,
            title=title,
            words=words,
            bars=bars,
            rest=rest,
            summary=t("explain.others", count=len(rest)),
            others=others,
        )
    )


def pictures(view: View) -> None:
    """The methods side by side: picture, numbers, and the same of the untrained network."""
    label = view.answer["label"]
    share = percent(view.answer["probabilities"][label])
    why = t("explain.why", name=view.names[label], share=share)
    scale = legend("sequential", "0", t("explain.most"), title=t("explain.scale"))
    html(
        fill(
            '<div class="inside head why"><b>{{ why }}</b>{{ scale }}</div>'
            '<div class="explained{{ " with-untrained" if untrained else "" }}">'
            "{% for column in columns %}<section>{{ column|join }}</section>{% endfor %}</div>",
            why=why,
            scale=scale,
            untrained=view.request.untrained,
            columns=[list(_method(view, name)) for name in view.request.methods],
        )
    )
    if view.request.untrained:
        html(fill('<div class="inside sanity">{{ words }}</div>', words=t("explain.sanity")))


def how_to_read(view: View) -> None:
    """What each picture shows, and what it does not."""
    with st.expander(t("explain.how_to_read"), icon=":material/menu_book:", key="explain_how"):
        sections = [_reading(view, name) for name in view.request.methods]
        html(fill('<div class="explained-read">{{ sections|join }}</div>', sections=sections))
        st.caption(t("explain.scale_note"))


def _title(view: View, name: str) -> str:
    return t(f"explain.{name}", layer=view.request.layer)


def _reading(view: View, name: str) -> Markup:
    shape = view.answer[name].get("map", np.zeros((0, 0))).shape
    slots = {"layer": view.request.layer, "map": facts.times(shape)}
    slots |= {"side": view.request.side, "shade": t(f"explain.shade_{view.request.shade}")}
    slots |= {"start": t(f"explain.fill_{view.request.start}")}
    text = [t(f"explain.{name}_beware", **slots)]
    if not facts.faint(view.answer, name):  # of an empty picture nothing is bright
        text.insert(0, t(f"explain.{name}_read", **slots))
    return fill(
        "<section><b>{{ title }}</b>{% for words in text %}<p>{{ words }}</p>{% endfor %}</section>",
        title=_title(view, name),
        text=text,
    )


def _method(view: View, name: str) -> Iterator[Markup]:
    title, request = _title(view, name), view.request
    yield fill('<div class="method" role="heading" aria-level="2">{{ title }}</div>', title=title)
    yield _picture(view, view.answer, name, title)
    words = facts.numbers(view.answer, name, request.layer, request.side)
    yield fill('<p class="nums">{{ words }}</p>', words=words)
    if request.untrained:
        before, agreement = view.answer["untrained"], view.answer["agreement"][name]
        untrained = t("explain.of_untrained", method=title)
        yield _picture(view, before, name, untrained)
        words = t("explain.agreement", value=facts.two(agreement))
        if facts.faint(before, name):
            words += f". {t('explain.no_colour')}"
        yield fill('<p class="nums">{{ words }}</p>', words=words)


def _picture(view: View, answer: Explanations, name: str, title: str) -> Markup:
    heat = answer[name]["heat"]
    alt = t("explain.alt", method=title, name=view.names[answer["label"]])
    if facts.faint(answer, name):
        png = figures.overlay_png(view.pixels, np.zeros(heat.shape), view.opacity)
        return framed(png, f"{alt} {t('explain.no_colour')}", shape=heat.shape)
    heat_shares = figures.normalized(heat)
    png = figures.overlay_png(view.pixels, heat_shares, view.opacity)
    row, column = np.unravel_index(int(heat_shares.argmax()), heat_shares.shape)
    place = t("explain.brightest", row=int(row), column=int(column))
    box = facts.worst(answer["occlusion"], view.request.side) if name == "occlusion" else None
    return framed(png, f"{alt} {place}", shape=heat.shape, box=box)

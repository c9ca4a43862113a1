"""Parts of the convolution page: controls, both ways to lay a kernel on, pooling, stacked kernels."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import streamlit as st
from markupsafe import Markup

from cnn_core import arithmetic, convolution, runs
from cnn_core.config import ConvBlock, ModelConfig
from cnn_core.figures import kernels, mosaic
from cnn_core.figures.legend import framed, legend, number
from cnn_core.markup import fill
from cnn_core.paths import ASSETS
from cnn_core.runs import snapshots
from pages.elements.stepper import Setup
from pages.network.epochs import kept_epoch
from pages.session import choices as _choices
from pages.session import course
from pages.session.doors import colours
from pages.session.html import html
from pages.session.words import t

STYLE = ASSETS / "convolution.css"
POOLS = ("max", "average")
POOL_SIZES = (2, 3, 4)
POOL_STEPS = ("size", 1, 2, 3)
INPUTS = ("maps", "image")
CHANNELS = (1, 16, 32, 64, 128)
SHIPPED = "fashion"  # whose first feature maps are pooled
CELL = 22  # side of a drawn pixel in the picture of stacked kernels


def key(name: str) -> str:
    """Where in the session a choice of the page is kept."""
    return f"convolution_chosen_{name}"


def pick(
    name: str, choices: Sequence[object], label: str, words: str, default: object = None
) -> object:
    """One of a row of buttons, kept under `key(name)`; begins with `default` or the first."""
    return _choices.segmented_control(
        label, choices, key=key(name), default=default, help=words,
        format_func=lambda values: _choice(name, values),
    )  # fmt: skip


def _choice(name: str, value: object) -> str:
    match name, value:
        case "padding", int():
            return str(value)
        case "padding" | "pool", _:
            return t(f"choice.{name}.{value}")
        case "size", _:
            return f"{value}×{value}"
        case ("turned" | "on", _) | ("step", "size"):
            return t(f"convolution.{name}_{value}")
    return str(value)


def follow_choice(
    link: Mapping[str, str], name: str, choices: Sequence[object], label: str = ""
) -> None:
    """Choose what a link names; one sentence if there is no such choice.

    Args:
        link: What the address says.
        name: Of the parameter.
        choices: What can be chosen.
        label: What the control is called, where the name alone could mean another one.
    """
    if name not in link:
        return
    by_text = {str(choice): choice for choice in choices}
    if link[name] in by_text:
        st.session_state[key(name)] = by_text[link[name]]
    else:
        named = f"{name} ({label})" if label else name
        words = t("convolution.bad_choice", name=named, known=", ".join(by_text))
        st.warning(words, icon=":material/link_off:")


def follow_number(link: Mapping[str, str], name: str, most: float) -> None:
    """Take the number that a link names; one sentence if it is none between −`most` and `most`."""
    if name not in link:
        return
    try:
        value = float(link[name])
    except ValueError:
        value = math.nan
    if math.isfinite(value) and abs(value) <= most:
        st.session_state[key(name)] = value
    else:
        words = t("convolution.bad_number", name=name, most=f"{most:g}")
        st.warning(words, icon=":material/link_off:")


def fits(setup: Setup) -> bool:
    """Whether the window finds a place on the image; says so in a sentence if not."""
    added = 2 * setup.padding if isinstance(setup.padding, int) else 0
    there = setup.padding == "same" or min(setup.image.shape[:2]) + added >= max(setup.span)
    if not there:
        st.info(t("convolution.too_small"), icon=":material/info:")
    return there


def padding_words(setup: Setup) -> str:
    """Where the size of the result comes from: padding and remainder in numbers."""
    height, width = setup.image.shape[:2]
    layout = convolution.layout(
        (height, width), setup.span, stride=setup.stride, padding=setup.padding
    )
    rows, columns = layout.output
    edges = {"top": layout.top, "bottom": layout.bottom, "left": layout.left, "right": layout.right}
    parts = [t("convolution.out", rows=rows, columns=columns, formula=_formula(setup))]
    if setup.dilation > 1:
        covered, side = f"{setup.span[0]}×{setup.span[1]}", f"{setup.window[0]}×{setup.window[1]}"
        parts.append(
            t("convolution.dilated", dilation=setup.dilation, window=side, covered=covered)
        )
    if isinstance(setup.padding, int):
        parts.append(t("convolution.padded", count=setup.padding))
    elif setup.padding == "valid":
        parts.append(t("convolution.no_padding"))
    elif not any(edges.values()):
        parts.append(t("convolution.nothing_to_pad"))
    else:
        side = setup.span[0]
        reach = (rows - 1) * setup.stride + side
        sums = f"({rows} − 1) × {setup.stride} + {side} − {height} = {reach - height}"
        even = layout.top == layout.bottom
        parts.append(
            t("convolution.pads" if even else "convolution.pads_unevenly", sums=sums, **edges)
        )
    if any(layout.unread):
        down, across = layout.unread
        parts.append(t("convolution.remainder", rows=down, columns=across))
    return " ".join(parts)


def _formula(setup: Setup) -> str:
    sides = (setup.image.shape[0], setup.image.shape[1])
    return arithmetic.size_formula(sides, setup.span[0], setup.stride, setup.padding)


def both_ways(grey: np.ndarray, kernel: np.ndarray) -> None:
    """Correlation and convolution of an image (H, W) side by side, and by how much they differ."""
    results = {
        "correlation": (kernel, convolution.correlate(grey, kernel)),
        "convolution": (convolution.turned(kernel), convolution.convolve(grey, kernel)),
    }
    reach = max(float(np.abs(result).max()) for _, result in results.values()) or 1.0
    weight = kernels.largest(kernel) or 1.0
    panels = []
    for name, (laid, result) in results.items():
        picture = mosaic.mosaic_png(
            result[np.newaxis], scale=colours().diverging, low=-reach, high=reach, zoom=8
        )
        title = t(f"convolution.turned_{name}")
        alt = t(f"convolution.kernel_in_{name}")
        panels.append(
            fill(
                '<figure class="{{ name }}"><div class="pair">{{ grid }}<span>→</span>{{ result }}</div>'
                "<figcaption><b>{{ title }}</b><span>{{ about }}</span></figcaption></figure>",
                name=name,
                grid=kernels.kernel_grid(laid, weight, alt, colours().diverging),
                result=framed(picture, title, shape=result.shape),
                title=title,
                about=t(f"convolution.about_{name}"),
            )
        )
    html(fill('<div class="both-ways">{{ panels|join }}</div>', panels=panels))
    html(legend(colours().diverging, number(-reach), number(reach), middle="0"))
    difference = float(np.abs(results["correlation"][1] - results["convolution"][1]).max())
    if np.allclose(kernel, convolution.turned(kernel)):
        st.info(t("convolution.symmetric"), icon=":material/rotate_right:")
    else:
        words = t("convolution.differ", difference=number(difference))
        st.info(words, icon=":material/rotate_right:")


@st.cache_data(show_spinner=False, max_entries=200)
def first_maps(image: np.ndarray) -> np.ndarray:
    """The output of the first convolution of the clothing network for an image (28, 28, 1)."""
    run = runs.open_run(SHIPPED)
    return convolution.forward(run.model, snapshots.read(run, kept_epoch(run)), image)["conv1"]


def map_index() -> int:
    """The map that is shown large."""
    return int(st.session_state.get("convolution_map", 0))


def keep_map(index: int) -> None:
    """Show that map large."""
    st.session_state["convolution_map"] = index


def pool_facts(setup: Setup) -> None:
    """What both kinds keep of this very map; a pooling against a convolution that takes larger steps."""
    channel = setup.image[..., setup.filter : setup.filter + 1]
    pooled = {
        kind: convolution.pool2d(channel, setup.size, stride=setup.stride, kind=kind)
        for kind in POOLS
    }
    largest = {kind: float(result.max()) for kind, result in pooled.items()}
    course.report(
        "convolution", before=float(channel.max()), largest=largest["max"], mean=largest["average"]
    )
    rows = [
        (t("convolution.before_pooling"), channel),
        *((t(f"choice.pool.{kind}"), result) for kind, result in pooled.items()),
    ]
    st.table(
        {
            t("convolution.what"): [name for name, _ in rows],
            t("convolution.size"): [f"{values.shape[0]}×{values.shape[1]}" for _, values in rows],
            t("convolution.strongest"): [number(float(values.max())) for _, values in rows],
            t("convolution.mean"): [number(float(values.mean())) for _, values in rows],
            t("convolution.share_zero"): [
                f"{float((values == 0).mean()):.0%}" for _, values in rows
            ],
        }
    )
    kept = number(float(pooled["max"].max()))
    words = {"before": number(float(channel.max())), "kept": kept}
    st.markdown(t("convolution.why_max", mean=number(float(pooled["average"].max())), **words))
    _smaller()


def _smaller() -> None:
    """Two ways from 28×28 to 14×14, with what each costs."""
    shape, filters = (28, 28, 32), 32
    ways = {
        "pooling": ConvBlock(filters, 3, 1, "same", pool="max"),
        "stride": ConvBlock(filters, 3, 2, "same", pool="none"),
    }
    tables = {
        name: arithmetic.layer_table(ModelConfig((block,), input_shape=shape))
        for name, block in ways.items()
    }
    pooling, strided = tables["pooling"][1], tables["stride"][0]
    st.markdown(
        t(
            "convolution.stride_or_pool",
            shape=_times(shape),
            out=_times(pooling.output_shape),
            formula=strided.formula,
            work=f"{strided.multiplications:,}",
        )
    )


def stacks(channels: int) -> None:
    """Small kernels in sequence compared with a large one with the same receptive field."""
    cases = {"3×3, 3×3": (3, 3), "5×5": (5,), "3×3, 3×3, 3×3": (3, 3, 3), "7×7": (7,)}
    sums = {}
    for name, sizes in cases.items():
        blocks = tuple(ConvBlock(channels, side, padding="valid", pool="none") for side in sizes)
        rows = arithmetic.layer_table(ModelConfig(blocks, input_shape=(28, 28, channels)))
        sums[name] = [row for row in rows if row.kind == "conv"]
    fields = [rows[-1].receptive_field for rows in sums.values()]
    counts = {name: sum(row.params for row in rows) for name, rows in sums.items()}
    ways = [[row.formula.rpartition(" = ")[0] for row in rows] for rows in sums.values()]
    st.table(
        {
            t("convolution.layers"): list(sums),
            t("convolution.field"): [f"{side}×{side}" for side in fields],
            t("totals.params"): [f"{count:,}" for count in counts.values()],
            t("convolution.nonlinear"): [str(len(rows)) for rows in sums.values()],
            t("convolution.how"): [" + ".join(formulas) for formulas in ways],
        }
    )
    small, large = counts["3×3, 3×3"], counts["5×5"]
    left, right = st.columns([0.55, 0.45], gap="medium")
    with left:
        html(_pyramid())
    with right:
        words = {"small": f"{small:,}", "large": f"{large:,}", "share": f"{small / large:.0%}"}
        st.markdown(t("convolution.stack_less", **words))
        st.markdown(t("convolution.stack_why"))


def _pyramid() -> Markup:
    """5×5 pixels, 3×3 numbers of the first layer, one of the second: what looks at what."""
    panels = []
    for side, name in ((5, "input"), (3, "first"), (1, "second")):
        cells = [
            (1 + CELL * (at % side), 1 + CELL * (at // side), _marks(side, at))
            for at in range(side * side)
        ]
        panels.append(
            fill(
                '<figure><svg viewBox="0 0 {{ box }} {{ box }}" role="img" aria-label="{{ words }}" '
                'style="width:{{ width }}rem">{% for x, y, kind in cells %}'
                '<rect x="{{ x }}" y="{{ y }}" width="{{ cell }}" height="{{ cell }}" class="{{ kind }}"/>'
                "{% endfor %}</svg><figcaption>{{ side }}×{{ side }}<br>{{ words }}</figcaption></figure>",
                box=CELL * side,
                words=t(f"convolution.stack_{name}"),
                width=side * 2.1,
                cells=cells,
                cell=CELL - 2,
                side=side,
            )
        )
    return fill(
        '<div class="stack">{% for panel in panels %}{{ panel }}'
        "{% if not loop.last %}<span>→ 3×3 →</span>{% endif %}{% endfor %}</div>",
        panels=panels,
    )


def _marks(side: int, at: int) -> str:
    row, column = divmod(at, side)
    middle = side // 2
    if side == 5 and max(abs(row - middle), abs(column - middle)) <= 1:
        return "near"
    return "centre" if (row, column) == (middle, middle) else "far"


def _times(shape: Sequence[int]) -> str:
    return "×".join(map(str, shape))

"""A network as a picture: stacks of feature maps and columns of units, layer after layer, as inline SVG.

One small SVG a layer inside a wrapping row: a wide screen shows one line, a phone two or three, and
nothing gets smaller than it reads or hides behind a scroll bar. Text takes the colour of the page around it,
shapes are mid-tones half filled, so the same string fits a light and a dark page.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from cnn_core.arithmetic import LayerRow, shape_text
from cnn_core.figures.charts import TEXT_PX
from cnn_core.figures.palette import KINDS
from cnn_core.markup import fill

CELL = 84  # least width of a layer, in pixels: four side by side on a phone, nine on 760 pixels
WIDEST = 104  # up to which it grows where there is room, text and all
TOP = 84  # height of the drawn part, in pixels
LINE = 17  # height of a line of text, in pixels
SHEET = 40  # side of a sheet as large as the input, in pixels
SHIFT = 2.5  # from sheet to sheet, in pixels
MOST_SHEETS = 8  # drawn of a convolution: 1 + log2 of its channels, which 128 channels reach
MOST_UNITS = 8  # circles of a dense layer, so that they stay apart within `TOP`


@dataclass(frozen=True, slots=True)
class DiagramWords:
    """The texts of the drawing.

    Attributes:
        title: What it shows; slots {layers} {params}.
        params: How parameters are counted; slot {count}. A line break makes two lines.
        broken: Under the layer that leaves nothing.
        kinds: Short name of "input", "conv", "pool_max", "pool_average", "flatten", "dense",
            "dropout" and "output".
    """

    title: str
    params: str
    broken: str
    kinds: Mapping[str, str]

    @classmethod
    def of(cls, table: Mapping[str, str]) -> DiagramWords:
        """The words from a table such as `texts.table("ko")`."""
        start = "diagram.kind."
        kinds = {key.removeprefix(start): word for key, word in table.items() if start in key}
        return cls(table["diagram.title"], table["diagram.params"], table["diagram.broken"], kinds)


def architecture_svg(
    rows: Sequence[LayerRow],
    input_shape: tuple[int, int, int],
    *,
    words: DiagramWords,
    broken: str | None = None,
) -> Markup:
    """The network from left to right: input, then a cell for each row.

    Args:
        rows: The layers, from `layer_table`; of a network whose sizes do not work out, those
            before the layer that breaks.
        input_shape: Shape (H, W, C) of an image.
        words: In the visitor's language.
        broken: Name of the layer that breaks, such as "conv4": drawn last, in red.

    Returns:
        One line of HTML, every word escaped. For `st.markdown(..., unsafe_allow_html=True)`;
        `st.html` takes SVG out.
    """
    layers = [_Layer.of_input(input_shape, words), *(_Layer.of_row(row, words) for row in rows)]
    if broken is not None:
        layers.append(_Layer.of_broken(broken, words))
    scale = SHEET / math.sqrt(max(input_shape[:2]))
    following: list[_Layer | None] = [*layers[1:], None]
    height = TOP + LINE * max(len(layer.lines) for layer in layers) + 6
    cells = [
        _cell(layer, after, scale, height, first=layer is layers[0])
        for layer, after in zip(layers, following, strict=True)
    ]
    style = (
        f"display:grid;grid-template-columns:repeat(auto-fit,minmax({CELL}px,1fr));"
        f"max-width:{WIDEST * len(layers)}px;row-gap:10px;--on-a-phone:{_on_a_phone(len(layers))}"
    )
    return fill(
        '<div class="architecture" role="img" aria-label="{{ spoken }}" style="{{ style }}">'
        "{{ cells|join }}</div>",
        spoken=_spoken(layers, rows, words),
        style=style,
        cells=cells,
    )


def _on_a_phone(layers: int) -> int:
    """Layers side by side on a phone: as many as fit, or fewer where the last would be alone in its row."""
    return next((columns for columns in (4, 3) if layers % columns != 1), 4)


def short_count(number: int) -> str:
    """1,010 -> "1,010", 18,496 -> "18.5k", 3,200,000 -> "3.2M"."""
    if number < 10_000:
        return f"{number:,}"
    size, letter = (1_000, "k") if number < 999_950 else (1_000_000, "M")
    return f"{number / size:.1f}".removesuffix(".0") + letter


@dataclass(frozen=True, slots=True)
class _Layer:
    """What a cell shows: `lines` under it, `tip` on hovering, `window` the side of its kernel."""

    kind: str
    shape: tuple[int, ...]
    lines: tuple[str, ...]
    tip: str
    window: int | None = None

    @property
    def colour(self) -> str:
        return KINDS[self.kind]

    @classmethod
    def of_input(cls, shape: tuple[int, ...], words: DiagramWords) -> _Layer:
        label = words.kinds["input"]
        return cls("input", shape, (label, shape_text(shape)), f"{label}: {shape_text(shape)}")

    @classmethod
    def of_row(cls, row: LayerRow, words: DiagramWords) -> _Layer:
        lines = [_label(row, words), shape_text(row.output_shape)]
        if row.kernel is not None:
            lines.append(_window_text(row))
        if row.params:
            lines += words.params.format(count=short_count(row.params)).split("\n")
        tip = "; ".join(part for part in (row.size_formula, row.formula) if part)
        tip = f"{row.name}: {tip}" if tip else row.name
        return cls(row.kind, row.output_shape, tuple(lines), tip, row.kernel)

    @classmethod
    def of_broken(cls, name: str, words: DiagramWords) -> _Layer:
        return cls("broken", (), (name, words.broken), f"{name}: {words.broken}")


def _label(row: LayerRow, words: DiagramWords) -> str:
    return words.kinds[f"pool_{row.pool}" if row.kind == "pool" else row.kind]


def _window_text(row: LayerRow) -> str:
    """ "3×3 same", "5×5 /2 valid", or "2×2" of a pooling, whose stride is its side."""
    text = f"{row.kernel}×{row.kernel}"
    if row.kind == "pool":
        return text
    step = f" /{row.stride}" if row.stride != 1 else ""
    return f"{text}{step} {row.padding}"


def _spoken(layers: Sequence[_Layer], rows: Sequence[LayerRow], words: DiagramWords) -> str:
    params = f"{sum(row.params for row in rows):,}"
    descriptions = (
        f"{layer.lines[0]} {shape_text(layer.shape) or layer.lines[1]}" for layer in layers
    )
    return f"{words.title.format(layers=len(rows), params=params)} {' → '.join(descriptions)}"


def _cell(layer: _Layer, after: _Layer | None, scale: float, height: int, *, first: bool) -> Markup:
    drawing = ([] if first else [_arrow()]) + list(_body(layer, after, scale))
    return fill(
        '<svg viewBox="0 0 {{ width }} {{ height }}" aria-hidden="true" style="width:100%;height:auto">'
        "<title>{{ tip }}</title>{{ drawing }}{{ captions|join }}</svg>",
        width=CELL,
        height=height,
        tip=layer.tip,
        drawing=Markup("".join(drawing)),  # shapes and numbers, no text
        captions=list(_captions(layer)),
    )


def _body(layer: _Layer, after: _Layer | None, scale: float) -> Iterator[str]:
    if layer.kind == "broken":
        yield from _cross(layer.colour)
    elif len(layer.shape) == 3:
        yield from _sheets(layer, after, scale)
    elif layer.kind == "flatten":
        yield from _bar(layer)
    else:
        yield from _units(layer)


def _captions(layer: _Layer) -> Iterator[Markup]:
    for number, line in enumerate(layer.lines):
        yield fill(
            '<text x="{{ x }}" y="{{ y }}" text-anchor="middle"'
            ' font-size="{{ size }}" fill="currentColor"'
            '{% if first %} font-weight="600"{% else %} opacity="0.8"{% endif %}>{{ line }}</text>',
            x=f"{CELL / 2:g}",
            y=TOP + LINE * (number + 1) - 2,
            first=number == 0,
            size=TEXT_PX,
            line=line,
        )


def _arrow() -> str:
    middle = TOP / 2
    return (
        f'<path d="M0 {middle:g}h6m-3 -3l3 3l-3 3" fill="none" stroke="currentColor"'
        ' stroke-opacity="0.6"/>'
    )


def _sheets(layer: _Layer, after: _Layer | None, scale: float) -> Iterator[str]:
    """Feature maps behind one another: more of them the more channels there are."""
    height, width, channels = layer.shape
    tall, wide = (6 + scale * math.sqrt(side) * 0.9 for side in (height, width))
    count = channels if channels <= 3 else min(MOST_SHEETS, 1 + round(math.log2(channels)))
    depth = SHIFT * (count - 1)
    left = (CELL + 6 - wide - depth) / 2
    top = (TOP - tall - depth) / 2
    front = top + depth
    for place in range(count - 2, -1, -1):
        yield _edge(left + SHIFT * place, front - SHIFT * place, wide, tall, layer.colour)
    yield _rect(left, front, wide, tall, layer.colour, 0.35)
    if after is not None and after.window is not None:
        reach = (min(1, after.window / side) for side in (width, height))
        w, h = (max(3.0, part * size) for part, size in zip(reach, (wide, tall), strict=True))
        w, h = min(w, wide - 6), min(h, tall - 6)
        yield _rect(left + 3, front + 3, w, h, after.colour, 0.9)


def _edge(x: float, y: float, wide: float, tall: float, colour: str) -> str:
    """The strip that shows of the sheet behind the one at (x, y)."""
    return (
        f'<path d="M{x + SHIFT:.1f} {y:.1f}v{-SHIFT}h{wide:.1f}v{tall:.1f}h{-SHIFT}'
        f'v{SHIFT - tall:.1f}z" fill="{colour}" fill-opacity="0.2" stroke="{colour}"'
        ' stroke-width="0.8"/>'
    )


def _bar(layer: _Layer) -> Iterator[str]:
    """All numbers in one column."""
    tall = min(TOP - 8.0, 20 + 16 * math.log10(layer.shape[0]))
    x, y = CELL / 2 - 2, (TOP - tall) / 2
    yield _rect(x, y, 10, tall, layer.colour, 0.3)
    for place in range(1, int(tall / 6)):
        yield f'<path d="M{x:g} {y + 6 * place:.1f}h10" stroke="{layer.colour}" stroke-opacity="0.7"/>'


def _units(layer: _Layer) -> Iterator[str]:
    """Units as circles, three dots standing for those left out; every third one off in dropout."""
    units = layer.shape[0]
    most = min(MOST_UNITS, 3 + round(2 * math.log10(units)))
    count = units if units <= 10 and layer.kind == "output" else min(units, most)
    pitch = 8.0 if count > MOST_UNITS else 9.0
    gap = pitch if units > count else 0.0
    top = (TOP - pitch * (count - 1) - gap) / 2
    x = CELL / 2 + 3
    for place in range(count):
        y = top + pitch * place + (gap if place > count // 2 - 1 else 0)
        off = layer.kind == "dropout" and place % 3 == 1
        look = 'stroke-dasharray="2 1.5" fill-opacity="0"' if off else 'fill-opacity="0.45"'
        yield (
            f'<circle cx="{x:g}" cy="{y:.1f}" r="3.4" fill="{layer.colour}"'
            f' stroke="{layer.colour}" {look}/>'
        )
    if gap:
        yield _three_dots(x, top + pitch * (count // 2))


def _three_dots(x: float, y: float) -> str:
    dots = "".join(f'<circle cx="{x:g}" cy="{y + step:.1f}" r="0.9"/>' for step in (-3, 0, 3))
    return f'<g fill="currentColor" fill-opacity="0.7">{dots}</g>'


def _cross(colour: str) -> Iterator[str]:
    x, y, side = CELL / 2 - 13, TOP / 2 - 16, 32
    yield (
        f'<rect x="{x:g}" y="{y:g}" width="{side}" height="{side}" rx="3" fill="{colour}"'
        f' fill-opacity="0.12" stroke="{colour}" stroke-width="1.5" stroke-dasharray="4 3"/>'
        f'<path d="M{x + 9:g} {y + 9:g}l14 14m0 -14l-14 14" stroke="{colour}" stroke-width="2.5"'
        ' stroke-linecap="round"/>'
    )


def _rect(x: float, y: float, wide: float, tall: float, colour: str, fill: float) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{tall:.1f}"'
        f' fill="{colour}" fill-opacity="{fill:g}" stroke="{colour}"/>'
    )

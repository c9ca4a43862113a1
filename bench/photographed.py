"""Photographs of handwriting and products, made from images of the bundled samples.

The same seed gives the same photographs. Nothing here is used by the preparation, nor the other way round.
"""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy import ndimage

Photograph = npt.NDArray[np.uint8]
"""uint8 of shape (H, W, 3)."""
Floats = npt.NDArray[np.float64]
Random = np.random.Generator

BASE_SIZE = (600, 800)  # height and width of a landscape photograph, in pixels


def stroke(digit: npt.NDArray[np.uint8], height: int, thicker: float = 0.0) -> Floats:
    """A digit (28, 28) as a pen leaves it, about `height` pixels high: ink from 0 to 1, cropped.

    Args:
        digit: Bright on black.
        height: Of the longer side, in pixels.
        thicker: Pixels of a digit of 20 pixels that the pen is wider, on each side of the stroke.
    """
    rows, columns = np.nonzero(digit > 60)
    part = digit[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1] / 255
    zoom = height / max(part.shape)
    margin = 4
    large = ndimage.zoom(np.pad(part, margin), zoom, order=3)
    large = ndimage.gaussian_filter(large, zoom * 0.35)
    inside = large > 0.45
    distance = ndimage.distance_transform_edt(inside) - ndimage.distance_transform_edt(~inside)
    ink = np.clip(distance + thicker * height / 20 + 0.5, 0, 1)
    rows, columns = np.nonzero(ink > 0)
    return np.asarray(ink[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1])


def placed(ink: Floats, size: tuple[int, int], place: tuple[float, float]) -> Floats:
    """The ink on a sheet of `size`; `place` is (down, across), each 0 at one edge and 1 at the other."""
    sheet = np.zeros(size)
    free = [max(0, whole - part) for whole, part in zip(size, ink.shape, strict=True)]
    top, left = (round(room * where) for room, where in zip(free, place, strict=True))
    part = ink[: size[0], : size[1]]
    sheet[top : top + part.shape[0], left : left + part.shape[1]] = part
    return sheet


def written(
    ink: Floats, paper: float = 225.0, pen: float = 35.0, light: Floats | float = 1.0
) -> Floats:
    """Grey values 0 to 255 of a sheet with that ink under that light."""
    return (paper * (1 - ink) + pen * ink) * light


def taken(grey: Floats, random: Random, noise: float = 2.5, quality: int = 85) -> Photograph:
    """What a camera makes of grey values: a tint, noise, a JPEG file."""
    tint = 1 + random.uniform(-0.04, 0.04, 3)
    colour = grey[..., np.newaxis] * tint + random.normal(0, noise, (*grey.shape, 1))
    return compressed(colour, quality)


def compressed(colour: Floats, quality: int = 85) -> Photograph:
    """The same after a JPEG file of that quality."""
    file = io.BytesIO()
    Image.fromarray(np.clip(colour, 0, 255).astype(np.uint8)).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file).convert("RGB"))


def _sheet(
    digit: npt.NDArray[np.uint8],
    random: Random,
    size: tuple[int, int] = BASE_SIZE,
    part: tuple[float, float] = (0.35, 0.7),
    thicker: float = 0.0,
    edge: float = 0.15,
) -> Floats:
    """Ink on a sheet: a digit of a random part of the shorter side, somewhere but not at the edge."""
    height = round(min(size) * random.uniform(*part))
    place = (random.uniform(edge, 1 - edge), random.uniform(edge, 1 - edge))
    return placed(stroke(digit, height, thicker), size, place)


def plain(digit: npt.NDArray[np.uint8], random: Random) -> Photograph:
    """White paper in even light."""
    return taken(written(_sheet(digit, random)), random)


def small(digit: npt.NDArray[np.uint8], random: Random) -> Photograph:
    """A small digit, anywhere on the paper."""
    return taken(written(_sheet(digit, random, part=(0.14, 0.25), edge=0.05)), random)


def portrait(digit: npt.NDArray[np.uint8], random: Random) -> Photograph:
    """A photograph taken upright, the digit high up or low down."""
    ink = stroke(digit, round(600 * random.uniform(0.3, 0.6)))
    place = (random.choice([0.08, 0.9]), random.uniform(0.2, 0.8))
    return taken(written(placed(ink, (800, 600), place)), random)


def dim(digit: npt.NDArray[np.uint8], random: Random) -> Photograph:
    """A dim room."""
    sheet = written(_sheet(digit, random), random.uniform(70, 110), random.uniform(20, 35))
    return taken(sheet, random, noise=4)


def shadow(digit: npt.NDArray[np.uint8], random: Random) -> Photograph:
    """The soft shadow of a hand or of the phone."""
    down, across = np.mgrid[: BASE_SIZE[0], : BASE_SIZE[1]] / max(BASE_SIZE)
    angle = random.uniform(0, 2 * np.pi)
    along = (down - 0.4) * np.sin(angle) + (across - 0.5) * np.cos(angle)
    light = 1 - random.uniform(0.4, 0.65) / (1 + np.exp(-along / random.uniform(0.05, 0.15)))
    return taken(written(_sheet(digit, random), light=light), random)


def hard_shadow(digit: npt.NDArray[np.uint8], random: Random) -> Photograph:
    """A shadow with a sharp edge across the paper."""
    down, across = np.mgrid[: BASE_SIZE[0], : BASE_SIZE[1]]
    angle = random.uniform(0, 2 * np.pi)
    along = (down - 300) * np.sin(angle) + (across - 400) * np.cos(angle)
    edge = np.clip((along - random.uniform(-150, 150)) / 12 + 0.5, 0, 1)
    light = 1 - random.uniform(0.3, 0.45) * edge
    return taken(written(_sheet(digit, random), light=light), random)


def desk(digit: npt.NDArray[np.uint8], random: Random) -> Photograph:
    """A note on a desk of wood, turned a little."""
    side = round(random.uniform(260, 380))
    note = written(_sheet(digit, random, (side, side), (0.5, 0.75)), random.uniform(200, 240))
    angle = random.uniform(-14, 14)
    turned = ndimage.rotate(note, angle, order=1, cval=0)
    mask = ndimage.rotate(np.ones_like(note), angle, order=1, cval=0)
    down, across = np.mgrid[: BASE_SIZE[0], : BASE_SIZE[1]]
    grain = 10 * np.sin(down / 9 + 2 * np.sin(across / 90)) + random.normal(0, 3, BASE_SIZE)
    table = random.uniform(60, 120) + ndimage.gaussian_filter(grain, 1.5)
    place = (random.uniform(0.1, 0.9), random.uniform(0.1, 0.9))
    whole, cover = placed(turned, BASE_SIZE, place), placed(mask, BASE_SIZE, place)
    return taken(whole * cover + table * (1 - cover), random)


def lined(digit: npt.NDArray[np.uint8], random: Random) -> Photograph:
    """Lined paper, held a little askew."""
    return _ruled(digit, random, squared=False)


def squared(digit: npt.NDArray[np.uint8], random: Random) -> Photograph:
    """Squared paper, held a little askew."""
    return _ruled(digit, random, squared=True)


def _ruled(digit: npt.NDArray[np.uint8], random: Random, *, squared: bool) -> Photograph:
    paper = np.full(BASE_SIZE, 228.0)
    paper -= rules(random, squared=squared) * random.uniform(30, 85)
    ink = _sheet(digit, random)
    return taken(paper * (1 - ink) + random.uniform(20, 60) * ink, random)


def rules(random: Random, *, squared: bool) -> Floats:
    """Printed lines, 0 to 1."""
    down, across = np.mgrid[: BASE_SIZE[0], : BASE_SIZE[1]]
    angle = np.deg2rad(random.uniform(-3, 3))
    along = down * np.cos(angle) + across * np.sin(angle)
    over = across * np.cos(angle) - down * np.sin(angle)
    period = random.uniform(30, 45) if squared else random.uniform(45, 80)
    line = np.clip(1.9 - np.abs((along % period) - period / 2), 0, 1)
    if squared:
        line = np.maximum(line, np.clip(1.9 - np.abs((over % period) - period / 2), 0, 1))
    return np.asarray(line)


def askew(digit: npt.NDArray[np.uint8], random: Random) -> Photograph:
    """Seen from the side: in perspective, and turned by up to 8 degrees."""
    grey = written(_sheet(digit, random, edge=0.3)).astype(np.uint8)
    height, width = BASE_SIZE
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], float)
    turn = np.deg2rad(random.uniform(-8, 8))
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    middle = np.array([width, height]) / 2
    inner = (corners - middle) * 0.85 @ matrix.T + middle + random.uniform(-35, 35, (4, 2))
    rows, targets = [], []
    for (x, y), (u, v) in zip(corners, inner, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        targets += [u, v]
    coefficients = np.linalg.solve(np.array(rows), np.array(targets)).tolist()
    seen = Image.fromarray(grey).transform(
        (width, height), Image.Transform.PERSPECTIVE, coefficients, Image.Resampling.BILINEAR,
        fillcolor=225,
    )  # fmt: skip
    return taken(np.asarray(seen, float), random)


def blurred(digit: npt.NDArray[np.uint8], random: Random) -> Photograph:
    """Out of focus."""
    sheet = written(_sheet(digit, random))
    return taken(ndimage.gaussian_filter(sheet, random.uniform(4, 9)), random)


def thick(digit: npt.NDArray[np.uint8], random: Random) -> Photograph:
    """A marker."""
    return taken(written(_sheet(digit, random, thicker=random.uniform(0.3, 0.6))), random)


def thin(digit: npt.NDArray[np.uint8], random: Random) -> Photograph:
    """A ballpoint pen, held loosely."""
    ink = _sheet(digit, random, thicker=random.uniform(-0.5, -0.3))
    return taken(written(ink, pen=random.uniform(40, 90)), random)


def pencil(digit: npt.NDArray[np.uint8], random: Random) -> Photograph:
    """A pencil, pale on white."""
    return taken(written(_sheet(digit, random), pen=random.uniform(140, 170)), random)


def chalk(digit: npt.NDArray[np.uint8], random: Random) -> Photograph:
    """Chalk on a board with wiped traces, brighter at one side."""
    ink = _sheet(digit, random)
    traces = ndimage.gaussian_filter(random.normal(0, 1, BASE_SIZE), 25) * 150
    light = np.linspace(0.7, 1.2, BASE_SIZE[1])[np.newaxis]
    return taken(written(ink, 55 + traces, random.uniform(170, 220), light), random)


def noisy(digit: npt.NDArray[np.uint8], random: Random) -> Photograph:
    """A poor camera: noise, and a file of low quality."""
    grey = written(_sheet(digit, random), 190, 50)
    return taken(grey, random, noise=random.uniform(10, 18), quality=30)


def coloured(digit: npt.NDArray[np.uint8], random: Random) -> Photograph:
    """Blue, red or green ink on paper of a pale colour."""
    ink = _sheet(digit, random)[..., np.newaxis]
    pen = np.array([(40, 60, 170), (190, 40, 50), (20, 110, 60)][random.integers(3)], float)
    paper = np.array([(245, 225, 140), (225, 235, 245), (240, 215, 220)][random.integers(3)], float)
    colour = paper * (1 - ink) + pen * ink + random.normal(0, 3, (*BASE_SIZE, 1))
    return compressed(colour)


KINDS: dict[str, Callable[[npt.NDArray[np.uint8], Random], Photograph]] = {
    kind.__name__: kind
    for kind in (
        plain,
        small,
        portrait,
        dim,
        shadow,
        hard_shadow,
        desk,
        lined,
        squared,
        askew,
        blurred,
        thick,
        thin,
        pencil,
        chalk,
        noisy,
        coloured,
    )
}
"""Kinds of photographs of handwriting: each makes one of a digit (28, 28)."""


def product(item: npt.NDArray[np.uint8], random: Random, paper: str = "white") -> Photograph:
    """A product photograph: the item (28, 28) cut out, dark as it was, on a sheet of any proportions.

    Args:
        item: Bright on black, as in Fashion-MNIST.
        random: Numbers from a seed.
        paper: "white", or "grey" with a light from one side.
    """
    rows, columns = np.nonzero(item > 8)
    part = item[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1].astype(float)
    zoom = random.uniform(12, 22)
    large = np.clip(ndimage.zoom(part, zoom, order=1), 0, 255)
    size = [round(side * random.uniform(1.1, 1.9)) for side in large.shape]
    sheet = placed(large, (size[0], size[1]), (random.uniform(0.2, 0.8), random.uniform(0.2, 0.8)))
    if paper == "white":
        return taken(255 - sheet, random, noise=0.7)
    light = np.linspace(random.uniform(0.75, 0.9), 1, size[1])[np.newaxis]
    return taken((255 - sheet) * 0.9 * light, random, noise=1.5)


PRODUCTS: dict[str, Callable[[npt.NDArray[np.uint8], Random], Photograph]] = {
    "white": product,
    "grey": lambda item, random: product(item, random, "grey"),
}
"""Kinds of product photographs: each makes one of an item (28, 28)."""


def several(digits: list[npt.NDArray[np.uint8]], random: Random) -> Photograph:
    """A number: digits side by side on white paper."""
    parts = [stroke(digit, round(random.uniform(150, 220))) for digit in digits]
    gap = round(random.uniform(30, 80))
    width = sum(part.shape[1] for part in parts) + gap * (len(parts) - 1)
    line = np.zeros((260, width))
    left = 0
    for part in parts:
        top = round(random.uniform(0, 260 - part.shape[0]))
        line[top : top + part.shape[0], left : left + part.shape[1]] = part
        left += part.shape[1] + gap
    place = (random.uniform(0.1, 0.9), random.uniform(0.1, 0.9))
    return taken(written(placed(line, BASE_SIZE, place)), random)


def empty(kind: str, random: Random) -> Photograph:
    """Paper that nobody has written on: "paper", "shadow", "lined", "squared" or "board"."""
    blank = np.zeros((28, 28), np.uint8)
    blank[14, 14] = 255
    sheet = np.full(BASE_SIZE, 225.0)
    if kind == "shadow":
        sheet *= np.linspace(0.4, 1, BASE_SIZE[0])[:, np.newaxis]
    elif kind in {"lined", "squared"}:
        sheet -= rules(random, squared=kind == "squared") * 60
    elif kind == "board":
        sheet = 55 + ndimage.gaussian_filter(random.normal(0, 1, BASE_SIZE), 25) * 150
    return taken(sheet, random)

"""A visitor's picture -> model input: checked, reduced early, with every step kept for display."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from cnn_core.errors import CnnError, DataError

FORMATS = ("JPEG", "PNG", "WEBP")
MAX_BYTES = 20_000_000  # above the photographs of phones and cameras
# Decoding takes at most about 200 MB: four bytes per pixel, and three such buffers for a WebP; a JPEG is
# decoded at an eighth of its size, but a progressive one keeps all its coefficients meanwhile.
MAX_MEGAPIXELS = {"JPEG": 120, "MPO": 120, "progressive": 30, "PNG": 40, "WEBP": 16}
WORKING_SIDE = 768  # longer side that a picture is made smaller to, in pixels
BAND_PIXELS = 2_000_000  # a large picture is converted in bands, to bound the memory
MIDDLE = 127.5  # of a byte: brighter is nearer to white than to black
# EXIF orientation -> the transposition that turns the picture upright.
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

Pixels = npt.NDArray[np.uint8]

_ONE_AT_A_TIME = threading.Lock()
"""Thirty visitors with a photo each must not need thirty times the memory at the same moment."""


@dataclass(frozen=True, eq=False)
class Picture:
    """An uploaded picture as opaque RGB.

    Attributes:
        pixels: uint8 of shape (H, W, 3), upright, opaque, its longer side at most 768 pixels.
        size: Width and height in the file, in pixels, before any rotation.
        notes: What was done to it, in order: "first_frame", "rotated", "on_white" or "on_black".
    """

    pixels: Pixels
    size: tuple[int, int]
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Original:
    """An uploaded picture with the channels that its file has.

    Attributes:
        pixels: uint8 of shape (H, W) if grey, (H, W, 3) if in colour, (H, W, 4) if anything can be
            transparent; upright, its longer side at most `WORKING_SIDE` pixels.
        size: Width and height in the file, in pixels, before any rotation.
        notes: What was done to it, in order: "first_frame", "rotated", "smaller".
    """

    pixels: Pixels
    size: tuple[int, int]
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Prepared:
    """A picture on its way to the model, step by step.

    Attributes:
        grey: uint8 (H, W, 1): brightness alone; for a colour model (H, W, 3), as it was.
        square: The middle of it, in the proportions of the model's input.
        crop: Width and height of that middle in the file, in pixels, however small it is worked with.
        small: The same at the size of the model's input.
        inverted: Whether the last step inverted the brightness.
        model_input: uint8 of the model's input shape.
    """

    grey: Pixels
    square: Pixels
    crop: tuple[int, int]
    small: Pixels
    inverted: bool
    model_input: Pixels


def read(content: bytes) -> Picture:
    """Open a JPEG, PNG or WebP file of any mode.

    Of an animation the first picture counts. What is transparent becomes white, or black where the
    rest is bright, so that it stands out. A rotation noted by the camera is carried out.

    Raises:
        DataError: If the file is too large, of another kind, or damaged; its sentence says which.
    """
    small, size, notes = _decoded(content, _plain)
    pixels, paper = _opaque(small)
    return Picture(pixels, size, (*notes, *paper))


def read_as_is(content: bytes) -> Original:
    """Open a JPEG, PNG or WebP file of any mode, and keep its channels: grey, colour, transparency.

    Raises:
        DataError: As `read` does.
    """
    small, size, notes = _decoded(content, _own_channels)
    if small.mode == "RGBa":
        small = small.convert("RGBA")
    if max(small.size) < max(size):
        notes = (*notes, "smaller")
    return Original(np.asarray(small), size, notes)


def opaque(original: Original) -> Picture:
    """The same picture in RGB, as `read` makes it of the file, for what takes three channels."""
    pixels, paper = _opaque(_plain(Image.fromarray(original.pixels)))
    notes = tuple(note for note in original.notes if note != "smaller")
    return Picture(pixels, original.size, (*notes, *paper))


def _decoded(
    content: bytes, mode: Callable[[Image.Image], Image.Image]
) -> tuple[Image.Image, tuple[int, int], tuple[str, ...]]:
    """The picture, small and upright, in the mode that `mode` gives it; its size in the file; notes."""
    if len(content) > MAX_BYTES:
        raise DataError("upload.bytes", most=MAX_BYTES // 1_000_000)
    with (
        _ONE_AT_A_TIME,
        _decoder_errors(),
        Image.open(io.BytesIO(content), formats=FORMATS) as image,
    ):
        size, notes = image.size, list[str]()
        _refuse_huge(image)
        if image.format in {"PNG", "WEBP"} and getattr(image, "is_animated", False):
            notes.append("first_frame")
        image.draft(None, (WORKING_SIDE, WORKING_SIDE))  # a JPEG is decoded smaller, others are not
        small, turn = _shrunk(image, mode), _turn(image)
    if turn is not None:
        small = small.transpose(turn)
        notes.append("rotated")
    return small, size, tuple(notes)


def prepare(
    picture: Picture, input_shape: tuple[int, int, int], invert: bool | None = None
) -> Prepared:
    """Turn a picture into the input of a model, keeping every step.

    Args:
        picture: From `read`.
        input_shape: Shape (H, W, C) of the model's input; C is 1 or 3.
        invert: Invert the brightness; None does so where the border is bright, because the models
            were trained on bright objects on black.
    """
    height, width, channels = input_shape
    image = Image.fromarray(picture.pixels)
    grey = image.convert("L") if channels == 1 else image
    square = ImageOps.fit(grey, _crop_size(grey.size, width, height))
    small = square.resize((width, height), Image.Resampling.BILINEAR)
    pixels = _array(small)
    inverted = _border_is_bright(pixels) if invert is None else invert
    return Prepared(
        grey=_array(grey),
        square=_array(square),
        crop=_crop_size(_upright(picture), width, height),
        small=pixels,
        inverted=inverted,
        model_input=255 - pixels if inverted else pixels,
    )


@contextmanager
def _decoder_errors() -> Iterator[None]:
    """Turn everything that a decoder raises into a `DataError` with one sentence."""
    try:
        yield
    except CnnError:
        raise
    except UnidentifiedImageError as error:
        raise DataError("upload.not_picture") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise DataError("upload.bomb") from error
    except Exception as error:  # decoders raise many types on damaged bytes
        raise DataError("upload.damaged") from error


def _refuse_huge(image: Image.Image) -> None:
    kind = "progressive" if image.info.get("progressive") else str(image.format)
    megapixels = image.width * image.height / 1e6
    if megapixels > MAX_MEGAPIXELS[kind]:
        most = MAX_MEGAPIXELS[kind]
        raise DataError("upload.pixels", megapixels=f"{megapixels:.0f}", most=most)


def _shrunk(image: Image.Image, mode: Callable[[Image.Image], Image.Image]) -> Image.Image:
    """The picture in the mode that `mode` gives it, at most about `WORKING_SIDE` wide and high."""
    image.load()
    factor = max(1, -(-max(image.size) // WORKING_SIDE))
    rows = max(1, BAND_PIXELS // (image.width * factor)) * factor
    bands = [
        _reduced(mode(image.crop((0, top, image.width, min(top + rows, image.height)))), factor)
        for top in range(0, image.height, rows)
    ]
    whole = Image.new(bands[0].mode, (bands[0].width, sum(band.height for band in bands)))
    top = 0
    for band in bands:
        whole.paste(band, (0, top))
        top += band.height
    return whole


def _reduced(image: Image.Image, factor: int) -> Image.Image:
    """Each block of `factor` × `factor` pixels as one; transparent pixels do not bleed their colour."""
    if factor > 1 and image.mode == "RGBA":
        image = image.convert("RGBa")
    return image.reduce(factor)


def _plain(image: Image.Image) -> Image.Image:
    """Any mode -> "RGB", or "RGBa" if something may be transparent."""
    if image.mode.startswith("I"):  # 16 bits per pixel, which Pillow would clip instead of scaling
        grey = np.clip(np.asarray(image).astype(np.float32) / 257, 0, 255)
        return Image.fromarray(np.rint(grey).astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        return image.convert("RGBA").convert("RGBa")
    return image.convert("RGB")


def _own_channels(image: Image.Image) -> Image.Image:
    """Any mode -> "L", "RGB", or "RGBA" if something may be transparent."""
    if image.has_transparency_data:
        return image.convert("RGBA")
    if image.mode in {"1", "L"}:
        return image.convert("L")
    return _plain(image).convert("L") if image.mode.startswith("I") else _plain(image)


def _turn(image: Image.Image) -> Image.Transpose | None:
    """The transposition that the camera noted; None if it noted none."""
    try:
        return TURNS.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    except (
        Exception
    ):  # notes of a camera can be wrong in any way; the picture is there all the same
        return None


def _opaque(image: Image.Image) -> tuple[Pixels, tuple[str, ...]]:
    """Blend transparent parts with white or black: (H, W, 3), and the note of which."""
    if image.mode == "RGB":
        return np.asarray(image), ()
    values = np.asarray(image).astype(np.float32)  # (H, W, 4), premultiplied
    alpha = values[..., 3:] / 255
    if alpha.min() == 1:
        return values[..., :3].astype(np.uint8), ()
    visible = float(alpha.sum())
    brightness = float(values[..., :3].mean(axis=-1).sum()) / visible if visible else 0.0
    paper, note = (255.0, "on_white") if brightness < MIDDLE else (0.0, "on_black")
    return np.rint(values[..., :3] + (1 - alpha) * paper).clip(0, 255).astype(np.uint8), (note,)


def _upright(picture: Picture) -> tuple[int, int]:
    """Width and height of the file, in pixels, after the rotation that the camera noted."""
    width, height = picture.size
    rows, columns = picture.pixels.shape[:2]
    return (width, height) if (width > height) == (columns > rows) else (height, width)


def _crop_size(size: tuple[int, int], width: int, height: int) -> tuple[int, int]:
    """The largest (width, height) in the proportions width : height that fits into `size`."""
    scale = min(size[0] / width, size[1] / height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def _array(image: Image.Image) -> Pixels:
    """(H, W, C)."""
    values: npt.NDArray[Any] = np.asarray(image)
    return values[..., np.newaxis] if values.ndim == 2 else values


def _border_is_bright(pixels: Pixels) -> bool:
    edges = [pixels[0], pixels[-1], pixels[1:-1, 0], pixels[1:-1, -1]]
    return float(np.concatenate(edges).mean()) > MIDDLE

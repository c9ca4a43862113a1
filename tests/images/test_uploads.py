"""Whatever a visitor uploads becomes the right picture or one clear sentence, and memory comes back."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from cnn_core import texts
from cnn_core.errors import DataError
from cnn_core.images import uploads

ROOT = Path(__file__).parents[2]
RED, GREEN, BLUE, GREY = (250, 10, 10), (10, 240, 10), (10, 10, 250), (128, 128, 128)


def encoded(image: Image.Image, kind: str = "PNG", **settings: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **settings)
    return buffer.getvalue()


def quarters(size: tuple[int, int] = (60, 40)) -> Image.Image:
    """Red and green above, blue and grey below: any turn or mirroring shows."""
    image = Image.new("RGB", size, RED)
    if min(size) < 2:
        return image
    draw, (right, bottom) = ImageDraw.Draw(image), size
    draw.rectangle([right // 2, 0, right, bottom // 2 - 1], GREEN)
    draw.rectangle([0, bottom // 2, right // 2 - 1, bottom], BLUE)
    draw.rectangle([right // 2, bottom // 2, right, bottom], GREY)
    return image


def corners(pixels: np.ndarray) -> list[tuple[int, ...]]:
    """Colours of the middles of the four quarters, row by row."""
    height, width, _ = pixels.shape
    places = [(y, x) for y in (height // 4, 3 * height // 4) for x in (width // 4, 3 * width // 4)]
    return [tuple(pixels[place].tolist()) for place in places]


def near(found: list[tuple[int, ...]], expected: list[tuple[int, ...]], within: int = 30) -> bool:
    return bool(np.abs(np.array(found) - np.array(expected)).max() <= within)


def modes() -> dict[str, tuple[Image.Image, np.ndarray]]:
    """Small pictures, with what their array must be."""
    rng = np.random.default_rng(3)
    grey, colour = (rng.integers(0, 256, (5, 7, *end), np.uint8) for end in ((), (3,)))
    alpha = rng.integers(0, 256, (5, 7, 4), np.uint8)
    palette = Image.fromarray(grey % 4, "P")
    palette.putpalette([*RED, *GREEN, *BLUE, *GREY])
    indexed = np.array([RED, GREEN, BLUE, GREY], np.uint8)[grey % 4]
    doubled = np.stack([grey, grey], axis=-1)
    deep = Image.fromarray(grey.astype(np.uint16) * 257)
    return {
        "L": (Image.fromarray(grey), grey),
        "1": (Image.fromarray(grey > 99), (grey > 99).astype(np.uint8) * 255),
        "I;16": (deep, grey),
        "RGB": (Image.fromarray(colour), colour),
        "P": (palette, indexed),
        "RGBA": (Image.fromarray(alpha), alpha),
        "LA": (Image.fromarray(doubled, "LA"), np.stack([grey] * 4, axis=-1)),
    }


@pytest.mark.parametrize("mode", modes())
def test_a_picture_read_as_it_is_keeps_every_number(mode: str) -> None:
    image, expected = modes()[mode]
    original = uploads.read_as_is(encoded(image))
    assert (original.size, original.notes) == ((7, 5), ())
    assert original.pixels.dtype == np.uint8
    np.testing.assert_array_equal(original.pixels, expected)


def test_a_large_picture_read_as_it_is_becomes_smaller_and_keeps_its_channels() -> None:
    for mode, channels in {"L": (), "RGB": (3,), "RGBA": (4,)}.items():
        original = uploads.read_as_is(encoded(Image.new(mode, (2000, 1000), 90)))
        assert original.pixels.shape == (334, 667, *channels)
        assert original.size == (2000, 1000)
        assert original.notes == ("smaller",)
        assert set(np.unique(original.pixels)) <= {0, 90}


def test_what_is_no_picture_is_one_sentence_as_it_is_too() -> None:
    for content in (b"", b"GIF89a", encoded(quarters())[:99]):
        with pytest.raises(DataError):
            uploads.read_as_is(content)


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("PNG", {}), ("JPEG", {"quality": 95}), ("JPEG", {"progressive": True, "quality": 95}),
        ("WEBP", {"lossless": True}), ("WEBP", {"quality": 90}),
    ],
)  # fmt: skip
def test_the_three_kinds_of_file_are_read(kind: str, settings: dict[str, Any]):
    picture = uploads.read(encoded(quarters(), kind, **settings))
    assert picture.pixels.shape == (40, 60, 3)
    assert picture.pixels.dtype == np.uint8
    assert picture.size == (60, 40)
    assert picture.notes == ()
    assert near(corners(picture.pixels), [RED, GREEN, BLUE, GREY])


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_mode_of_a_png_keeps_its_brightness(mode: str):
    ramp = Image.linear_gradient("L").resize((64, 64))
    image = ramp.convert(mode) if mode != "I;16" else sixteen_bits(np.asarray(ramp))
    found = uploads.read(encoded(image)).pixels.mean(axis=(1, 2))
    assert (np.diff(found[::16]) > 0).all()
    assert found[0] < 30
    assert found[-1] > 225


def sixteen_bits(values: np.ndarray) -> Image.Image:
    return Image.fromarray(values.astype(np.uint16) * 257)


def test_sixteen_bit_grey_is_scaled_and_not_cut_off():
    """Pillow's own conversion makes everything from 256 of 65,535 on white."""
    values = np.array([[0, 255 * 256], [128 * 257, 65535]], np.uint16)
    image = Image.fromarray(values.repeat(8, 0).repeat(8, 1))
    assert image.mode == "I;16"
    pixels = uploads.read(encoded(image)).pixels
    assert [pixels[4, 4, 0], pixels[12, 4, 0], pixels[12, 12, 0]] == [0, 128, 255]
    assert np.asarray(image.convert("L"))[12, 4] == 255


@pytest.mark.parametrize("progressive", [False, True])
def test_a_cmyk_photo_has_its_colours(progressive: bool):
    content = encoded(quarters().convert("CMYK"), "JPEG", quality=95, progressive=progressive)
    assert Image.open(io.BytesIO(content)).mode == "CMYK"
    assert near(corners(uploads.read(content).pixels), [RED, GREEN, BLUE, GREY])


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_picture_stands_upright_as_its_camera_noted(orientation: int, kind: str):
    undo = {turn.value: turn for turn in Image.Transpose}
    upright = quarters()
    stored = upright
    if orientation in uploads.TURNS:
        turn = uploads.TURNS[orientation]
        back = {Image.Transpose.ROTATE_90: Image.Transpose.ROTATE_270}
        back[Image.Transpose.ROTATE_270] = Image.Transpose.ROTATE_90
        stored = upright.transpose(back.get(turn, undo[turn.value]))
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = uploads.read(encoded(stored, kind, exif=exif, quality=95))
    assert picture.pixels.shape == (40, 60, 3)
    assert near(corners(picture.pixels), [RED, GREEN, BLUE, GREY])
    assert picture.notes == (() if orientation == 1 else ("rotated",))


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_a_broken_note_of_a_camera_does_no_harm():
    content = encoded(quarters(), "JPEG", exif=b"Exif\0\0MM\0*garbage" + bytes(40), quality=95)
    assert near(corners(uploads.read(content).pixels), [RED, GREEN, BLUE, GREY])


@pytest.mark.parametrize(("ink", "paper"), [(20, 255), (230, 0)])
def test_what_is_transparent_becomes_paper_that_the_rest_stands_out_from(ink: int, paper: int):
    image = Image.new("RGBA", (40, 40), (77, 200, 13, 0))
    ImageDraw.Draw(image).rectangle([10, 10, 29, 29], (ink, ink, ink, 255))
    picture = uploads.read(encoded(image))
    assert picture.notes == ("on_white" if paper else "on_black",)
    assert (picture.pixels[0, 0] == paper).all()
    assert (picture.pixels[20, 20] == ink).all()


def test_half_transparent_pixels_are_mixed_with_the_paper():
    image = Image.new("RGBA", (8, 8), (0, 0, 0, 128))
    assert np.abs(uploads.read(encoded(image)).pixels.astype(int) - 127).max() <= 1


def test_a_picture_of_nothing_is_white():
    picture = uploads.read(encoded(Image.new("RGBA", (8, 8), (0, 0, 0, 0))))
    assert (picture.pixels == 255).all()


@pytest.mark.parametrize("mode", ["P", "L", "RGB"])
def test_a_colour_declared_transparent_is_transparent(mode: str):
    image = Image.new("L", (20, 20), 0)
    ImageDraw.Draw(image).rectangle([5, 5, 14, 14], 40)
    image = image.convert(mode)
    clear = image.getpixel((0, 0))
    picture = uploads.read(encoded(image, transparency=clear))
    assert picture.notes == ("on_white",)
    assert (picture.pixels[0, 0] == 255).all()
    assert np.abs(picture.pixels[10, 10].astype(int) - 40).max() <= 2


@pytest.mark.parametrize("kind", ["WEBP", "PNG"])
def test_of_an_animation_the_first_picture_counts(kind: str):
    frames = [quarters(), Image.new("RGB", (60, 40), BLUE), Image.new("RGB", (60, 40), GREEN)]
    content = encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=50)
    picture = uploads.read(content)
    assert picture.notes == ("first_frame",)
    assert near(corners(picture.pixels), [RED, GREEN, BLUE, GREY])


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (2000, 3), (769, 768), (3000, 2000)])
def test_any_size_is_worked_with_at_a_bounded_one(size: tuple[int, int]):
    picture = uploads.read(encoded(quarters(size)))
    assert picture.size == size
    assert max(picture.pixels.shape[:2]) <= uploads.WORKING_SIDE
    assert min(picture.pixels.shape[:2]) >= 1
    if min(size) > 100:
        ratio = picture.pixels.shape[1] / picture.pixels.shape[0]
        assert ratio == pytest.approx(size[0] / size[1], rel=0.01)
        assert near(corners(picture.pixels), [RED, GREEN, BLUE, GREY])


def test_a_large_picture_is_shrunk_in_bands_without_seams(monkeypatch: pytest.MonkeyPatch):
    image = Image.radial_gradient("L").resize((2100, 1700)).convert("RGB")
    whole = uploads.read(encoded(image)).pixels
    monkeypatch.setattr(uploads, "BAND_PIXELS", 1)
    assert (uploads.read(encoded(image)).pixels == whole).all()


def claiming(width: int, height: int) -> bytes:
    """A PNG that only claims its size."""

    def chunk(name: bytes, content: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(name + content))
        return struct.pack(">I", len(content)) + name + content + checksum

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(bytes(100)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + body + chunk(b"IEND", b"")


PHOTO = encoded(quarters((600, 400)), "JPEG")
REFUSED = {
    "text named .png": (b"Dear diary, this is not a picture.\n" * 50, "not_picture"),
    "empty": (b"", "not_picture"),
    "gif": (encoded(quarters(), "GIF"), "not_picture"),
    "bmp": (encoded(quarters(), "BMP"), "not_picture"),
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not_picture"),
    "truncated png": (encoded(Image.effect_noise((200, 200), 50))[:-9000], "damaged"),
    "truncated jpeg": (PHOTO[: len(PHOTO) // 2], "damaged"),
    "truncated webp": (encoded(quarters((300, 300)), "WEBP")[:-60], "damaged|not_picture"),
    "png of a head only": (encoded(quarters())[:30], "damaged|not_picture"),
    "png with a wrong checksum": (encoded(quarters()).replace(b"IDAT", b"IDAT\x00", 1), "damaged"),
    "50 megapixels in a png": (claiming(8160, 6144), "pixels"),
    "200 megapixels": (claiming(16000, 12500), "pixels|bomb"),
    "a bomb": (claiming(60_000, 60_000), "bomb"),
    "21 megabytes": (PHOTO + bytes(21_000_000), "bytes"),
}


@pytest.mark.parametrize(("content", "why"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_read_is_one_sentence_in_both_languages(content: bytes, why: str):
    with pytest.raises(DataError) as caught:
        uploads.read(content)
    assert caught.value.key in {f"upload.{it}" for it in why.split("|")}
    for language in texts.LANGUAGES:
        sentence = caught.value.sentence(language)
        assert "{" not in sentence
        assert len(sentence) < 200


def reason(content: bytes) -> str:
    """Why these bytes are no picture; empty if they are one."""
    try:
        picture = uploads.read(content)
    except DataError as error:
        return error.key
    return "" if picture.pixels.shape[2] == 3 else "not RGB"


SENTENCES = {"", *(f"upload.{name}" for name in ("not_picture", "damaged", "pixels", "bomb"))}
STARTS = (b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF")


@given(st.binary(max_size=300), st.sampled_from(STARTS))
def test_any_bytes_are_a_picture_or_a_sentence(rest: bytes, start: bytes):
    assert reason(start + rest) in SENTENCES


@given(st.integers(0, 10_000), st.integers(0, 255))
def test_a_damaged_photo_is_a_picture_or_a_sentence(place: int, value: int):
    content = bytearray(PHOTO)
    content[place % len(content)] = value
    assert reason(bytes(content)) in SENTENCES


MEMORY = """
import io, sys, psutil
from PIL import Image
from cnn_core.images import uploads
process = psutil.Process()
def encoded(size, kind, **settings):
    with io.BytesIO() as buffer:
        Image.new("RGB", size, (200, 120, 40)).save(buffer, kind, **settings)
        return buffer.getvalue()
files = [encoded((8160, 6144), "JPEG"), encoded((7000, 5500), "PNG", compress_level=1)]
uploads.read(files[0])
before = process.memory_info().rss
for _ in range(4):
    for content in files:
        picture = uploads.read(content)
        assert max(picture.pixels.shape) <= 768
        assert abs(int(picture.pixels[100, 100, 1]) - 120) < 5
print((process.memory_info().rss - before) / 1e6, files and len(files[0]))
"""


def test_after_a_photo_of_50_megapixels_memory_is_what_it_was():
    command = [sys.executable, "-c", MEMORY]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout.split()[0]) < 30, "megabytes kept"


def test_the_way_to_the_input_is_grey_square_small_and_swapped():
    image = Image.new("RGB", (300, 200), "white")
    ImageDraw.Draw(image).rectangle([100, 50, 199, 149], (0, 0, 0))
    prepared = uploads.prepare(uploads.read(encoded(image)), (28, 28, 1))
    assert prepared.grey.shape == (200, 300, 1)
    assert prepared.square.shape == (200, 200, 1)
    assert prepared.small.shape == prepared.model_input.shape == (28, 28, 1)
    assert prepared.inverted, "the border is bright"
    assert (prepared.model_input == 255 - prepared.small).all()
    assert prepared.model_input[14, 14, 0] == 255
    assert prepared.model_input[1, 1, 0] == 0
    rows, columns = np.nonzero(prepared.model_input[..., 0] > 127)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (7, 20, 7, 20)


def test_the_switch_goes_before_the_guess():
    picture = uploads.read(encoded(Image.new("RGB", (50, 50), "white")))
    assert not uploads.prepare(picture, (8, 8, 1), invert=False).inverted
    assert uploads.prepare(picture, (8, 8, 1), invert=False).model_input.min() == 255
    dark = uploads.read(encoded(Image.new("RGB", (50, 50), (20, 20, 20))))
    assert not uploads.prepare(dark, (8, 8, 1)).inverted


def test_a_picture_of_the_right_size_goes_through_unchanged():
    pixels = np.random.default_rng(0).integers(0, 256, (28, 28), dtype=np.uint8)
    picture = uploads.read(encoded(Image.fromarray(pixels)))
    prepared = uploads.prepare(picture, (28, 28, 1), invert=False)
    assert (prepared.model_input[..., 0] == pixels).all()


@pytest.mark.parametrize("shape", [(28, 28, 1), (32, 32, 3), (8, 8, 1), (20, 31, 3), (5, 1, 1)])
@pytest.mark.parametrize("size", [(1, 1), (3, 500), (640, 480)])
def test_any_picture_fits_any_input(size: tuple[int, int], shape: tuple[int, int, int]):
    prepared = uploads.prepare(uploads.read(encoded(quarters(size))), shape)
    assert prepared.model_input.shape == shape
    assert prepared.model_input.dtype == np.uint8


def test_a_colour_model_gets_the_colours():
    prepared = uploads.prepare(uploads.read(encoded(quarters((40, 40)))), (32, 32, 3), invert=False)
    assert near(corners(prepared.model_input), [RED, GREEN, BLUE, GREY])

"""The random changes of training images in an exported program, as source."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import dedent

from cnn_core.planning.augmentation import MOVING, NOISE, NOISY, ROTATION, SHIFT, ZOOM

Say = Callable[[str], str]
"""A text of the program by the end of its key."""


def settings(kind: str, say: Say) -> list[str]:
    """The assignments that the functions need, a line each."""
    lines = []
    if kind in MOVING:
        lines += [f"SHIFT = {SHIFT}  # {say('shift')}"]
        lines += [f"ROTATION = {ROTATION}  # {say('rotation')}"]
        lines += [f"ZOOM = {ZOOM}  # {say('zoom')}"]
    if kind in NOISY:
        lines.append(f"NOISE = {NOISE}  # {say('noise')}")
    return lines


def functions(kind: str, say: Say) -> str:
    """`random_moves`, where images move, and `augmented`."""
    parts = [_moves(say)] if kind in MOVING else []
    parts.append(_augmented(kind, say))
    return "".join(f"{dedent(part).strip()}\n\n\n" for part in parts)


def batches(kind: str, say: Say) -> str:
    """The stream of changed batches."""
    lines = [
        "def batches():",
        f'    """{say("batches")}"""',
        "    for epoch in itertools.count():",
        "        order = np.random.default_rng((SEED, epoch)).permutation(len(x_train))",
        "        random = np.random.default_rng((SEED, epoch, 1))",
        *(["        moves = random_moves(len(x_train), random)"] if kind in MOVING else []),
        *(["        seeds = random.integers(2**31 - 1, size=BATCHES)"] if kind in NOISY else []),
        "        for batch in range(BATCHES):",
        "            start = batch * BATCH_SIZE",
        "            rows = order[start : start + BATCH_SIZE]",
        f"            images = augmented(x_train[rows]{_arguments(kind)})",
        "            yield images, y_train[rows]",
    ]
    return "\n".join(lines) + "\n\n\n"


def layers(kind: str) -> list[str]:
    """Keras' own layers that change images by as much, one call after the other."""
    calls = []
    if kind in MOVING:
        calls.append(f'layers.RandomTranslation({SHIFT}, {SHIFT}, fill_mode="constant")')
        calls.append(f'layers.RandomRotation({ROTATION} / 360, fill_mode="constant")')
        calls.append(f'layers.RandomZoom({ZOOM}, fill_mode="constant")')
    if kind in NOISY:
        calls.append(f"layers.GaussianNoise({NOISE})")
    return calls


def _arguments(kind: str) -> str:
    moves = ", moves[start : start + BATCH_SIZE]" if kind in MOVING else ""
    return moves + (", int(seeds[batch])" if kind in NOISY else "")


def _moves(say: Say) -> str:
    return f'''
        def random_moves(count, random):
            """{say("random_moves")}"""
            turn, zoom, right, down = random.uniform(-1, 1, (4, count))
            scale, angle = 1 + ZOOM * zoom, np.radians(ROTATION * turn)
            cos, sin = np.cos(angle) / scale, np.sin(angle) / scale
            height, width = x_train.shape[1:3]
            x, y = (width - 1) / 2, (height - 1) / 2
            to_x, to_y = x + SHIFT * width * right, y + SHIFT * height * down
            rows = [cos, sin, x - cos * to_x - sin * to_y]
            rows += [-sin, cos, y + sin * to_x - cos * to_y]
            rows += [np.zeros(count), np.zeros(count)]
            return np.stack(rows, axis=1).astype("float32")
    '''


def _augmented(kind: str, say: Say) -> str:
    names = "images" + (", moves" if kind in MOVING else "") + (", seed" if kind in NOISY else "")
    lines = [f"def augmented({names}):", f'    """{say("augmented")}"""']
    if kind in MOVING:
        lines.append("    images = keras.ops.image.affine_transform(images, moves)")
    if kind in NOISY:
        lines.append("    noise = keras.random.normal(images.shape, seed=seed)")
        lines.append("    images = keras.ops.clip(images + NOISE * noise, 0, 1)")
    return "\n".join([*lines, "    return keras.ops.convert_to_numpy(images)"])

"""Values that nobody should send, and some that are nearly right."""

from __future__ import annotations

import json
import random
import string
from typing import Any

from streamlit.proto.WidgetStates_pb2 import WidgetState

HUGE = "9" * 5000
TEXTS = (
    *("", " ", "0", "-1", "1", "2", "3", "7", "1e309", "-1e309", "nan", "inf", "NaN", "1.5", "1,5"),
    *("None", "null", "true", "[]", "{}", "none", "all", "~", "~~", "a~b", "1~1", "0~999999"),
    *("²", "٣", "１", "½", "\u0000", "\u202e", "\ufeff", "\U0001f600", "가", "e\u0301"),
    *("../../etc/passwd", "/etc/passwd", "C:\\con", "file:///etc/passwd", "a/b", "."),
    *("<script>alert(1)</script>", "{{7*7}}", "%s%n", "';--", "\\", '"', "`", "$\\frac{1}{0}$"),
    *(HUGE, "1" * 20, "-" * 300, "x" * 70_000, "가" * 4000),
    *("fashion", "digits", "mnist", "conv1", "fashion_mnist", "20260101-000000-abcdef", "ABCD"),
    *("conv2", "dense1", "dropout", "output", "flatten", "test", "val", "4.3.1.same.relu.max.2"),
)
NUMBERS = (0, 1, -1, 2, 3, 5, 28, 2**31, -(2**31) - 1, 2**53, 2**63 - 1, -(2**63))
FLOATS = (*map(float, NUMBERS), 0.5, 1e-320, 1e308, float("nan"), float("inf"), -float("inf"))
DEEP = "[" * 5000 + "]" * 5000


def text(chance: random.Random) -> str:
    """One of `TEXTS`, or signs in any order."""
    if chance.random() < 0.8:
        return chance.choice(TEXTS)
    signs = string.printable + "가나٣²~.,:;é\u0301\u200b"
    return "".join(chance.choices(signs, k=chance.randrange(40)))


def tree(chance: random.Random, depth: int = 3) -> Any:
    """A value as JSON has it."""
    kind = chance.randrange(7 if depth else 5)
    if kind == 5:
        return [tree(chance, depth - 1) for _ in range(chance.randrange(5))]
    if kind == 6:
        names = ("image", "pixels", "value", "token", "x", "y", "index", "selection", "points")
        return {chance.choice(names): tree(chance, depth - 1) for _ in range(chance.randrange(4))}
    leaves = (None, chance.random() < 0.5, chance.choice(NUMBERS), text(chance))
    return (*leaves, chance.choice(FLOATS))[kind]


OWN = {
    "button": ["trigger_value"],
    "download_button": ["trigger_value"],
    "checkbox": ["bool_value"],
    "expander": ["bool_value"],
    "slider": ["double_array_value"],
    "number_input": ["double_value", "int_value"],
    "selectbox": ["string_value"],
    "radio": ["string_value"],
    "multiselect": ["string_array_value"],
    "button_group": ["string_array_value"],
    "text_input": ["string_value"],
    "text_area": ["string_value"],
    "file_uploader": ["file_uploader_state_value"],
    "bidi_component": ["json_value", "json_trigger_value"],
}
"""The kinds of value that a browser sends of each kind of element."""


def state(chance: random.Random, widget: str, kind: str = "") -> WidgetState:
    """What a client may say of a widget: of its own kind, if that is known, or of any."""
    made = WidgetState(id=widget)
    fields = [field.name for field in WidgetState.DESCRIPTOR.fields if field.name != "id"]
    own = OWN.get(kind, ["string_value", "json_value"])
    name = chance.choice(own if chance.random() < 0.6 else fields)
    if name == "json_trigger_value":
        made.id = f"$$STREAMLIT_INTERNAL_KEY_{widget}__events"
    _fill(made, name, chance)
    return made


def _fill(made: WidgetState, name: str, chance: random.Random) -> None:  # noqa: PLR0912
    many = chance.choice((0, 1, 2, 3, 1000))
    words = (
        json.dumps(tree(chance)) if chance.random() < 0.8 else chance.choice((DEEP, text(chance)))
    )
    words = words.encode("utf-8", "replace").decode("utf-8")
    match name:
        case "trigger_value" | "bool_value":
            setattr(made, name, chance.random() < 0.5)
        case "double_value":
            made.double_value = chance.choice(FLOATS)
        case "int_value":
            made.int_value = chance.choice(NUMBERS)
        case "string_value":
            made.string_value = text(chance)
        case "json_value" | "json_trigger_value":
            setattr(made, name, words)
        case "bytes_value":
            made.bytes_value = chance.randbytes(chance.choice((0, 1, 784, 5000)))
        case "double_array_value":
            made.double_array_value.data.extend(chance.choice(FLOATS) for _ in range(many))
        case "int_array_value":
            made.int_array_value.data.extend(chance.choice(NUMBERS) for _ in range(many))
        case "string_array_value":
            made.string_array_value.data.extend(text(chance) for _ in range(min(many, 3)))
        case "string_trigger_value":
            made.string_trigger_value.data = text(chance)
        case "chat_input_value":
            made.chat_input_value.data = text(chance)
        case "arrow_value":
            made.arrow_value.data = chance.randbytes(100)
        case "file_uploader_state_value":
            files = made.file_uploader_state_value.uploaded_file_info
            for _ in range(min(many, 3)):
                files.add(
                    file_id=text(chance), name=text(chance), size=chance.choice((0, 1, 2**63))
                )

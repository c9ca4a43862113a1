"""The exceptions of ConvScope: one hierarchy, each with a sentence in both languages."""

from __future__ import annotations

from cnn_core import texts


class CnnError(Exception):
    """An error that a visitor can fix. `key` names its sentence in the text tables, `slots` fill it.

    `str(error)` is the English sentence; `error.sentence("ko")` is the same one in Korean.
    """

    def __init__(self, key: str, /, **slots: object) -> None:
        super().__init__(key)
        self.key = key
        self.slots = slots

    def sentence(self, language: str) -> str:
        """The sentence for a visitor who reads `language`."""
        return texts.say(language, f"error.{self.key}", **self.slots)

    def __str__(self) -> str:
        return self.sentence("en")

    def __reduce__(self) -> tuple[object, ...]:
        return _revive, (type(self), self.args, self.__dict__)


def _revive(kind: type[CnnError], args: tuple[object, ...], state: dict[str, object]) -> CnnError:
    """Rebuild an error that crossed a process border, without calling its own `__init__`."""
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class ConfigError(CnnError, ValueError):
    """A setting is out of its range.

    Args:
        field: The setting's name, which is also the name of its widget.
        value: What was received.
        rule: The rule that it breaks: a key below `error.rule` in the text tables.
        limits: Slots of the rule's sentence, for example `minimum=1`.
    """

    def __init__(self, field: str, value: object, rule: str, **limits: object) -> None:
        super().__init__(f"rule.{rule}", field=field, value=_short(value), **limits)
        self.field = field
        self.value = value
        self.rule = rule

    def sentence(self, language: str) -> str:
        """The rule, with the setting's label in that language and the value received."""
        key = f"field.{self.field}"
        label = texts.say(language, key) if texts.has(key) else self.field
        return texts.say(language, f"error.{self.key}", label=label, **self.slots)

    def __str__(self) -> str:
        return texts.say("en", f"error.{self.key}", label=self.field, **self.slots)


class ShapeError(CnnError, ValueError):
    """A network whose feature maps shrink to nothing.

    Attributes:
        layer: Name of the layer where it breaks, such as "conv4".
        trail: Side of the feature map after each size-changing layer, in pixels, ending in 0.
    """

    def __init__(self, layer: str, trail: tuple[int, ...]) -> None:
        super().__init__("shape", layer=layer, trail=" → ".join(map(str, trail)))
        self.layer = layer
        self.trail = trail


class DataError(CnnError):
    """A data set is unknown, missing or damaged."""


class RunError(CnnError):
    """A run does not exist, or cannot do what was requested in its current state."""


SETTING_NAMED = {
    f"sweep.{key}" for key in ("no_values", "too_many_values", "never_counts", "overlap")
}
"""Sentences on a setting that is named as in a link: "dropout", or "kernel.2" in the second block."""


class SweepError(CnnError):
    """A sweep does not exist, cannot be begun, or cannot do what was requested.

    Args:
        key: As in `CnnError`.
        because: The error that is the reason; its sentence follows.
        slots: As in `CnnError`.
    """

    def __init__(self, key: str, /, *, because: CnnError | None = None, **slots: object) -> None:
        super().__init__(key, **slots)
        self.because = because

    def sentence(self, language: str) -> str:
        """The sentence, with the setting's label in that language, and the reason after it."""
        slots = self.slots
        if self.key in SETTING_NAMED:
            slots = {**slots, "name": _setting(str(slots["name"]), language)}
        text = texts.say(language, f"error.{self.key}", **slots)
        return f"{text} {self.because.sentence(language)}" if self.because else text

    def __str__(self) -> str:
        text = super().sentence("en")  # the command line is given the names of a link
        return f"{text} {self.because}" if self.because else text


class RoomError(CnnError):
    """A room does not exist, or refuses what was requested. Nothing was written."""


class GalleryError(CnnError):
    """The gallery does not take an image, or does not delete it. Nothing was written."""


class FileError(CnnError):
    """A file or folder that the command line was given cannot be written, or holds something else."""


class LimitError(CnnError):
    """A cap of this server is exceeded. The sentence names the cap and the requested value."""


class EngineError(CnnError):
    """The worker processes could not answer."""


def _setting(name: str, language: str) -> str:
    """What a visitor reads for a setting of a link."""
    field, _, place = name.partition(".")
    label = texts.say(language, f"field.{field}")
    if not place:
        return label
    key = "runs.of_dense" if field == "dense" else "runs.of_block"
    return texts.say(language, key, place=place, name=label)


def _short(value: object) -> str:
    try:
        text = repr(value)
    except ValueError:  # Python refuses to write an integer of more than 4,300 digits
        text = f"a {type(value).__name__} too long to write"
    return text if len(text) <= 60 else text[:57] + "..."

"""A set-up as the program of a lecture: its steps in order, each with what it prints and draws. Text only."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache, partial

import jinja2

from cnn_core import texts
from cnn_core.arithmetic import layer_table
from cnn_core.config import ModelConfig, TrainConfig
from cnn_core.datasets import spec
from cnn_core.export import augmentation, callbacks, keras_calls
from cnn_core.export.program import FROM_SKLEARN, Section
from cnn_core.paths import ASSETS
from cnn_core.planning.cost import cpu_precision

TEMPLATE = "lecture.py.jinja"  # in the folder of assets
CELL = "# %% "  # begins a cell of the template, followed by its name
MOST_MAPS = 64  # kernels or maps in a figure
COLUMNS = 8


def cells(model: ModelConfig, train: TrainConfig, *, language: str = "en") -> dict[str, Section]:
    """The cells of the program by their names, in the order of a lecture, from the imports to the test.

    Images are split, weights drawn and batches shuffled by Keras and scikit-learn themselves, as one
    writes it in class: the curves are similar to those of the app, not the same.

    Args:
        model: The network.
        train: How it is trained; "auto" precision is resolved for this machine.
        language: Language of headings and comments.

    Raises:
        ShapeError: If a feature map shrinks to nothing.
        DataError: If there is no such data set.
    """
    train = replace(train, precision=cpu_precision(train.precision))
    text = _template().render(_values(model, train, language))
    say = partial(texts.say, language)
    made = {}
    for cell in text.split(CELL)[1:]:
        name, _, code = cell.partition("\n")
        about = say(f"lecture.{name}_about")
        made[name] = Section(say(f"lecture.{name}"), code.strip("\n"), about)
    return made


@cache
def _template() -> jinja2.Template:
    """The template of a Python program; a name that nothing was given for is an error."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(ASSETS),
        autoescape=False,  # Python source, not HTML
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(TEMPLATE)


def _values(model: ModelConfig, train: TrainConfig, language: str) -> dict[str, object]:
    """What the template needs."""
    source, rows = spec(train.dataset), layer_table(model)
    height, width, channels = model.input_shape
    filters = model.blocks[0].filters
    maps = min(filters, MOST_MAPS)
    size = train.train_size
    is_digits = source.name == FROM_SKLEARN
    return {
        "say": partial(texts.say, language),
        "model": model,
        "train": train,
        "source": source,
        "layers": [
            keras_calls.remarked(f"model.add({keras_calls.layer(row, model, train)})", row)
            for row in rows
        ],
        "optimizer": keras_calls.OPTIMIZERS[train.optimizer],
        "onednn": keras_calls.needs_onednn_off(model),
        "digits": is_digits,
        "no_download": []
        if is_digits
        else keras_calls.no_download(
            "lecture.no_download", source, language, keras_calls.WIDTH - 12
        ),
        "sample": source.sample if train.size == "sample" and not is_digits else None,
        "part": size if size and size < source.counts[train.size].train else None,
        "one_cycle": train.schedule == "one_cycle",
        "augmented": train.augmentation != "none",
        "augmentation_layers": augmentation.layers(train.augmentation),
        "callback_classes": _callback_classes(train, language),
        "height": height,
        "width": width,
        "channels": channels,
        "pixels": height * width * channels,
        "filters": filters,
        "maps": maps,
        "rows": math.ceil(maps / COLUMNS),
        "columns": min(maps, COLUMNS),
    }


def _callback_classes(train: TrainConfig, language: str) -> str:
    """What Keras has no callback for: classes, each followed by two empty lines."""

    def say(name: str) -> str:
        return texts.say(language, f"script.{name}")

    cycle = callbacks.one_cycle(say) if train.schedule == "one_cycle" else ""
    return cycle + (callbacks.stop_at_target(say) if train.target else "")

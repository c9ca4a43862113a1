"""A set-up as the sections of a Keras program: a heading and the code of each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from textwrap import dedent, indent

from cnn_core import texts
from cnn_core.arithmetic import LayerRow, layer_table
from cnn_core.config import ModelConfig, TrainConfig
from cnn_core.datasets import Source, spec
from cnn_core.export import augmentation, callbacks, keras_calls
from cnn_core.export.files import file_stem
from cnn_core.export.keras_calls import OPTIMIZERS, WIDTH, remarked
from cnn_core.planning.cost import cpu_precision

FORMS = ("sequential", "functional")
FROM_SKLEARN = "digits"


@dataclass(frozen=True, slots=True)
class Section:
    """A section of the program.

    Attributes:
        heading: One line of text.
        code: Python source.
        about: What it shows, some sentences; empty if the heading says it.
    """

    heading: str
    code: str
    about: str = ""


def sections(
    model: ModelConfig, train: TrainConfig, *, form: str = "sequential", language: str = "en"
) -> tuple[Section, ...]:
    """The sections of the program in order: settings, images, network, initial weights, training, result.

    Args:
        model: The network.
        train: How it is trained; "auto" precision is resolved for this machine.
        form: "sequential" or "functional".
        language: Language of headings and comments.

    Raises:
        ShapeError: If a feature map shrinks to nothing.
        ValueError: If there is no such form.
        DataError: If there is no such data set.
    """
    if form not in FORMS:
        raise ValueError(f"form must be one of {', '.join(FORMS)}. Received form={form!r}.")
    train = replace(train, precision=cpu_precision(train.precision))
    program = _Program(model, train, form, language, spec(train.dataset), layer_table(model))
    makers = {
        "settings": program.settings,
        "images": program.images,
        "network": program.network,
        "weights": program.weights,
        "training": program.training,
        "result": program.result,
    }
    return tuple(Section(program.say(name), make().strip("\n")) for name, make in makers.items())


@dataclass(frozen=True, slots=True)
class _Program:
    """Writes each section; code that the set-up does not need is left out."""

    model: ModelConfig
    train: TrainConfig
    form: str
    language: str
    source: Source
    rows: tuple[LayerRow, ...]

    def say(self, key: str, **slots: object) -> str:
        return texts.say(self.language, f"script.{key}", **slots)

    @property
    def is_download(self) -> bool:
        """Whether the images are not part of scikit-learn."""
        return self.source.name != FROM_SKLEARN

    @property
    def is_sample(self) -> bool:
        return self.is_download and self.train.size == "sample"

    @property
    def one_cycle(self) -> bool:
        return self.train.schedule == "one_cycle"

    @property
    def is_augmented(self) -> bool:
        return self.train.augmentation != "none"

    @property
    def part(self) -> int | None:
        """Training images to choose; None if all are used."""
        size = self.train.train_size
        return size if size and size < self.source.counts[self.train.size].train else None

    def settings(self) -> str:
        train = self.train
        lines = [*self._imports(), "", f"SEED = {train.seed}  # {self.say('seed')}"]
        lines += [f"EPOCHS = {train.epochs}", f"BATCH_SIZE = {train.batch_size}"]
        peak = f"  # {self.say('peak')}" if self.one_cycle else ""
        lines.append(f"LEARNING_RATE = {train.learning_rate!r}{peak}")
        if train.patience:
            lines.append(f"PATIENCE = {train.patience}  # {self.say('patience')}")
        if train.target:
            lines.append(f"TARGET = {train.target!r}  # {self.say('target')}")
        if self.is_augmented:
            lines += augmentation.settings(train.augmentation, self.say)
        if self.is_download:
            kind = "file_sample" if self.is_sample else "file"
            lines.append(f"# {self.say(kind, data=self.source.name)}")
            lines.append('DATA_FILE = os.environ.get("DATA_FILE")')
        if train.precision == "bfloat16":
            lines += ["", f"# {self.say('bfloat16')}"]
            lines.append('keras.config.set_dtype_policy("mixed_bfloat16")')
        return "\n".join(lines)

    def _imports(self) -> list[str]:
        switch: list[str] = []
        if keras_calls.needs_onednn_off(self.model):
            switch += [f"# {self.say('onednn')}", 'os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"', ""]
        system = ["import os"] if switch or self.is_download else []
        digits = [] if self.is_download else ["from sklearn.datasets import load_digits"]
        return [
            *("import itertools", "import math", *system, "import zlib", "", *switch),
            *("import keras", "import numpy as np", "from keras import layers", *digits),
            "from sklearn.model_selection import train_test_split",
        ]

    def images(self) -> str:
        height, width, channels = self.model.input_shape
        counts = {part: f"{{len(x_{part})}}" for part in ("train", "val", "test")}
        scaled = f'''

            def scaled(images):
                """{self.say("scaled")}"""
                return images.reshape(-1, {height}, {width}, {channels}).astype("float32") / 255


            x_train, x_val, x_test = scaled(x_train), scaled(x_val), scaled(x_test)
            print(f"{self.say("counts", **counts)}")
        '''
        loaded = self._sample() if self.is_sample else self._full()
        loaded = self._download() + dedent(loaded) if self.is_download else self._digits()
        return dedent(loaded) + dedent(self._subset() if self.part else "") + dedent(scaled)

    def _download(self) -> str:
        sentence_lines = keras_calls.no_download(
            "script.no_download", self.source, self.language, WIDTH - 18
        )
        lines = indent("\n".join(f'"{line}"' for line in sentence_lines), " " * 12)
        return f'''
def download():
    """{self.say("download")}"""
    try:
        return keras.datasets.{self.source.name}.load_data()
    except Exception as error:
        raise SystemExit(
{lines}
        ) from error

'''

    def _digits(self) -> str:
        return f"""
            digits = load_digits()
            # {self.say("sixteen")}
            images = np.rint(digits.images * (255 / 16)).astype("uint8")
            images, x_test, labels, y_test = train_test_split(
                images, digits.target, test_size=0.2, random_state=42, stratify=digits.target
            )
            x_train, x_val, y_train, y_val = train_test_split(
                images, labels, test_size=0.2, random_state=42, stratify=labels
            )
        """

    def _full(self) -> str:
        return """
            if DATA_FILE:
                with np.load(DATA_FILE) as data:
                    images, labels = data["x_train"], data["y_train"]
                    x_test, y_test = data["x_test"], data["y_test"]
            else:
                (images, labels), (x_test, y_test) = download()
            x_train, x_val, y_train, y_val = train_test_split(
                images, labels, test_size=0.2, random_state=42, stratify=labels
            )
        """

    def _sample(self) -> str:
        counts = self.source.sample
        return f'''
            def sample(images, labels, count):
                """{self.say("sample")}"""
                images, _, labels, _ = train_test_split(
                    images, labels, train_size=count, random_state=42, stratify=labels
                )
                return images, labels


            if DATA_FILE:
                with np.load(DATA_FILE) as data:
                    x_train, y_train = data["x_train"], data["y_train"]
                    x_val, y_val = data["x_val"], data["y_val"]
                    x_test, y_test = data["x_test"], data["y_test"]
            else:
                (images, labels), (x_test, y_test) = download()
                x_train, x_val, y_train, y_val = train_test_split(
                    images, labels, test_size=0.2, random_state=42, stratify=labels
                )
                x_train, y_train = sample(x_train, y_train, {counts.train})
                x_val, y_val = sample(x_val, y_val, {counts.val})
                x_test, y_test = sample(x_test, y_test, {counts.test})
        '''

    def _subset(self) -> str:
        return f'''

            def subset(labels, count):
                """{self.say("subset")}"""
                share = np.bincount(labels) * count / len(labels)
                quota = share.astype(int)
                largest_remainders = np.argsort(quota - share, kind="stable")
                quota[largest_remainders[: count - quota.sum()]] += 1
                random = np.random.default_rng(42)
                chosen = [
                    random.permutation(np.flatnonzero(labels == label))[:images]
                    for label, images in enumerate(quota)
                ]
                return np.sort(np.concatenate(chosen))


            keep = subset(y_train, {self.part})
            x_train, y_train = x_train[keep], y_train[keep]
        '''

    def network(self) -> str:
        seed_of = f'''
            def seed_of(layer):
                """{self.say("seed_of")}"""
                sequence = np.random.SeedSequence(SEED, spawn_key=(zlib.crc32(layer.encode()),))
                return int(sequence.generate_state(1)[0] >> 1)


        '''
        stack = self._sequential() if self.form == "sequential" else self._functional()
        return f"{dedent(seed_of)}{stack}\nmodel.summary()"

    def _sequential(self) -> str:
        lines = [f"keras.Input({self.model.input_shape}),"]
        lines += [remarked(f"{self._layer(row)},", row, room=WIDTH - 8) for row in self.rows]
        stack = indent("\n".join(lines), " " * 8)
        return f"model = keras.Sequential(\n    [\n{stack}\n    ]\n)"

    def _functional(self) -> str:
        lines, before = [f"inputs = keras.Input({self.model.input_shape})"], "inputs"
        for row in self.rows:
            after = "outputs" if row.kind == "output" else "x"
            lines.append(remarked(f"{after} = {self._layer(row)}({before})", row, room=WIDTH))
            before = after
        return "\n".join([*lines, "model = keras.Model(inputs, outputs)"])

    def _layer(self, row: LayerRow) -> str:
        seed = f'seed_of("{row.name}")'
        return keras_calls.layer(row, self.model, self.train, seed=seed)

    def weights(self) -> str:
        return dedent(f'''
            def initialize(model):
                """{self.say("initialize")}"""
                for layer in model.layers:
                    if hasattr(layer, "kernel"):
                        draw = keras.initializers.GlorotUniform(seed_of(layer.name))
                        layer.kernel.assign(draw(layer.kernel.shape))


            initialize(model)
        ''')

    def training(self) -> str:
        early, name = "never_early", "EPOCHS"
        if self.train.patience:
            early, name = "keep_best", "PATIENCE"
        used = ["OneCycle(),"] if self.one_cycle else []
        used += ["StopAtTarget(),"] if self.train.target else []
        used += [
            "keras.callbacks.TerminateOnNaN(),",
            f"# {self.say(early)}",
            f"keras.callbacks.EarlyStopping(patience={name}, restore_best_weights=True),",
        ]
        listed = f"\n{' ' * 20}".join(used)
        fitting = f"""
            # {self.say("anew")}
            model = keras.models.clone_model(model)
            initialize(model)
            model.compile(
                optimizer=keras.optimizers.{OPTIMIZERS[self.train.optimizer]},
                loss="sparse_categorical_crossentropy",
                metrics=["accuracy"],
            )
            history = model.fit(
                batches(),
                steps_per_epoch=BATCHES,
                epochs=EPOCHS,
                validation_data=(x_val, y_val),
                validation_batch_size=500,
                shuffle=False,
                callbacks=[
                    {listed}
                ],
                verbose=2,
            )
        """
        cycle = callbacks.one_cycle(self.say) if self.one_cycle else ""
        target = callbacks.stop_at_target(self.say) if self.train.target else ""
        return self._feeding() + cycle + target + dedent(fitting).lstrip("\n")

    def _feeding(self) -> str:
        """The batches of an epoch."""
        count = "\nBATCHES = math.ceil(len(x_train) / BATCH_SIZE)\n\n\n"
        if self.is_augmented:
            kind = self.train.augmentation
            functions = augmentation.functions(kind, self.say)
            return count + functions + augmentation.batches(kind, self.say)
        return count + dedent(f'''
            def batches():
                """{self.say("batches")}"""
                for epoch in itertools.count():
                    order = np.random.default_rng((SEED, epoch)).permutation(len(x_train))
                    for start in range(0, len(order), BATCH_SIZE):
                        rows = order[start : start + BATCH_SIZE]
                        yield x_train[rows], y_train[rows]


        ''').lstrip("\n")

    def result(self) -> str:
        return dedent(f"""
            loss, accuracy = model.evaluate(x_test, y_test, batch_size=500, verbose=0)
            print(f"{self.say("score", accuracy="{accuracy:.4f}", loss="{loss:.4f}")}")
            model.save("{file_stem(self.model, self.train)}.keras")
        """)

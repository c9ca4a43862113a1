"""A convolutional network for Fashion-MNIST, as set up in ConvScope

Needs: pip install tensorflow scikit-learn
With the same seed and the same images it gives the same curves as the app.
"""

import itertools
import math
import os
import zlib

import keras
import numpy as np
from keras import layers
from sklearn.model_selection import train_test_split

SEED = 42  # determines the initial weights, dropout and the order of the images
EPOCHS = 20
BATCH_SIZE = 32
LEARNING_RATE = 0.001
PATIENCE = 3  # epochs without a lower validation loss
# Instead of Keras's download: an .npz file with x_train, y_train, x_test and y_test
DATA_FILE = os.environ.get("DATA_FILE")


# --- The images: for training, for validation, and for the test at the end ---
def download():
    """The images as Keras downloads them, once; afterwards they are in its folder."""
    try:
        return keras.datasets.fashion_mnist.load_data()
    except Exception as error:
        raise SystemExit(
            "Keras could not download Fashion-MNIST. Connect to the internet and run this "
            "again; or copy the files that you have to ~/.keras/datasets/fashion-mnist/, where "
            "Keras looks first; or name an .npz file with these images in the environment "
            "variable DATA_FILE."
        ) from error


if DATA_FILE:
    with np.load(DATA_FILE) as data:
        images, labels = data["x_train"], data["y_train"]
        x_test, y_test = data["x_test"], data["y_test"]
else:
    (images, labels), (x_test, y_test) = download()
x_train, x_val, y_train, y_val = train_test_split(
    images, labels, test_size=0.2, random_state=42, stratify=labels
)


def scaled(images):
    """Bytes from 0 to 255 become floats from 0 to 1."""
    return images.reshape(-1, 28, 28, 1).astype("float32") / 255


x_train, x_val, x_test = scaled(x_train), scaled(x_val), scaled(x_test)
print(f"{len(x_train)} training, {len(x_val)} validation, {len(x_test)} test images")


# --- The network ---
def seed_of(layer):
    """A separate seed for each layer, made from SEED and the layer's name."""
    sequence = np.random.SeedSequence(SEED, spawn_key=(zlib.crc32(layer.encode()),))
    return int(sequence.generate_state(1)[0] >> 1)


inputs = keras.Input((28, 28, 1))
x = layers.Conv2D(32, 3, padding="same", activation="relu", name="conv1")(inputs)  # 28×28×32
x = layers.MaxPooling2D(2, name="pool1")(x)  # 14×14×32
x = layers.Conv2D(64, 3, padding="same", activation="relu", name="conv2")(x)  # 14×14×64
x = layers.MaxPooling2D(2, name="pool2")(x)  # 7×7×64
x = layers.Flatten(name="flatten")(x)  # 3136
x = layers.Dense(100, activation="relu", name="dense1")(x)  # 100
x = layers.Dropout(0.3, seed=seed_of("dropout"), name="dropout")(x)  # 100
outputs = layers.Dense(10, activation="softmax", name="output")(x)  # 10
model = keras.Model(inputs, outputs)
model.summary()


# --- Initial weights: drawn layer by layer, so that they match those in the app ---
def initialize(model):
    """Draw the kernels of every layer with its own seed."""
    for layer in model.layers:
        if hasattr(layer, "kernel"):
            draw = keras.initializers.GlorotUniform(seed_of(layer.name))
            layer.kernel.assign(draw(layer.kernel.shape))


initialize(model)


# --- Training ---
BATCHES = math.ceil(len(x_train) / BATCH_SIZE)


def batches():
    """An endless stream of batches; each epoch has an order of its own."""
    for epoch in itertools.count():
        order = np.random.default_rng((SEED, epoch)).permutation(len(x_train))
        for start in range(0, len(order), BATCH_SIZE):
            rows = order[start : start + BATCH_SIZE]
            yield x_train[rows], y_train[rows]


# A fresh copy of the network, so that running this part again starts the training over.
model = keras.models.clone_model(model)
initialize(model)
model.compile(
    optimizer=keras.optimizers.Adam(LEARNING_RATE),
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
        keras.callbacks.TerminateOnNaN(),
        # Stop when the validation loss no longer falls, and restore the best weights.
        keras.callbacks.EarlyStopping(patience=PATIENCE, restore_best_weights=True),
    ],
    verbose=2,
)


# --- The result, and the network as a file ---
loss, accuracy = model.evaluate(x_test, y_test, batch_size=500, verbose=0)
print(f"Test accuracy {accuracy:.4f}, loss {loss:.4f}")
model.save("convscope-textbook-fashion_mnist.keras")

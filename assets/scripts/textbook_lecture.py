"""The lecture step by step: a convolutional network for Fashion-MNIST

Needs: pip install tensorflow scikit-learn matplotlib
Every step is written as in the lecture, with Keras's own shuffling and dropout: the curves are
similar to those in the app, not identical.
"""

from pathlib import Path

import keras
import matplotlib.pyplot as plt
import numpy as np
from keras import layers
from sklearn.metrics import ConfusionMatrixDisplay, confusion_matrix
from sklearn.model_selection import train_test_split

SEED = 42  # determines the initial weights, dropout and the order of the images
EPOCHS = 20
BATCH_SIZE = 32
LEARNING_RATE = 0.001
PATIENCE = 3  # epochs without a lower validation loss
CLASS_NAMES = [
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
]
keras.utils.set_random_seed(SEED)


# --- Load the images ---
# Two arrays of grey levels from 0 to 255 and two of labels. The shapes say how many images there
# are and how large each one is.
try:
    data = keras.datasets.fashion_mnist.load_data()
except Exception as error:
    raise SystemExit(
        "Keras could not download Fashion-MNIST. Connect to the internet and run this again; or "
        "copy the files that you have to ~/.keras/datasets/fashion-mnist/, where Keras looks "
        "first."
    ) from error
(train_input, train_target), (test_input, test_target) = data
print(train_input.shape, train_target.shape)
print(test_input.shape, test_target.shape)


# --- The first images ---
# Ten images with their classes, and how many images each class has.
fig, axs = plt.subplots(1, 10, figsize=(10, 2))
for i in range(10):
    axs[i].imshow(train_input[i], cmap="gray_r")
    axs[i].set_title(CLASS_NAMES[train_target[i]], fontsize=7)
    axs[i].axis("off")
plt.show()
print(train_target[:10])
print(np.unique(train_target, return_counts=True))


# --- Reshape and scale ---
# Conv2D expects a channel axis: (images, height, width, channels). Dividing by 255 turns bytes into
# floats from 0 to 1.
train_scaled = train_input.reshape(-1, 28, 28, 1) / 255.0
test_scaled = test_input.reshape(-1, 28, 28, 1) / 255.0
print(train_scaled.shape, train_scaled.min(), train_scaled.max())


# --- Split off a validation part ---
# train_test_split returns the images first, as (train, rest), then the labels in the same order.
# stratify keeps the share of every class.
x_train, x_val, y_train, y_val = train_test_split(
    train_scaled, train_target, test_size=0.2, stratify=train_target, random_state=42
)
print(x_train.shape, y_train.shape)
print(x_val.shape, y_val.shape)


# --- The network ---
# model.add appends one layer at a time; the comment beside each is the shape of its output.
model = keras.Sequential()
model.add(keras.Input(shape=(28, 28, 1)))
model.add(layers.Conv2D(32, 3, padding="same", activation="relu", name="conv1"))  # 28×28×32
model.add(layers.MaxPooling2D(2, name="pool1"))  # 14×14×32
model.add(layers.Conv2D(64, 3, padding="same", activation="relu", name="conv2"))  # 14×14×64
model.add(layers.MaxPooling2D(2, name="pool2"))  # 7×7×64
model.add(layers.Flatten(name="flatten"))  # 3136
model.add(layers.Dense(100, activation="relu", name="dense1"))  # 100
model.add(layers.Dropout(0.3, name="dropout"))  # 100
model.add(layers.Dense(10, activation="softmax", name="output"))  # 10


# --- model.summary() ---
# The output shape and the number of parameters of every layer. The first axis is None: the batch
# may have any size.
model.summary()


# --- plot_model ---
# The same as a picture. It needs Graphviz and the package pydot; without them the program continues
# without the picture.
picture = Path("model.png")
try:
    keras.utils.plot_model(model, picture, show_shapes=True, dpi=64)
except ImportError as error:  # Graphviz or pydot is missing
    print(error)
if picture.exists():
    plt.figure(figsize=(4, 8))
    plt.imshow(plt.imread(picture))
    plt.axis("off")
    plt.show()


# --- Compile ---
# How the weights are updated, what is minimized, and what is reported. Labels are class numbers
# rather than one-hot vectors, hence sparse_categorical_crossentropy. A copy with new weights stays
# untrained, for comparison.
untrained = keras.models.clone_model(model)  # the same layers with new weights
model.compile(
    optimizer=keras.optimizers.Adam(LEARNING_RATE),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)


# --- Callbacks ---
# ModelCheckpoint writes the network to a file after every epoch that has the lowest validation loss
# so far.
checkpoint_cb = keras.callbacks.ModelCheckpoint("best-cnn-model.keras", save_best_only=True)
# Stop when the validation loss no longer falls, and restore the best weights.
early_stopping_cb = keras.callbacks.EarlyStopping(patience=PATIENCE, restore_best_weights=True)


# --- Train ---
# After each epoch, Keras computes loss and accuracy on the validation images, which it never trains
# on.
history = model.fit(
    x_train,
    y_train,
    batch_size=BATCH_SIZE,
    epochs=EPOCHS,
    validation_data=(x_val, y_val),
    callbacks=[checkpoint_cb, early_stopping_cb],
    verbose=2,
)


# --- What fit returns ---
# A History object: epoch lists the epochs, history holds the figures of each.
print(type(history))
print(history.epoch)
print(history.history)


# --- The loss of each epoch ---
# If the validation loss rises while the training loss still falls, the network is overfitting.
epochs = range(1, len(history.epoch) + 1)
plt.plot(epochs, history.history["loss"], "bo-", label="train")
plt.plot(epochs, history.history["val_loss"], "ro:", label="val")
plt.xlabel("epoch")
plt.ylabel("loss")
plt.legend()
plt.show()


# --- Evaluate ---
# Loss and accuracy on the training images and on the validation images, without dropout.
print(model.evaluate(x_train, y_train, verbose=0))
print(model.evaluate(x_val, y_val, verbose=0))


# --- Predict ---
# Ten probabilities for each of the first five training images; argmax gives the class with the
# highest, to compare with the label.
preds = model.predict(x_train[:5], verbose=0)
print(np.round(preds, 3))
print(preds.argmax(axis=1))
print(y_train[:5])


# --- Confusion matrices ---
# Rows are the true classes, columns the predicted ones: first for the training images, then for the
# validation images.
for part, x, y in (("train", x_train, y_train), ("val", x_val, y_val)):
    predicted = model.predict(x, verbose=0).argmax(axis=1)
    matrix = confusion_matrix(y, predicted)
    print(part)
    print(matrix)
    chart = ConfusionMatrixDisplay(matrix, display_labels=CLASS_NAMES)
    chart.plot(cmap="Blues", xticks_rotation=45)
    chart.ax_.set_title(part)
    plt.show()


# --- Load the best network ---
# The file that ModelCheckpoint wrote. From here on, model is the network of the best epoch.
model = keras.models.load_model("best-cnn-model.keras")
print(model.layers)


# --- Weights of the first layer ---
# The kernels have the shape (height, width, input channels, filters); there is one bias for each
# filter.
conv = model.layers[0]
print(conv.weights[0].shape, conv.weights[1].shape)
conv_weights = conv.weights[0].numpy()
print(conv_weights.mean(), conv_weights.std())


# --- Weights before and after training ---
# Untrained weights are drawn from a uniform distribution; training usually spreads them out.
untrained_weights = untrained.layers[0].weights[0].numpy()
print(untrained_weights.mean(), untrained_weights.std())
fig, axs = plt.subplots(1, 2, figsize=(8, 3), sharex=True, sharey=True)
axs[0].hist(untrained_weights.reshape(-1), bins=30)
axs[0].set_title("untrained")
axs[1].hist(conv_weights.reshape(-1), bins=30)
axs[1].set_title("trained")
plt.show()


# --- The kernels as pictures ---
# Every filter of the first layer has one small kernel: bright where its weights are positive, dark
# where they are negative.
limit = abs(conv_weights).max()
fig, axs = plt.subplots(4, 8, figsize=(8, 4), squeeze=False)
for ax in axs.flat:
    ax.axis("off")
for i, ax in zip(range(32), axs.flat, strict=False):
    ax.imshow(conv_weights[:, :, 0, i], vmin=-limit, vmax=limit)
plt.show()


# --- The functional API ---
# Layers are called like functions, and keras.Model joins inputs and outputs. The same two dense
# layers could be written as a Sequential.
inputs = keras.Input(shape=(784,))
dense1 = layers.Dense(100, activation="relu")
dense2 = layers.Dense(10, activation="softmax")
hidden = dense1(inputs)
outputs = dense2(hidden)
func_model = keras.Model(inputs, outputs)
func_model.summary()


# --- Feature maps of the first layer ---
# A model from the inputs to the output of the first layer shares its weights with the trained
# network; predict gives one map for each filter.
conv_acti = keras.Model(model.inputs, model.layers[0].output)
plt.imshow(train_input[0], cmap="gray_r")
plt.show()
feature_maps = conv_acti.predict(train_scaled[0:1], verbose=0)
print(feature_maps.shape)
fig, axs = plt.subplots(4, 8, figsize=(8, 4), squeeze=False)
for ax in axs.flat:
    ax.axis("off")
for i, ax in zip(range(32), axs.flat, strict=False):
    ax.imshow(feature_maps[0, :, :, i])
plt.show()


# --- One prediction ---
# An image that the network was not trained on, and the probability of every class.
preds = model.predict(x_val[0:1], verbose=0)
fig, axs = plt.subplots(1, 2, figsize=(9, 3))
axs[0].imshow(x_val[0, :, :, 0], cmap="gray_r")
axs[0].set_title(CLASS_NAMES[y_val[0]])
axs[1].bar(CLASS_NAMES, preds[0])
axs[1].tick_params("x", rotation=45)
axs[1].set_ylabel("probability")
plt.show()
print(CLASS_NAMES[np.argmax(preds)])


# --- The test, once ---
# The test images were not used for any decision, so this accuracy is the one to report.
loss, accuracy = model.evaluate(test_scaled, test_target, verbose=0)
print(f"Test accuracy {accuracy:.4f}, loss {loss:.4f}")

"""A page as tutorials build it: streamlit-drawable-canvas, and `model.predict` in the server.

BENCH_MODEL names the network, a .keras file.
"""

import os

import keras
import numpy as np
import streamlit as st
from PIL import Image
from streamlit_drawable_canvas import st_canvas


@st.cache_resource
def model() -> keras.Model:
    """The network, read once."""
    return keras.models.load_model(os.environ["BENCH_MODEL"])


st.title("Draw a digit")
drawn = st_canvas(
    stroke_width=22,
    stroke_color="#fff",
    background_color="#000",
    width=280,
    height=280,
    return_image_data=True,
    key="canvas",
)
strokes = len((drawn.json_data or {}).get("objects", []))
if strokes and drawn.image_data is not None:
    grey = Image.fromarray(drawn.image_data).convert("L").resize((28, 28))
    picture = np.asarray(grey, np.float32)[np.newaxis, ..., np.newaxis] / 255
    probabilities = model().predict(picture, verbose=0)[0]
    st.html(
        f'<p id="answer" data-strokes="{strokes}">{probabilities.argmax()}: {probabilities.max():.1%}</p>'
    )
    st.bar_chart(probabilities)

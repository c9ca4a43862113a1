"""Look into an open model; loads Keras."""

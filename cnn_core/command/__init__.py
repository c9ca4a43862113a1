"""What the commands of `python -m cnn_core` do and print."""

"""Project files: runs in one zip archive, checked whole before one of them is taken over."""

from cnn_core.projects.opening import MOST_BYTES, open_project

__all__ = ["MOST_BYTES", "open_project"]

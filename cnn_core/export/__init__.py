"""Downloads: programs, files, a report."""

from cnn_core.export.files import file_stem
from cnn_core.export.program import FORMS, KERAS_FOLDERS
from cnn_core.export.script import to_notebook, to_script

__all__ = ["FORMS", "KERAS_FOLDERS", "file_stem", "to_notebook", "to_script"]

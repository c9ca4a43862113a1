"""Downloads: programs, files, a report."""

from cnn_core.export.files import file_stem
from cnn_core.export.keras_calls import KERAS_FOLDERS
from cnn_core.export.program import FORMS as EXACT_FORMS
from cnn_core.export.script import FORMS, to_notebook, to_script

__all__ = ["EXACT_FORMS", "FORMS", "KERAS_FOLDERS", "file_stem", "to_notebook", "to_script"]

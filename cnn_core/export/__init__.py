"""Downloads: programs, files, a report."""

from cnn_core.export.files import file_stem
from cnn_core.export.program import FORMS as EXACT_FORMS
from cnn_core.export.script import FORMS, to_notebook, to_script

__all__ = ["EXACT_FORMS", "FORMS", "file_stem", "to_notebook", "to_script"]

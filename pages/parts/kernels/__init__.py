"""Parts of the kernels page."""

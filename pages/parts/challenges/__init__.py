"""Parts of the challenges page."""

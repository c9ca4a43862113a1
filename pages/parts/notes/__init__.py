"""Parts of the notes page."""

"""Parts of the page of the guided course."""

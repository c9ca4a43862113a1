"""Parts of the explain page."""

"""Parts of the surgery page."""

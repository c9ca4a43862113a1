"""Parts of the page of rooms."""

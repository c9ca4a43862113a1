"""Parts of the page that looks for the best setting."""

"""Parts of the page "Loss landscape"."""

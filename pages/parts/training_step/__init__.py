"""Parts of the page of one training step."""

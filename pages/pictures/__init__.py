"""Images to choose and to show."""

"""Parts of the feature maps page."""

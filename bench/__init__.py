"""Every speed figure that the README prints, each a ratio or a median measured in one run."""

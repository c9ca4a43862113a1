"""What both sides of the process border know about a trained network; NumPy only."""

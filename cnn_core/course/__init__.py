"""A way through the material: where each line of the lecture is shown, and common slips."""

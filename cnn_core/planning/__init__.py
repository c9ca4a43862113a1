"""A set-up before it is trained: presets, links, limits, cost, repair."""

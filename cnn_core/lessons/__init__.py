"""Lessons and the numbers in them."""

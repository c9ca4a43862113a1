"""Photographs, uploads, and what an image is to a computer."""

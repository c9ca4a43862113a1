"""Figures: plain data and words in, figure out. Nothing is read, trained or shown on a page here."""

"""Limits that hold before any image library is imported."""

MAX_PIXELS = 2**28
"""Pixels of an image at most, 268 million, 0.8 GB as RGB: a file of a few bytes can declare any size."""

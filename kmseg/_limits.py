"""Limits that are set before any image library is imported."""

MAX_PIXELS = 2**28
"""Maximum pixels of an image: 268 million, 0.8 GB as RGB. A small file can declare any size."""

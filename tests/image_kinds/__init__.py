"""Tests of what one image is."""

"""Legends that people have: reading their files, holding them against data, recognizing the published ones."""

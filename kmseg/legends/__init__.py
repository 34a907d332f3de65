"""Legends that people have: reading their files, holding them against data, recognising the published ones."""

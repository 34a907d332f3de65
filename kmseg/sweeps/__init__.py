"""Sweeps: many runs of one command, and the one record that sums them up."""

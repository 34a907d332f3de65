"""Pictures of palettes, candidates and images, and the colors and fonts of all plots."""

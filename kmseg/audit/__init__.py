"""Does this palette account for these images? Unmatched pixels, unknown colors, drift and mistakes in a legend."""

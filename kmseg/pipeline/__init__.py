"""One run on any executor: from a plan to palette, masks, metrics and files."""

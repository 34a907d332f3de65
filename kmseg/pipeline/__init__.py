"""The steps of one run on any executor: from a plan to palette, masks, metrics and files."""

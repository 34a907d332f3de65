"""K-Means against HSV ranges on the same images: methods, their tuning, their scores and the summary."""

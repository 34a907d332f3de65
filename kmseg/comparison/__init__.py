"""K-Means against HSV ranges on the same images: contestants, their tuning, their scores and the verdict."""

"""Discovery of the legend: color statistics of each image, modes and their features, rules, selection."""

"""Finding the legend: one image's evidence (`census`), judged over all images (`judging`, `density`, `candidates`)."""

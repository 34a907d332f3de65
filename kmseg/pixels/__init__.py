"""Arrays of pixels, without knowledge of datasets or palettes: counting, packing, lookup, local range, polygons."""

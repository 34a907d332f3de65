"""Descent of an MCU by the best change of a single pixel, compiled; for the arguments see `mcu_kernels`."""

from __future__ import annotations

from typing import Any

import numpy as np

from kmseg.maskers.jpeg.block_kernels import excess_after
from kmseg.maskers.jpeg.mcu_kernels import measure, paint, renew, renew_chroma, total_excess
from kmseg.pixels.jit import compiled_sums as compiled

TOTAL, MANY = 10, 11
"""Places of two figures of `look_around`, behind those of the classes."""


@compiled
def descend(
    labels: Any,
    colors: Any,
    axes: Any,
    allowed: Any,
    box: Any,
    offered: Any,
    anywhere: bool,
    weights: Any,
    basis: Any,
    state: Any,
    counts: Any,
) -> Any:
    """Change single pixels, each time the one that lowers the cost most, until none does; return the excess.

    Of a border pixel the classes of its neighbors are tried; `anywhere`, every class offered at every pixel.
    """
    luma, blue, red, luma_slope, blue_slope, red_slope, excess, per = state
    luma_rows, luma_columns, chroma_rows, chroma_columns = axes
    top, bottom, left, right = box
    high, wide = per
    share = np.float32(1) / np.float32(high * wide)
    chroma = len(luma)
    around = np.empty((bottom - top, right - left, 12), np.int8)
    near = np.empty((bottom - top, right - left, 9), np.int64)
    for y in range(top, bottom):
        for x in range(left, right):
            look_around(labels, y, x, around[y - top, x - left], near[y - top, x - left])
    measure(allowed, basis, state)
    for _ in range((bottom - top) * (right - left)):
        best, best_y, best_x, best_label = np.float32(-0.01), -1, -1, 0
        for y in range(top, bottom):
            for x in range(left, right):
                known, classes = around[y - top, x - left], near[y - top, x - left]
                many = known[MANY]
                if many == 1 and not anywhere:
                    continue
                old, block = labels[y, x], (y - top) // 8 * wide + (x - left) // 8
                by_luma = luma_slope[block, (y - top) % 8, (x - left) % 8]
                by_blue = blue_slope[(y - top) // high, (x - left) // wide] * share
                by_red = red_slope[(y - top) // high, (x - left) // wide] * share
                most = weights[0] * np.float32(known[TOTAL] - known[0])
                if counts[old] == 1:
                    most += weights[1]
                for n in range(len(offered) if anywhere else many):
                    label = offered[n] if anywhere else classes[n]
                    if label == old:
                        continue
                    to_luma, to_blue = colors[0, label] - colors[0, old], colors[1, label] - colors[1, old]
                    to_red = colors[2, label] - colors[2, old]
                    cost = to_luma * by_luma + to_blue * by_blue + to_red * by_red
                    if cost - most >= best:
                        continue
                    same = 0
                    for other in range(1, many):
                        if classes[other] == label:
                            same = int(known[other])
                    smooth = weights[0] * np.float32(known[0] - 1 - same)
                    if counts[old] == 1:
                        smooth -= weights[1]
                    if counts[label] == 0:
                        smooth += weights[1]
                    if cost + smooth >= best:
                        continue
                    cost = smooth - excess[block] - excess[chroma]
                    cost += excess_after(luma[block], allowed[0], luma_rows[y], luma_columns[x], to_luma)
                    if cost >= best:
                        continue
                    cost += excess_after(blue, allowed[1], chroma_rows[y], chroma_columns[x], to_blue)
                    cost += excess_after(red, allowed[2], chroma_rows[y], chroma_columns[x], to_red)
                    if cost < best:
                        best, best_y, best_x, best_label = cost, y, x, label
        if best_y < 0:
            break
        old, block = labels[best_y, best_x], (best_y - top) // 8 * wide + (best_x - left) // 8
        paint(colors, axes, block, best_y, best_x, old, best_label, state)
        labels[best_y, best_x] = best_label
        counts[old] -= 1
        counts[best_label] += 1
        for y in range(max(top, best_y - 1), min(bottom, best_y + 2)):
            for x in range(max(left, best_x - 1), min(right, best_x + 2)):
                look_around(labels, y, x, around[y - top, x - left], near[y - top, x - left])
        renew(block, allowed, basis, state)
        renew_chroma(allowed, basis, state)
    return total_excess(state)


@compiled
def look_around(labels: Any, y: int, x: int, known: Any, classes: Any) -> None:
    """Write the classes of a pixel and its neighbors, its own first, and how many pixels have each.

    `known[TOTAL]` is how many pixels these are, `known[MANY]` how many classes.
    """
    many, total = 1, 0
    classes[0] = labels[y, x]
    known[0] = 0
    for near_y in range(max(0, y - 1), min(labels.shape[0], y + 2)):
        for near_x in range(max(0, x - 1), min(labels.shape[1], x + 2)):
            label, place = labels[near_y, near_x], 0
            total += 1
            while place < many and classes[place] != label:
                place += 1
            if place == many:
                classes[many] = label
                known[many] = 0
                many += 1
            known[place] += 1
    known[TOTAL], known[MANY] = total, many

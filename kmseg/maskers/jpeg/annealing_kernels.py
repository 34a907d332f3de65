"""Simulated annealing of an MCU, compiled; for the arguments see `mcu_kernels`."""

from __future__ import annotations

from typing import Any

import numpy as np

from kmseg.maskers.jpeg.block_kernels import excess_after, excess_after_two
from kmseg.maskers.jpeg.mcu_kernels import change_prior, differing, measure, paint, renew, renew_chroma
from kmseg.pixels.jit import compiled_sums as compiled


@compiled
def next_random(generator: Any) -> Any:
    """Return 32 random bits of a xorshift generator (Marsaglia 2003), whose state is `generator[0]`."""
    x = generator[0]
    x ^= x << np.uint64(13)
    x ^= x >> np.uint64(7)
    x ^= x << np.uint64(17)
    generator[0] = x
    return np.uint32(x >> np.uint64(32))


@compiled
def anneal(
    labels: Any,
    colors: Any,
    axes: Any,
    allowed: Any,
    box: Any,
    offered: Any,
    weights: Any,
    basis: Any,
    state: Any,
    counts: Any,
    steps: int,
    hot: Any,
    cold: Any,
    generator: Any,
) -> None:
    """Change single pixels and swap pairs at random, the fewer to the worse the colder it gets (Kirkpatrick 1983).

    A pixel is offered the class of one within two pixels, now and then any other. A swap leaves the sums as they are.
    """
    luma, blue, red, luma_slope, blue_slope, red_slope, excess, per = state
    luma_rows, luma_columns, chroma_rows, chroma_columns = axes
    top, bottom, left, right = box
    high, wide = per
    share = np.float32(1) / np.float32(high * wide)
    tall, broad = np.uint32(bottom - top), np.uint32(right - left)
    chroma = len(luma)
    measure(allowed, basis, state)
    temperature, fall = np.float32(hot), np.float32((cold / hot) ** (1.0 / steps))
    for _ in range(steps):
        temperature *= fall
        bits = next_random(generator)
        y = top + np.int64((bits & np.uint32(0xFFFF)) * tall >> np.uint32(16))
        x = left + np.int64((bits >> np.uint32(16)) * broad >> np.uint32(16))
        bits = next_random(generator)
        place = np.int64(bits % np.uint32(25))
        near_y = min(max(y + place // 5 - 2, 0), labels.shape[0] - 1)
        near_x = min(max(x + place % 5 - 2, 0), labels.shape[1] - 1)
        old, label = labels[y, x], labels[near_y, near_x]
        swap = int(bits >> np.uint32(13)) & 1
        if np.int64(bits >> np.uint32(8)) & 31 == 0:
            label = offered[int(bits >> np.uint32(16)) % len(offered)]
            swap = 0
        if label == old:
            continue
        if swap == 1 and not (top <= near_y < bottom and left <= near_x < right):
            continue
        block = (y - top) // 8 * wide + (x - left) // 8
        to_luma, to_blue = colors[0, label] - colors[0, old], colors[1, label] - colors[1, old]
        to_red = colors[2, label] - colors[2, old]
        row, column = (y - top) // high, (x - left) // wide
        by_luma = luma_slope[block, (y - top) % 8, (x - left) % 8]
        by_blue, by_red = blue_slope[row, column], red_slope[row, column]
        uniform = np.float32((next_random(generator) >> np.uint32(8)) + np.uint32(1)) * np.float32(2.0**-24)
        most = -temperature * np.log(uniform)
        if swap == 0:
            cost = change_prior(labels, y, x, label, weights, counts)
            if cost + to_luma * by_luma + (to_blue * by_blue + to_red * by_red) * share > most:
                continue
            cost += excess_after(luma[block], allowed[0], luma_rows[y], luma_columns[x], to_luma) - excess[block]
            if cost - excess[chroma] > most:
                continue
            cost += excess_after(blue, allowed[1], chroma_rows[y], chroma_columns[x], to_blue) - excess[chroma]
            cost += excess_after(red, allowed[2], chroma_rows[y], chroma_columns[x], to_red)
            if cost > most:
                continue
            paint(colors, axes, block, y, x, old, label, state)
            labels[y, x] = label
            counts[old] -= 1
            counts[label] += 1
            renew(block, allowed, basis, state)
            renew_chroma(allowed, basis, state)
            continue
        other = (near_y - top) // 8 * wide + (near_x - left) // 8
        near_row, near_column = (near_y - top) // high, (near_x - left) // wide
        pairs = -differing(labels, y, x, old) - differing(labels, near_y, near_x, label)
        labels[y, x], labels[near_y, near_x] = label, old
        pairs += differing(labels, y, x, label) + differing(labels, near_y, near_x, old)
        labels[y, x], labels[near_y, near_x] = old, label
        cost = weights[0] * np.float32(pairs)
        bound = to_luma * (by_luma - luma_slope[other, (near_y - top) % 8, (near_x - left) % 8])
        bound += to_blue * (by_blue - blue_slope[near_row, near_column]) * share
        bound += to_red * (by_red - red_slope[near_row, near_column]) * share
        if cost + bound > most:
            continue
        if block == other:
            cost -= excess[block]
            cost += excess_after_two(
                luma[block], allowed[0], luma_rows[y], luma_columns[x], luma_rows[near_y], luma_columns[near_x], to_luma
            )
        else:
            cost -= excess[block] + excess[other]
            cost += excess_after(luma[block], allowed[0], luma_rows[y], luma_columns[x], to_luma)
            cost += excess_after(luma[other], allowed[0], luma_rows[near_y], luma_columns[near_x], -to_luma)
        if cost - excess[chroma] > most:
            continue
        here, there = (chroma_rows[y], chroma_columns[x]), (chroma_rows[near_y], chroma_columns[near_x])
        cost += excess_after_two(blue, allowed[1], here[0], here[1], there[0], there[1], to_blue) - excess[chroma]
        cost += excess_after_two(red, allowed[2], here[0], here[1], there[0], there[1], to_red)
        if cost > most:
            continue
        paint(colors, axes, block, y, x, old, label, state)
        paint(colors, axes, other, near_y, near_x, label, old, state)
        labels[y, x], labels[near_y, near_x] = label, old
        renew(block, allowed, basis, state)
        if other != block:
            renew(other, allowed, basis, state)
        renew_chroma(allowed, basis, state)

"""Loops of the search for a labeling that a JPEG file's coefficients allow; for labels saved directly as JPEG.

A minimum coded unit (MCU) is searched at a time. Its *residual* is the transform of what a labeling paints less the
stored coefficients; what exceeds the half quantization step is its *excess*, and the sum of squares is zero where the
labeling is consistent with the file. It is convex in the residual, so its slope gives a lower bound of what a change
costs: most changes are refused by three multiplications, and only the others are computed.

Arguments that go together travel as tuples: `axes` (rows and columns of luma, then of chroma: see `file_model.axes`),
`target` and `allowed` (luma, blue, red), `state` (residuals and slopes of luma, blue and red, the luma blocks' excess)
and `box` (first and last row plus one, the same of columns).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kmseg.pixels.jit import compiled_sums as compiled

CONSISTENT = 0.5
"""Squared units of a coefficient by which an MCU may exceed its bounds in all: below what a wrong pixel causes."""

RING = 2
"""Pixels around an MCU whose classes are no new ones in it."""

WINDOW = 8
"""Pixels around an MCU whose classes are offered in it first."""

HOPELESS = 300.0
"""Excess after the descent from a removed class at which annealing is not worth its time."""

TOTAL, MANY = 10, 11
"""Places of two figures of `look_around`, behind those of the classes."""

INCONSISTENT = 1000.0
"""Cost added to a labeling that the file does not allow: more than any smoothness makes good."""


@compiled
def compute_excess(residual: Any, allowed: Any) -> Any:
    """Return the squared excess of a block `(8, 8)`."""
    total = np.float32(0)
    for u in range(8):
        for v in range(8):
            over = max(abs(residual[u, v]) - allowed[u, v], np.float32(0))
            total += over * over
    return total


@compiled
def excess_after(residual: Any, allowed: Any, rows: Any, columns: Any, value: Any) -> Any:
    """Return the squared excess of a block once `value` times an outer product is added."""
    total = np.float32(0)
    for u in range(8):
        scaled = value * rows[u]
        for v in range(8):
            over = max(abs(residual[u, v] + scaled * columns[v]) - allowed[u, v], np.float32(0))
            total += over * over
    return total


@compiled
def excess_after_two(
    residual: Any, allowed: Any, rows: Any, columns: Any, rows2: Any, columns2: Any, value: Any
) -> Any:
    """Return the squared excess once `value` times one outer product is added and times another taken away."""
    total = np.float32(0)
    for u in range(8):
        plus, minus = value * rows[u], value * rows2[u]
        for v in range(8):
            changed = residual[u, v] + plus * columns[v] - minus * columns2[v]
            over = max(abs(changed) - allowed[u, v], np.float32(0))
            total += over * over
    return total


@compiled
def add_outer(residual: Any, rows: Any, columns: Any, value: Any) -> None:
    """Add `value` times the outer product of two vectors of 8 to a block."""
    for u in range(8):
        scaled = value * rows[u]
        for v in range(8):
            residual[u, v] += scaled * columns[v]


@compiled
def write_slope(residual: Any, allowed: Any, basis: Any, slope: Any) -> None:
    """Write the slope of the squared excess by the value of each sample: the inverse transform of twice the excess.

    `basis` `(8, 8)` is frequency by sample.
    """
    for y in range(8):
        for x in range(8):
            slope[y, x] = 0
    for u in range(8):
        s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = np.float32(0)
        row = False
        for v in range(8):
            over = max(abs(residual[u, v]) - allowed[u, v], np.float32(0))
            if over > 0:
                row = True
                over = np.float32(2) * (over if residual[u, v] > 0 else -over)
                s0 += over * basis[v, 0]
                s1 += over * basis[v, 1]
                s2 += over * basis[v, 2]
                s3 += over * basis[v, 3]
                s4 += over * basis[v, 4]
                s5 += over * basis[v, 5]
                s6 += over * basis[v, 6]
                s7 += over * basis[v, 7]
        if row:
            for y in range(8):
                weight = basis[u, y]
                slope[y, 0] += weight * s0
                slope[y, 1] += weight * s1
                slope[y, 2] += weight * s2
                slope[y, 3] += weight * s3
                slope[y, 4] += weight * s4
                slope[y, 5] += weight * s5
                slope[y, 6] += weight * s6
                slope[y, 7] += weight * s7


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
def differing(labels: Any, y: int, x: int, label: int) -> int:
    """Count the neighbors of a pixel, and itself, that are not of a class."""
    count = 0
    for near_y in range(max(0, y - 1), min(labels.shape[0], y + 2)):
        for near_x in range(max(0, x - 1), min(labels.shape[1], x + 2)):
            count += int(labels[near_y, near_x] != label)
    return count


@compiled
def write_residuals(labels: Any, colors: Any, axes: Any, target: Any, box: Any, place: Any, state: Any) -> None:
    """Write the residuals of the MCU in a row and column of MCUs (`place`)."""
    luma, blue, red = state[0], state[1], state[2]
    luma_rows, luma_columns, chroma_rows, chroma_columns = axes
    top, bottom, left, right = box
    high, wide = state[7]
    luma[:] = 0
    blue[:] = 0
    red[:] = 0
    line = np.empty((3, 8), np.float32)
    for y in range(top, bottom):
        for column in range(wide):
            line[0] = 0
            for x in range(left + 8 * column, min(right, left + 8 * column + 8)):
                value = colors[0, labels[y, x]]
                for v in range(8):
                    line[0, v] += value * luma_columns[x, v]
            add_outer(luma[(y - top) // 8 * wide + column], luma_rows[y], line[0], np.float32(1))
        line[1:] = 0
        for x in range(left, right):
            first, second = colors[1, labels[y, x]], colors[2, labels[y, x]]
            for v in range(8):
                line[1, v] += first * chroma_columns[x, v]
                line[2, v] += second * chroma_columns[x, v]
        add_outer(blue, chroma_rows[y], line[1], np.float32(1))
        add_outer(red, chroma_rows[y], line[2], np.float32(1))
    for block in range(high * wide):
        row, column = place[0] * high + block // wide, place[1] * wide + block % wide
        if row < target[0].shape[0] and column < target[0].shape[1]:
            luma[block] -= target[0][row, column]
        else:
            luma[block] = 0
    blue -= target[1][place[0], place[1]]
    red -= target[2][place[0], place[1]]


@compiled
def measure(allowed: Any, basis: Any, state: Any) -> Any:
    """Write slopes and excess of an MCU from its residuals; return its whole excess."""
    luma, blue, red, luma_slope, blue_slope, red_slope, excess, _ = state
    total = np.float32(0)
    for block in range(len(luma)):
        excess[block] = compute_excess(luma[block], allowed[0])
        write_slope(luma[block], allowed[0], basis, luma_slope[block])
        total += excess[block]
    excess[len(luma)] = compute_excess(blue, allowed[1]) + compute_excess(red, allowed[2])
    write_slope(blue, allowed[1], basis, blue_slope)
    write_slope(red, allowed[2], basis, red_slope)
    return total + excess[len(luma)]


@compiled
def total_excess(state: Any) -> Any:
    """Return the whole excess of an MCU as last measured."""
    total = np.float32(0)
    for block in range(len(state[6])):
        total += state[6][block]
    return total


@compiled
def renew(block: int, allowed: Any, basis: Any, state: Any) -> None:
    """Measure one luma block anew."""
    luma, _, _, luma_slope, _, _, excess, _ = state
    excess[block] = compute_excess(luma[block], allowed[0])
    write_slope(luma[block], allowed[0], basis, luma_slope[block])


@compiled
def renew_chroma(allowed: Any, basis: Any, state: Any) -> None:
    """Measure the chroma blocks anew."""
    luma, blue, red, _, blue_slope, red_slope, excess, _ = state
    excess[len(luma)] = compute_excess(blue, allowed[1]) + compute_excess(red, allowed[2])
    write_slope(blue, allowed[1], basis, blue_slope)
    write_slope(red, allowed[2], basis, red_slope)


@compiled
def excess_map(labels: Any, colors: Any, axes: Any, target: Any, allowed: Any, per: Any, excess: Any) -> None:
    """Write the excess of every MCU; `per` is the rows and columns of luma blocks in one."""
    state = new_state(per)
    for row in range(excess.shape[0]):
        for column in range(excess.shape[1]):
            box = make_box(labels, per, row, column)
            write_residuals(labels, colors, axes, target, box, (row, column), state)
            total = compute_excess(state[1], allowed[1]) + compute_excess(state[2], allowed[2])
            for block in range(len(state[0])):
                total += compute_excess(state[0][block], allowed[0])
            excess[row, column] = total


@compiled
def roughness_map(labels: Any, per: Any, roughness: Any) -> None:
    """Write the pairs of unlike neighbors of every MCU, each pixel's eight counted."""
    for row in range(roughness.shape[0]):
        for column in range(roughness.shape[1]):
            top, bottom, left, right = make_box(labels, per, row, column)
            pairs = 0
            for y in range(top, bottom):
                for x in range(left, right):
                    pairs += differing(labels, y, x, labels[y, x])
            roughness[row, column] = pairs


@compiled
def new_state(per: Any) -> Any:
    """Return room for the state of an MCU."""
    blocks = per[0] * per[1]
    luma, luma_slope = np.zeros((blocks, 8, 8), np.float32), np.zeros((blocks, 8, 8), np.float32)
    blue, red = np.zeros((8, 8), np.float32), np.zeros((8, 8), np.float32)
    blue_slope, red_slope = np.zeros((8, 8), np.float32), np.zeros((8, 8), np.float32)
    return luma, blue, red, luma_slope, blue_slope, red_slope, np.zeros(blocks + 1, np.float32), per


@compiled
def make_box(labels: Any, per: Any, row: int, column: int) -> Any:
    """Return the first and last row plus one, and the same of columns, of the pixels of an MCU."""
    top, left = row * 8 * per[0], column * 8 * per[1]
    return top, min(labels.shape[0], top + 8 * per[0]), left, min(labels.shape[1], left + 8 * per[1])


@compiled
def prior(labels: Any, box: Any, weights: Any, counts: Any) -> Any:
    """Return the smoothness cost of an MCU, and write how many pixels of each class are in and around it."""
    top, bottom, left, right = box
    pairs = 0
    for y in range(top, bottom):
        for x in range(left, right):
            pairs += differing(labels, y, x, labels[y, x])
    counts[:] = 0
    for y in range(max(0, top - RING), min(labels.shape[0], bottom + RING)):
        for x in range(max(0, left - RING), min(labels.shape[1], right + RING)):
            counts[labels[y, x]] += 1
    classes = 0
    for label in range(len(counts)):
        classes += int(counts[label] > 0)
    return np.float32(weights[0] * pairs + weights[1] * classes)


@compiled
def change_prior(labels: Any, y: int, x: int, label: int, weights: Any, counts: Any) -> Any:
    """Return the change of the smoothness cost if a pixel gets another class."""
    old = labels[y, x]
    cost = weights[0] * np.float32(differing(labels, y, x, label) - 1 - differing(labels, y, x, old))
    if counts[old] == 1:
        cost -= weights[1]
    if counts[label] == 0:
        cost += weights[1]
    return cost


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


@compiled
def paint(colors: Any, axes: Any, block: int, y: int, x: int, old: int, label: int, state: Any) -> None:
    """Change the residuals as one pixel's class changes."""
    add_outer(state[0][block], axes[0][y], axes[1][x], colors[0, label] - colors[0, old])
    add_outer(state[1], axes[2][y], axes[3][x], colors[1, label] - colors[1, old])
    add_outer(state[2], axes[2][y], axes[3][x], colors[2, label] - colors[2, old])


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


@compiled
def give_to_neighbors(labels: Any, colors: Any, box: Any, gone: int) -> bool:
    """Give each pixel of a class in an MCU to the neighboring class of the most alike color; tell whether all are."""
    top, bottom, left, right = box
    for _ in range(max(bottom - top, right - left)):
        remain = False
        for y in range(top, bottom):
            for x in range(left, right):
                if labels[y, x] != gone:
                    continue
                best, best_label = np.float32(np.inf), -1
                for near_y in range(max(0, y - 1), min(labels.shape[0], y + 2)):
                    for near_x in range(max(0, x - 1), min(labels.shape[1], x + 2)):
                        label = labels[near_y, near_x]
                        if label == gone:
                            continue
                        apart = abs(colors[0, label] - colors[0, gone]) + abs(colors[1, label] - colors[1, gone])
                        apart += abs(colors[2, label] - colors[2, gone])
                        if apart < best:
                            best, best_label = apart, label
                if best_label >= 0:
                    labels[y, x] = best_label
                else:
                    remain = True
        if not remain:
            return True
    return False


@compiled
def minimize(
    labels: Any,
    colors: Any,
    axes: Any,
    target: Any,
    allowed: Any,
    box: Any,
    place: Any,
    offered: Any,
    weights: Any,
    basis: Any,
    state: Any,
    counts: Any,
    steps: int,
    heat: Any,
    generator: Any,
) -> Any:
    """Anneal an MCU (`steps` of 0: not), descend from there; return the cost and the excess."""
    prior(labels, box, weights, counts)
    write_residuals(labels, colors, axes, target, box, place, state)
    if steps > 0:
        anneal(
            labels,
            colors,
            axes,
            allowed,
            box,
            offered,
            weights,
            basis,
            state,
            counts,
            steps,
            heat[0],
            heat[1],
            generator,
        )
        write_residuals(labels, colors, axes, target, box, place, state)
    excess = descend(labels, colors, axes, allowed, box, offered, False, weights, basis, state, counts)
    if excess > CONSISTENT:
        light = (np.float32(0.2), np.float32(0))
        excess = descend(labels, colors, axes, allowed, box, offered, True, light, basis, state, counts)
    cost = prior(labels, box, weights, counts)
    if excess > CONSISTENT:
        cost += np.float32(INCONSISTENT) + np.float32(4) * excess
    return cost, excess


@compiled
def search(
    labels: Any,
    other: Any,
    colors: Any,
    axes: Any,
    target: Any,
    allowed: Any,
    per: Any,
    weights: Any,
    basis: Any,
    present: Any,
    effort: Any,
    heat: Any,
    seed: int,
    chosen: Any,
    excess: Any,
) -> None:
    """Search every chosen MCU that is not uniform, from `labels` and from `other`; both hold the answer in the end.

    Parameters
    ----------
    labels, other : ndarray of shape (H, W), uint16
    colors : ndarray of shape (3, k), float32
        Luma, blue and red of the classes, less 128.
    weights : tuple of two float32
        Cost of a pair of unlike neighbors, of which each pixel sees eight, and of a class in an MCU.
    present : ndarray of int64
        Classes offered where those around an MCU explain it not.
    effort : tuple of int
        Steps of an annealing; annealings of every MCU, and at most where it stays inconsistent; most pixels of a class
        whose removal is tried.
    heat : tuple of two float32
        First and last temperature, in squared units of a coefficient.
    chosen : ndarray of shape (rows, columns), uint8
        Nonzero for the MCUs to search.
    excess : ndarray of shape (rows, columns), float32
        Excess of the MCUs, in and out.
    """
    steps, rounds, most_rounds, removable = effort
    state = new_state(per)
    k = colors.shape[1]
    counts, seen, generator = np.zeros(k, np.int64), np.zeros(k, np.uint8), np.zeros(1, np.uint64)
    for row in range(excess.shape[0]):
        for column in range(excess.shape[1]):
            if not chosen[row, column]:
                continue
            box, place = make_box(labels, per, row, column), (row, column)
            top, bottom, left, right = box
            seen[:] = 0
            for y in range(max(0, top - WINDOW), min(labels.shape[0], bottom + WINDOW)):
                for x in range(max(0, left - WINDOW), min(labels.shape[1], right + WINDOW)):
                    seen[labels[y, x]] = seen[other[y, x]] = 1
            offered = np.flatnonzero(seen)
            consistent, alike, uniform = excess[row, column] <= CONSISTENT, True, True
            for y in range(top, bottom):
                for x in range(left, right):
                    alike = alike and labels[y, x] == other[y, x]
                    uniform = uniform and labels[y, x] == labels[top, left]
            if consistent and uniform and alike:
                continue
            generator[0] = np.uint64(seed) ^ (
                np.uint64(row * excess.shape[1] + column + 1) * np.uint64(0x9E3779B97F4A7C15)
            )
            second = other[top:bottom, left:right].copy()
            here = labels[top:bottom, left:right]
            known = (colors, axes, target, allowed, box, place)
            cost, best_excess = minimize(labels, *known, offered, weights, basis, state, counts, 0, heat, generator)
            best, best_cost = here.copy(), cost
            if not alike:
                here[:] = second
                cost, left_over = minimize(labels, *known, offered, weights, basis, state, counts, 0, heat, generator)
                if cost < best_cost:
                    best_cost, best_excess = cost, left_over
                    best[:] = here
            for turn in range(most_rounds):
                if turn >= rounds and best_excess <= CONSISTENT:
                    break
                if turn == rounds + 1:
                    offered = present
                here[:] = best
                longer = steps if turn < rounds + 2 else 2 * steps
                cost, left_over = minimize(
                    labels, *known, offered, weights, basis, state, counts, longer, heat, generator
                )
                if cost < best_cost:
                    best_cost, best_excess = cost, left_over
                    best[:] = here
            sizes = np.zeros(k, np.int64)
            for y in range(bottom - top):
                for x in range(right - left):
                    sizes[best[y, x]] += 1
            if removable > 0 and (sizes > 0).sum() > 2:
                for gone in np.argsort(sizes):
                    if sizes[gone] == 0 or sizes[gone] > removable:
                        continue
                    here[:] = best
                    if not give_to_neighbors(labels, colors, box, gone):
                        continue
                    few = offered[offered != gone]
                    prior(labels, box, weights, counts)
                    write_residuals(labels, colors, axes, target, box, place, state)
                    if (
                        descend(labels, colors, axes, allowed, box, few, False, weights, basis, state, counts)
                        > HOPELESS
                    ):
                        continue
                    cost, left_over = minimize(
                        labels, *known, few, weights, basis, state, counts, steps, heat, generator
                    )
                    if cost < best_cost:
                        best_cost, best_excess = cost, left_over
                        best[:] = here
            here[:] = best
            other[top:bottom, left:right] = best
            excess[row, column] = best_excess

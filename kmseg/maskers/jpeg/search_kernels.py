"""The search for a labeling of each MCU that a JPEG file allows, compiled; for labels saved directly as JPEG.

For the arguments see `mcu_kernels`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kmseg.maskers.jpeg.block_kernels import add_wave, compute_excess, excess_after, excess_after_two, next_random
from kmseg.maskers.jpeg.mcu_kernels import (
    CONSISTENT,
    differing,
    is_uniform,
    make_box,
    measure,
    prior,
    waves_of,
    write_residuals,
)
from kmseg.pixels.jit import compiled_sums as compiled

WINDOW = 8
"""Pixels around an MCU whose classes are offered in it first."""

MOST_CHANGES = 48
"""Single changes at the end of a descent, at most; it ends when none lowers the cost."""

FIRST_GAIN, NEXT_GAIN, LAST_GAIN = np.float32(0.25), np.float32(0.33), np.float32(3)
"""Gain that a change must have in the first sweep of a descent, as a share of the excess; its factor from sweep to
sweep; and, in squared units of a coefficient, that below which any gain will do."""

HOT, DESCENT, WITHOUT_PRIOR, EVERYWHERE = 0, 1, 2, 3
"""Phases of the search of an MCU."""

EASE = 0.2
"""Times the prior and the last temperature, where two annealings of an MCU have not made it consistent."""

LIGHT = 0.2
"""Smoothness, in squared units of a coefficient, where an MCU is all but consistent."""

HOPELESS = 300.0
"""Excess after a descent at which more of it is not worth its time."""

FAR = 4
"""Times that at which the descent itself ends, once only small gains are left."""

INCONSISTENT = 1000.0
"""Cost added to a labeling that the file does not allow: more than any smoothness makes good."""


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
def sweep(
    labels: Any,
    colors: Any,
    waves: Any,
    allowed: Any,
    box: Any,
    per: Any,
    offered: Any,
    anywhere: bool,
    weights: Any,
    state: Any,
    temperature: Any,
    chances: Any,
    generator: Any,
) -> int:
    """Go over the border pixels of an MCU and change those whose change lowers the cost, or by chance; return how many.

    At a temperature above zero each pixel is offered the class of one within two pixels, now and then any other, as a
    change or a swap with that pixel, which leaves the sums as they are; it may raise the cost, the less the colder it
    is (Kirkpatrick 1983). Else each is offered the classes of its neighbors, `anywhere` every pixel all classes: below
    zero a change must lower the cost by minus the temperature, at zero only the best one is made.
    """
    luma_waves, chroma_waves = waves
    residual, excess, counts, differ = state
    top, bottom, left, right = box
    high, wide = per
    blue, red = high * wide, high * wide + 1
    hot = temperature > 0
    single = temperature == 0
    tries = 1 if hot else (len(offered) if anywhere else 9)
    changes, best, best_y, best_x, best_label = 0, np.float32(-0.01), -1, -1, 0
    for y in range(top, bottom):
        for x in range(left, right):
            if differ[y - top, x - left] == 0 and not anywhere:
                continue
            block = (y - top) // 8 * wide + (x - left) // 8
            luma_wave, chroma_wave = luma_waves[y - top, x - left], chroma_waves[y - top, x - left]
            last = labels[y, x]
            for turn in range(tries):
                old = labels[y, x]
                swap, near_y, near_x, most = False, y, x, best if single else temperature
                if hot:
                    bits = next_random(generator)
                    place = np.int64(bits & np.uint64(0xFFFF)) * 25 >> 16
                    near_y = min(max(y + place // 5 - 2, 0), labels.shape[0] - 1)
                    near_x = min(max(x + place % 5 - 2, 0), labels.shape[1] - 1)
                    label = labels[near_y, near_x]
                    swap = (bits >> np.uint64(16)) & np.uint64(1) == np.uint64(1)
                    if (bits >> np.uint64(17)) & np.uint64(31) == np.uint64(0):
                        label = offered[np.int64((bits >> np.uint64(22)) & np.uint64(0xFFFF)) * len(offered) >> 16]
                        swap = False
                    most = temperature * chances[np.int64(bits >> np.uint64(48)) % len(chances)]
                elif anywhere:
                    label = offered[turn]
                else:
                    near_y = min(max(y + turn // 3 - 1, 0), labels.shape[0] - 1)
                    near_x = min(max(x + turn % 3 - 1, 0), labels.shape[1] - 1)
                    label = labels[near_y, near_x]
                    if label == last:
                        continue
                    last = label
                if label == old:
                    continue
                to_luma, to_blue = colors[0, label] - colors[0, old], colors[1, label] - colors[1, old]
                to_red = colors[2, label] - colors[2, old]
                if not swap:
                    cost = weights[0] * np.float32(differing(labels, y, x, label) - 1 - differ[y - top, x - left])
                    if counts[old] == 1:
                        cost -= weights[1]
                    if counts[label] == 0:
                        cost += weights[1]
                    chroma = excess[blue] + excess[red]
                    if cost - excess[block] - chroma > most:
                        continue
                    after = excess_after(residual[block], allowed[block], luma_wave, to_luma)
                    cost += after - excess[block]
                    if cost - chroma > most:
                        continue
                    after_blue = excess_after(residual[blue], allowed[blue], chroma_wave, to_blue)
                    cost += after_blue - excess[blue]
                    if cost - excess[red] > most:
                        continue
                    after_red = excess_after(residual[red], allowed[red], chroma_wave, to_red)
                    cost += after_red - excess[red]
                    if cost > most:
                        continue
                    if single:
                        best, best_y, best_x, best_label = cost, y, x, label
                        continue
                    change(labels, colors, waves, allowed, box, per, y, x, label, state)
                    changes += 1
                    continue
                if not (top <= near_y < bottom and left <= near_x < right):
                    continue
                other = (near_y - top) // 8 * wide + (near_x - left) // 8
                pairs = -differ[y - top, x - left] - differ[near_y - top, near_x - left]
                labels[y, x], labels[near_y, near_x] = label, old
                pairs += differing(labels, y, x, label) + differing(labels, near_y, near_x, old)
                labels[y, x], labels[near_y, near_x] = old, label
                cost = weights[0] * np.float32(pairs)
                near_luma, near_chroma = (
                    luma_waves[near_y - top, near_x - left],
                    chroma_waves[near_y - top, near_x - left],
                )
                chroma, after_other = excess[blue] + excess[red], np.float32(0)
                if block == other:
                    after = excess_after_two(residual[block], allowed[block], luma_wave, near_luma, to_luma)
                    cost += after - excess[block]
                else:
                    after = excess_after(residual[block], allowed[block], luma_wave, to_luma)
                    after_other = excess_after(residual[other], allowed[other], near_luma, -to_luma)
                    cost += after - excess[block] + after_other - excess[other]
                if cost - chroma > most:
                    continue
                after_blue = excess_after_two(residual[blue], allowed[blue], chroma_wave, near_chroma, to_blue)
                after_red = excess_after_two(residual[red], allowed[red], chroma_wave, near_chroma, to_red)
                if cost + after_blue + after_red - chroma > most:
                    continue
                add_wave(residual[block], luma_wave, to_luma)
                add_wave(residual[other], near_luma, -to_luma)
                add_wave(residual[blue], chroma_wave, to_blue)
                add_wave(residual[blue], near_chroma, -to_blue)
                add_wave(residual[red], chroma_wave, to_red)
                add_wave(residual[red], near_chroma, -to_red)
                if other != block:
                    excess[other] = after_other
                excess[block], excess[blue], excess[red] = after, after_blue, after_red
                relabel(labels, box, y, x, label, differ)
                relabel(labels, box, near_y, near_x, old, differ)
                changes += 1
    if best_y >= 0:
        change(labels, colors, waves, allowed, box, per, best_y, best_x, best_label, state)
        changes = 1
    return changes


@compiled
def change(
    labels: Any,
    colors: Any,
    waves: Any,
    allowed: Any,
    box: Any,
    per: Any,
    y: int,
    x: int,
    label: int,
    state: Any,
) -> None:
    """Change the class of a pixel, and what depends on it."""
    residual, excess, counts, differ = state
    top, _, left, _ = box
    high, wide = per
    old, block = labels[y, x], (y - top) // 8 * wide + (x - left) // 8
    blue, red = high * wide, high * wide + 1
    luma_wave, chroma_wave = waves[0][y - top, x - left], waves[1][y - top, x - left]
    add_wave(residual[block], luma_wave, colors[0, label] - colors[0, old])
    add_wave(residual[blue], chroma_wave, colors[1, label] - colors[1, old])
    add_wave(residual[red], chroma_wave, colors[2, label] - colors[2, old])
    for part in (block, blue, red):
        excess[part] = compute_excess(residual[part], allowed[part])
    counts[old] -= 1
    counts[label] += 1
    relabel(labels, box, y, x, label, differ)


@compiled
def relabel(labels: Any, box: Any, y: int, x: int, label: int, differ: Any) -> None:
    """Change the class of a pixel, and how many neighbors of each pixel around it are of another."""
    top, bottom, left, right = box
    labels[y, x] = label
    for near_y in range(max(top, y - 1), min(bottom, y + 2)):
        for near_x in range(max(left, x - 1), min(right, x + 2)):
            differ[near_y - top, near_x - left] = differing(labels, near_y, near_x, labels[near_y, near_x])


@compiled
def minimize(
    labels: Any,
    colors: Any,
    waves: Any,
    target: Any,
    allowed: Any,
    box: Any,
    place: Any,
    per: Any,
    offered: Any,
    weights: Any,
    state: Any,
    sweeps: int,
    late: bool,
    heat: Any,
    chances: Any,
    generator: Any,
) -> Any:
    """Anneal an MCU (`sweeps` of 0: not), descend from there; return the cost and the excess.

    `late`, the prior is weaker, since a pixel of a class of a like color exceeds by less than its neighbors cost, and
    at last each pixel is offered every class.
    """
    residual, excess, counts, differ = state
    top, bottom, left, right = box
    prior(labels, box, weights, counts)
    write_residuals(labels, colors, waves, target, box, place[0], place[1], per, residual)
    measure(residual, allowed, excess)
    for y in range(top, bottom):
        for x in range(left, right):
            differ[y - top, x - left] = differing(labels, y, x, labels[y, x])
    known = (colors, waves, allowed, box, per, offered)
    light = (np.float32(LIGHT), np.float32(0))
    temperature = np.float32(heat[0])
    ease = np.float32(EASE) if late else np.float32(1)
    eased = (weights[0] * ease, weights[1] * ease)
    fall = np.float32((ease * heat[1] / heat[0]) ** (1.0 / max(1, sweeps - 1)))
    # Sweeps by chance, then without; where little is left over, without smoothness; at last with every class.
    # A descent takes the changes that gain most first: its sweeps take smaller and smaller gains, then one at a time.
    # The first change that helps, whatever it gains, leaves 20 % more errors.
    phase, number, gain = HOT, 0, np.float32(0)
    if sweeps == 0:
        phase, gain = DESCENT, excess.sum() * FIRST_GAIN
    while phase <= EVERYWHERE:
        heated = temperature if phase == HOT else -gain
        smooth = light if phase > DESCENT else eased
        everywhere = phase == EVERYWHERE
        changes = sweep(labels, *known, everywhere, smooth, state, heated, chances, generator)
        number += 1
        if phase == HOT:
            temperature *= fall
            if number == sweeps:
                phase, number, gain = DESCENT, 0, excess.sum() * FIRST_GAIN
        elif gain > 0:
            number = 0
            gain = gain * NEXT_GAIN if gain > LAST_GAIN else np.float32(0)
            if gain == 0 and excess.sum() > FAR * HOPELESS and not late:
                break
        elif changes == 0 or number == MOST_CHANGES or (phase > DESCENT and excess.sum() <= CONSISTENT):
            over = excess.sum()
            if over <= CONSISTENT or (not late and (over > HOPELESS or phase == WITHOUT_PRIOR)):
                break
            phase, number = phase + 1, 0
    over = excess.sum()
    cost = prior(labels, box, weights, counts)
    if over > CONSISTENT:
        cost += np.float32(INCONSISTENT) + np.float32(4) * over
    return cost, over


@compiled
def count_pixels(labels: Any, box: Any, sizes: Any) -> None:
    """Write how many pixels of each class are in an MCU."""
    top, bottom, left, right = box
    sizes[:] = 0
    for y in range(top, bottom):
        for x in range(left, right):
            sizes[labels[y, x]] += 1


@compiled
def search(
    labels: Any,
    other: Any,
    colors: Any,
    waves: Any,
    target: Any,
    allowed: Any,
    per: Any,
    weights: Any,
    present: Any,
    effort: Any,
    heat: Any,
    chances: Any,
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
        Sweeps of an annealing; annealings of every MCU, and at most where it stays inconsistent; most pixels of a class
        whose removal is tried.
    heat : tuple of two float32
        First and last temperature, in squared units of a coefficient.
    chances : ndarray of float32
        Less the logarithms of even shares of 1.
    chosen : ndarray of shape (rows, columns), uint8
        Nonzero for the MCUs to search.
    excess : ndarray of shape (rows, columns), float32
        Excess of the MCUs, in and out.
    """
    sweeps, rounds, most_rounds, removable = effort
    k = colors.shape[1]
    counts, seen, generator = np.zeros(k, np.int64), np.zeros(k, np.uint8), np.zeros(1, np.uint64)
    blocks = len(allowed)
    state = (
        np.empty((blocks, 64), np.float32),
        np.empty(blocks, np.float32),
        counts,
        np.empty((8 * per[0], 8 * per[1]), np.int64),
    )
    sizes = np.zeros(k, np.int64)
    for row in range(excess.shape[0]):
        for column in range(excess.shape[1]):
            if not chosen[row, column]:
                continue
            box, place = make_box(labels, per, row, column), (row, column)
            top, bottom, left, right = box
            here, second = labels[top:bottom, left:right], other[top:bottom, left:right].copy()
            alike = (here == second).all()
            if alike and excess[row, column] <= CONSISTENT and is_uniform(labels, box):
                continue
            seen[:] = 0
            for y in range(max(0, top - WINDOW), min(labels.shape[0], bottom + WINDOW)):
                for x in range(max(0, left - WINDOW), min(labels.shape[1], right + WINDOW)):
                    seen[labels[y, x]] = seen[other[y, x]] = 1
            offered = np.flatnonzero(seen)
            generator[0] = np.uint64(seed) ^ (
                np.uint64(row * excess.shape[1] + column + 1) * np.uint64(0x9E3779B97F4A7C15)
            )
            known = (colors, waves_of(waves, row, column, excess.shape), target, allowed, box, place, per)
            best, best_cost, best_excess = here.copy(), np.float32(np.inf), np.float32(np.inf)
            turn, gone, few, again = 0, -1, offered, False
            while True:
                length = 0
                if turn == 1:
                    if not alike:
                        here[:] = second
                    else:
                        turn = 2
                if turn > 1 and gone < 0:
                    if turn < 2 + rounds or (turn < 2 + most_rounds and best_excess > CONSISTENT):
                        length = sweeps if turn < 4 else 2 * sweeps
                        here[:] = best
                    elif removable == 0 or best_excess > CONSISTENT:
                        break
                    else:
                        here[:] = best
                        count_pixels(labels, box, sizes)
                        if (sizes > 0).sum() < 3:
                            break
                        gone = 0
                if gone >= 0 and not again:
                    while gone < k and (sizes[gone] == 0 or sizes[gone] > removable):
                        gone += 1
                    if gone == k:
                        break
                    here[:] = best
                    if not give_to_neighbors(labels, colors, box, gone):
                        gone += 1
                        continue
                    few = offered[offered != gone]
                elif again:
                    length = sweeps
                elif turn > 3:
                    few = present
                late = turn > 3 and gone < 0
                cost, left_over = minimize(labels, *known, few, weights, state, length, late, heat, chances, generator)
                if cost < best_cost:
                    best_cost, best_excess = cost, left_over
                    best[:] = here
                elif gone >= 0 and not again and left_over <= HOPELESS:
                    again = True
                    continue
                again = False
                if gone >= 0:
                    gone += 1
                else:
                    turn += 1
            here[:] = best
            other[top:bottom, left:right] = best
            excess[row, column] = best_excess

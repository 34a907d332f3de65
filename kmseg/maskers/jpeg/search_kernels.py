"""The search for a labeling of each MCU that a JPEG file allows, compiled; for labels saved directly as JPEG.

For the arguments see `mcu_kernels`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kmseg.maskers.jpeg.annealing_kernels import anneal
from kmseg.maskers.jpeg.descent_kernels import descend
from kmseg.maskers.jpeg.mcu_kernels import CONSISTENT, make_box, new_state, prior, write_residuals
from kmseg.pixels.jit import compiled_sums as compiled

WINDOW = 8
"""Pixels around an MCU whose classes are offered in it first."""

HOPELESS = 300.0
"""Excess after the descent from a removed class at which annealing is not worth its time."""

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

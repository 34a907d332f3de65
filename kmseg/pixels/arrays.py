"""Types of the arrays that compiled loops take: element type and number of axes.

NumPy's types do not count axes, so a checker sees the element type only and the name tells the rest: a *vector* has
one axis, a *plane* two, rows first, an *image* three, the last of which is red, green, blue. An image or plane "in one
line" is a vector: pixel after pixel, row after row.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Integer: TypeAlias = int | np.integer[Any]
"""A whole number of any width."""

U8Vector: TypeAlias = NDArray[np.uint8]
U8Plane: TypeAlias = NDArray[np.uint8]
U8Image: TypeAlias = NDArray[np.uint8]
U16Vector: TypeAlias = NDArray[np.uint16]
U32Vector: TypeAlias = NDArray[np.uint32]
U32Plane: TypeAlias = NDArray[np.uint32]
U32Volume: TypeAlias = NDArray[np.uint32]
I32Vector: TypeAlias = NDArray[np.int32]
I32Plane: TypeAlias = NDArray[np.int32]
I64Vector: TypeAlias = NDArray[np.int64]
I64Plane: TypeAlias = NDArray[np.int64]
F32Vector: TypeAlias = NDArray[np.float32]
F32Plane: TypeAlias = NDArray[np.float32]

UnsignedVector: TypeAlias = NDArray[Any]
"""Unsigned integers of a width that depends on the number of classes; so a checker knows none."""

IntegerVector: TypeAlias = NDArray[np.integer[Any]]
IntegerPlane: TypeAlias = NDArray[np.integer[Any]]
"""Integers of any width."""

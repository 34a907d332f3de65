"""The segmenter as MLflow serves it. MLflow stores this file with the palette and runs it to load the model."""

from __future__ import annotations

import importlib
from typing import Any

import mlflow
import numpy as np
from mlflow.pyfunc import PythonModel, PythonModelContext

from kmseg.images import LabelImage
from kmseg.legends.formats import read_palette


class Segmenter(PythonModel):  # type: ignore[misc]  # MLflow's is not followed
    """Turn label images into index masks with a palette and the masker and color space of the model's config."""

    def load_context(self, context: PythonModelContext) -> None:
        """Read the palette and prepare the masker."""
        masker, space = (_instantiate(context.model_config[part]) for part in ("masker", "color_space"))
        self._palette = read_palette(context.artifacts["palette"])
        self._mask = masker.for_palette(self._palette, space)

    def predict(
        self, context: PythonModelContext, model_input: np.ndarray, params: dict[str, Any] | None = None
    ) -> np.ndarray:
        """Return the index masks `(n, H, W)` of label images `(n, H, W, 3)` uint8 RGB."""
        labels = np.asarray(model_input, np.uint8)
        masks = [self._mask(LabelImage.from_array(label)) for label in labels]
        return np.stack(masks) if masks else np.empty(labels.shape[:3], self._palette.index_dtype)


def _instantiate(part: dict[str, Any]) -> Any:
    """Build a part from its import path and its settings."""
    settings = dict(part)
    module, _, name = settings.pop("_target_").rpartition(".")
    return getattr(importlib.import_module(module), name)(**settings)


mlflow.models.set_model(Segmenter())

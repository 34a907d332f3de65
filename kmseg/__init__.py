"""kmseg finds the legend of colour-coded label images and turns them into masks that a model can train on."""

__version__ = "0.1.0"

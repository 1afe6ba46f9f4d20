"""LiPT: choose the training samples worth keeping, and warm models up for a fraction of the usual cost.

    kept = lipt.select(method="facility-location", fraction=0.1, labels=y, logits=Z, embeddings=E)
    train(X[kept.indices])

Arrays are NumPy's, PyTorch's or anybody's. `lipt.torch` has samplers and pre-training for PyTorch's loops, `lipt.plot`
pictures; both import what they need when they are used.
"""

from __future__ import annotations

import importlib
from typing import Any

from ._errors import Error

__version__ = "0.1.0"

# Where each name lies: imported when it is first asked for, so that `import lipt` costs nothing.
_PLACES = {
    "Estimate": "selection",
    "Selection": "selection",
    "Selector": "selection",
    "Soup": "merging",
    "estimate": "selection",
    "methods": "selection",
    "options": "selection",
    "select": "selection",
    "stability": "selection",
    "magnitude_mask": "merging",
    "plan_shards": "merging",
    "soup": "merging",
    "read_run": "run",
}
_MODULES = ("plot", "torch")

__all__ = ["Error", "__version__", *_PLACES, *_MODULES]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f".{name}", __name__)
    if name not in _PLACES:
        raise AttributeError(f"module 'lipt' has no attribute '{name}'")
    found = getattr(importlib.import_module(f".{_PLACES[name]}", __name__), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)

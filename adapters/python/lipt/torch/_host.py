"""Numbers between PyTorch and NumPy, chance that is a function of its key, and checks that several modules make."""
from __future__ import annotations

from typing import Any

import numpy as np
import torch

from lipt._errors import Error

MOST_SAMPLES = 2**32 - 1  # the core counts samples in 32 bits

_STREAMS = {"order": 0, "hold_out": 1, "shard": 2, "density": 3, "torch": 4}


def host(values: Any) -> np.ndarray:
    """A tensor, array or list as a NumPy array in host memory; half floats as float32. cost: a copy from a device."""
    if isinstance(values, torch.Tensor):
        values = values.detach().cpu()
        return (values.float() if values.dtype in (torch.float16, torch.bfloat16) else values).numpy()
    return np.asarray(values)


def indices_below(values: Any, count: int, what: str) -> np.ndarray:
    """Indices of samples as int64. shapes: result (B). errors: Y25 no whole numbers, or one outside 0..count-1"""
    given = host(values)
    if given.size == 0:
        given = given.astype(np.int64)
    if given.ndim == 0:
        given = given.reshape(1)
    if given.ndim != 1 or given.dtype.kind not in "iu":
        raise Error(f"[LIPT-Y25] {what}: indices of shape {given.shape} and type {given.dtype}, expected whole numbers "
                    "in one dimension: give the samples' positions in the data set")
    outside = np.flatnonzero((given < 0) | (given >= count))
    if outside.size:
        raise Error(f"[LIPT-Y25] {what}: index {given[outside[0]]}, expected 0 to {count - 1}: give the samples' "
                    "positions in the data set")
    return given.astype(np.int64)


def beside(indices: Any, values: np.ndarray) -> torch.Tensor:
    """The values as a tensor on the device of the indices, or on the host where those are no tensor."""
    made = torch.from_numpy(np.ascontiguousarray(values))
    return made.to(indices.device) if isinstance(indices, torch.Tensor) else made


def whole(value: Any, name: str, what: str, least: int = 0, most: int = 2**64 - 1, code: str = "Y21") -> int:
    """A whole number within its range. errors: `code`"""
    if isinstance(value, bool) or not hasattr(value, "__index__") or not least <= value.__index__() <= most:
        raise Error(f"[LIPT-{code}] {what}: {name} is {value!r}, expected a whole number from {least} to {most}")
    return int(value.__index__())


def random_bits(stream: str, seed: int, number: int, count: int, part: int = 0) -> np.ndarray:
    """Random uint64, a function of all arguments: Philox's raw output, which no version of NumPy changes."""
    key = np.array([seed, number], np.uint64)
    counter = np.array([0, 0, part, _STREAMS[stream]], np.uint64)
    return np.random.Philox(key=key, counter=counter).random_raw(count)


def shuffled(values: np.ndarray, stream: str, seed: int, number: int, part: int = 0) -> np.ndarray:
    """The values in an order that is a function of the other arguments. cost: O(n log n), 16 bytes a value."""
    return values[np.argsort(random_bits(stream, seed, number, len(values), part), kind="stable")]


def device_of(model: torch.nn.Module) -> torch.device:
    """Where the model's first parameter is, or its first buffer; the host where it has neither."""
    for tensor in (*model.parameters(), *model.buffers()):
        return tensor.device
    return torch.device("cpu")


def is_at(model: torch.nn.Module, device: torch.device) -> bool:
    """Whether the model is on a device; "cuda" without a number is whichever it is on."""
    where = device_of(model)
    return where.type == device.type and device.index in (None, where.index)


def moved(batch: Any, device: torch.device) -> Any:
    """A batch with all its tensors on a device: tensors, and lists, tuples and dictionaries of such."""
    if isinstance(batch, torch.Tensor):
        return batch.to(device)
    if isinstance(batch, dict):
        return {key: moved(value, device) for key, value in batch.items()}
    if isinstance(batch, tuple) and hasattr(batch, "_fields"):
        return type(batch)(*(moved(value, device) for value in batch))
    if isinstance(batch, (list, tuple)):
        return type(batch)(moved(value, device) for value in batch)
    return batch

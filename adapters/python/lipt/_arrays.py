"""Anybody's arrays as what the compiled core reads: an address, a type, a shape and strides; no copy where that will do.

NumPy arrays, PyTorch tensors (also of a GPU), anything with DLPack, the buffer protocol or __array__, data frames and
columns of pandas, Polars and Arrow, lists of numbers, and paths of files.
"""

from __future__ import annotations

import os
from typing import Any, NamedTuple

from ._errors import Error

_TYPES = frozenset(
    "float16 float32 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64".split()
)


class Given(NamedTuple):
    """An array as the core takes it, what must live as long as the call, and what there is to say of it."""

    array: Any = None
    keep: Any = None
    notice: str = ""


def _refuse(name: str, what: str, mend: str) -> Error:
    return Error(f"[LIPT-Y02] arrays: {name} is {what}: {mend}")


def _module_of(value: Any) -> str:
    return type(value).__module__.partition(".")[0]


def _from_torch(value: Any, name: str) -> tuple[Any, str, str]:
    """A tensor's memory as a NumPy array: (array, type, notice). One of a GPU is copied to the host once."""
    import torch

    notice = ""
    if value.layout is not torch.strided:
        raise _refuse(name, f"a tensor of layout {value.layout}", "give a dense one, tensor.to_dense()")
    if value.device.type == "meta":
        raise _refuse(name, "a tensor on the device meta, which has no numbers", "give one with values")
    tensor = value.detach()
    if tensor.device.type != "cpu":
        notice = f"{name} was copied from {tensor.device} to the host"
        tensor = tensor.cpu()
    tensor = tensor.resolve_conj().resolve_neg()
    if tensor.dtype is torch.bfloat16:
        return tensor.view(torch.int16).numpy(), "bfloat16", notice
    if tensor.dtype.is_complex or tensor.is_quantized:
        raise _refuse(name, f"a tensor of {tensor.dtype}", "give real numbers")
    return tensor.numpy(), "", notice


def _missing(position: int, name: str) -> Error:
    return _refuse(name, f"without a value in row {position}", "fill it in, or leave that row out of all arrays")


def _from_pandas(value: Any, name: str) -> Any:
    import numpy as np

    if value.ndim == 2:
        for column in value.columns:
            kind = getattr(value[column].dtype, "kind", "O")
            if kind not in "iufb":
                raise _refuse(
                    name, f"a data frame whose column {column!r} holds {value[column].dtype}", "leave that column out"
                )
        empty = value.isna().to_numpy().any(axis=1)
        if empty.any():
            raise _missing(int(empty.argmax()), name)
        return value.to_numpy()
    empty = value.isna().to_numpy()
    if empty.any():
        raise _missing(int(empty.argmax()), name)
    return np.asarray(value.to_numpy() if value.dtype != "Int64" else value.to_numpy(dtype="int64"))


def _from_polars(value: Any, name: str) -> Any:
    series = value.get_columns() if hasattr(value, "get_columns") else [value]
    for column in series:
        if column.null_count():
            raise _missing(int(column.is_null().arg_max()), name)
    return value.to_numpy()


def _from_arrow(value: Any, name: str) -> Any:
    import numpy as np

    if hasattr(value, "column_names"):
        return np.column_stack([_from_arrow(value.column(i), name) for i in range(value.num_columns)])
    if value.null_count:
        raise _missing(int(np.asarray(value.is_null()).argmax()), name)
    if hasattr(value, "num_chunks"):
        return value.to_numpy()
    return value.to_numpy(zero_copy_only=False)


def _from_dlpack(value: Any, name: str) -> Any:
    import numpy as np

    device, number = value.__dlpack_device__()
    if device not in (1, 3, 11, 13):  # memory that the host reads
        if hasattr(value, "get"):  # CuPy
            return value.get()
        raise _refuse(
            name, f"an array of {type(value).__qualname__} on the device ({int(device)}, {number})", "copy it to the host"
        )
    try:
        return np.from_dlpack(value)
    except (BufferError, RuntimeError, TypeError, AttributeError):
        return np.asarray(value)


def _as_numpy(value: Any, name: str) -> tuple[Any, str, str]:
    """(array, type where that is none of NumPy's, notice)."""
    import numpy as np

    if isinstance(value, np.ndarray):
        if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
            raise _refuse(name, "masked in places", "fill the gaps, or leave those rows out")
        return np.asarray(value), "", ""
    module = _module_of(value)
    if module == "torch" and hasattr(value, "detach"):
        return _from_torch(value, name)
    if module == "pandas" and hasattr(value, "isna"):
        return _from_pandas(value, name), "", ""
    if module == "polars":
        return _from_polars(value, name), "", ""
    if module == "pyarrow":
        return _from_arrow(value, name), "", ""
    if hasattr(value, "__dlpack__"):
        return _from_dlpack(value, name), "", ""
    try:
        return np.asarray(value), "", ""
    except (ValueError, TypeError) as why:
        raise _refuse(name, f"a {type(value).__qualname__} that is no array ({why})", "give numbers of one shape") from None


def as_numpy(value: Any, name: str) -> Any:
    """The array behind a value, of whatever type: as NumPy has it."""
    return _as_numpy(value, name)[0]


def as_input(value: Any, name: str) -> Given:
    """What the core takes of a value. errors: Y02 a type, device or layout that it does not read"""
    if value is None:
        return Given()
    if isinstance(value, (str, os.PathLike)):
        path = os.fsdecode(os.fspath(value))
        try:
            path.encode()
        except UnicodeError:
            raise Error(f"[LIPT-Y05] arrays: {name} is {path!r}, a path that is no text: rename the file") from None
        return Given(path)
    array, kind, notice = _as_numpy(value, name)
    if not kind and array.dtype.name == "bfloat16":  # of ml_dtypes
        array, kind = array.view("uint16"), "bfloat16"
    if array.dtype.kind == "b":
        array = array.view("uint8")
    if not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
        notice = notice or f"{name} was copied, since its bytes are in the other order"
    kind = kind or array.dtype.name
    if kind != "bfloat16" and kind not in _TYPES:
        raise _refuse(name, f"an array of {array.dtype}", "give numbers, such as float32 or int64")
    address = array.__array_interface__["data"][0]
    return Given((address, kind, tuple(array.shape), tuple(array.strides)), array, notice)

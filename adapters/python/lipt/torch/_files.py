"""Safetensors files of state dicts as LiPT's programs write them, read and written without another package."""
from __future__ import annotations

import json
import os
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lipt._errors import Error

_TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "<i1", "U64": "<u8",
          "U32": "<u4", "U16": "<u2", "U8": "<u1", "BOOL": "?"}
_LIMIT = 100_000_000  # bytes of a header


def read(path: str | os.PathLike) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Tensors in the order of their bytes, and the metadata. errors: Y33 no such file, or no whole safetensors file"""
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as failure:
        raise Error(f"[LIPT-Y33] networks: '{path}' cannot be read: {failure.strerror}") from None
    try:
        length = struct.unpack_from("<Q", data)[0]
        if length > min(_LIMIT, len(data) - 8):
            raise ValueError("its header is cut off")
        head = json.loads(data[8:8 + length])
        metadata = head.pop("__metadata__", {})
        body, end, tensors = memoryview(data)[8 + length:], 0, {}
        for name, entry in sorted(head.items(), key=lambda item: item[1]["data_offsets"]):
            begin, end_here = entry["data_offsets"]
            if begin != end:
                raise ValueError(f"tensor '{name}' does not follow the one before it")
            kind = np.dtype(_TYPES[entry["dtype"]])
            tensors[name] = np.frombuffer(body[begin:end_here], kind).reshape(entry["shape"]).copy()
            end = end_here
        if end != len(body):
            raise ValueError("its tensors end before the file, or behind it")
        return tensors, metadata
    except (struct.error, ValueError, KeyError, TypeError, AttributeError) as failure:
        raise Error(f"[LIPT-Y33] networks: '{path}' is no whole safetensors file ({failure}): take a whole "
                    "copy") from None


def write(path: str | os.PathLike, tensors: Mapping[str, np.ndarray], metadata: Mapping[str, str]) -> None:
    """Float32 tensors, byte for byte as LiPT's programs write them; whole or not at all, by a temporary name."""
    head: dict[str, Any] = {}
    path, end = Path(path), 0
    if metadata:
        head["__metadata__"] = {key: metadata[key] for key in sorted(metadata)}
    for name, values in tensors.items():
        head[name] = {"dtype": "F32", "shape": list(values.shape), "data_offsets": [end, end + values.nbytes]}
        end += values.nbytes
    text = json.dumps(head, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as file:
            file.writelines([struct.pack("<Q", len(text)), text])
            for values in tensors.values():
                file.write(np.ascontiguousarray(values, "<f4").tobytes())
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)

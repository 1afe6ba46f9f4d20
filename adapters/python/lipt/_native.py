"""The compiled core for this processor: a wheel has one for any, and one for those with AVX2 and FMA."""

from __future__ import annotations

import importlib.util
from typing import Any

_V3 = {"abm", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe"}


def _processor_flags() -> set[str]:
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
            for line in file:
                if line.startswith("flags"):
                    return set(line.partition(":")[2].split())
    except OSError:
        pass
    return set()


def _load() -> Any:
    if importlib.util.find_spec("lipt._core_v3") is not None and _V3 <= _processor_flags():
        return importlib.import_module("lipt._core_v3")
    return importlib.import_module("lipt._core")


core = _load()

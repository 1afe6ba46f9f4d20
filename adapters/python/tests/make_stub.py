"""Writes lipt/selection.pyi from the signatures of the built package: PYTHONPATH=<build>/python python3 tests/make_stub.py

A test holds the file against what this prints.
"""

import inspect
import sys

import lipt
from lipt import selection

HEAD = '''"""Made by make_stub.py from the descriptions of the methods' options."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Array = Any
Path = str | os.PathLike[str]

class Selection:
    indices: npt.NDArray[np.int64]
    weights: npt.NDArray[np.float32] | None
    scores: npt.NDArray[np.float32] | None
    report: dict[str, Any]
    classes: list[Any] | None
    ids: list[Any] | None
    def __init__(
        self,
        indices: Any,
        weights: Any = None,
        scores: Any = None,
        report: Mapping[str, Any] | None = None,
        classes: list[Any] | None = None,
        ids: list[Any] | None = None,
    ) -> None: ...
    @property
    def notices(self) -> list[str]: ...
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[int]: ...

class Estimate:
    method: str
    budget: str
    kept: int
    samples: int
    classes: int
    largest_pool: int
    similarities: str
    known: bool
    bytes: float
    machine_bytes: float
    threads: int
    seconds: float | None
    def __init__(self, found: Mapping[str, Any]) -> None: ...

class Selector:
    method: str
    arguments: dict[str, Any]
    selection_: Selection
    indices_: npt.NDArray[np.int64]
    weights_: npt.NDArray[np.float32] | None
    ranking_: npt.NDArray[np.int64]
    def __init__(self, method: str = "k-center", **arguments: Any) -> None: ...
    def get_params(self, deep: bool = True) -> dict[str, Any]: ...
    def set_params(self, **parameters: Any) -> Selector: ...
    def fit(self, X: Any, y: Any = None) -> Selector: ...
    def transform(self, X: Any) -> Any: ...
    def fit_transform(self, X: Any, y: Any = None) -> Any: ...

def methods() -> list[dict[str, Any]]: ...
def options() -> list[dict[str, Any]]: ...
def stability(selections: Iterable[Any], samples: int | None = None) -> list[dict[str, Any]]: ...
'''


def text_of(function) -> str:
    words = {one["name"].replace("-", "_"): one["words"] for one in lipt.options()}
    lines = [f"def {function.__name__}(", "    *,"]
    for parameter in inspect.signature(function).parameters.values():
        annotation = parameter.annotation
        if words.get(parameter.name):
            annotation = "Literal[" + ", ".join(f'"{word}"' for word in words[parameter.name]) + "]"
        default = f'"{parameter.default}"' if isinstance(parameter.default, str) else repr(parameter.default)
        lines.append(f"    {parameter.name}: {annotation} = {default},")
    return "\n".join([*lines, f") -> {inspect.signature(function).return_annotation}: ..."])


def main() -> None:
    sys.stdout.write(HEAD + text_of(selection.select) + "\n" + text_of(selection.estimate) + "\n")


if __name__ == "__main__":
    main()

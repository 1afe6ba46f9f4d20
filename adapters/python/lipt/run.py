"""What a run of LiPT left in its directory: results, costs, the subset and the files."""
from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from lipt._errors import Error

__all__ = ["Run", "read_run"]


@dataclass(frozen=True)
class Run:
    """One run directory as it was read; what a run has not made yet is None, or empty.

    config: the resolved settings and where they came from (config.json); result: result.json; costs: one dictionary a
    stage, with name, wall_s, cpu_s, samples_read, forward, backward, bytes_to_workers, bytes_from_workers, peak_mib;
    metrics: one dictionary a line of metrics.jsonl; subset: kept samples by their number in the whole training set, in
    class order, then pick order; weights: of those, scores: of all samples; soup: soup.json; files: paths by their
    names in the directory, e.g. "soup.safetensors" or "workers/00.json"
    shapes: subset (k) int64, weights (k), scores (N)
    """

    folder: Path
    config: dict[str, Any]
    result: dict[str, Any] | None
    costs: list[dict[str, Any]]
    metrics: list[dict[str, Any]]
    subset: np.ndarray | None
    weights: np.ndarray | None
    scores: np.ndarray | None
    soup: dict[str, Any] | None
    files: dict[str, Path] = field(repr=False)

    @property
    def name(self) -> str:
        """Its label in reports, or the directory's name."""
        return (self.result or {}).get("name") or self.folder.name

    @property
    def accuracy(self) -> float | None:
        """Final test accuracy, 0 to 1."""
        return ((self.result or {}).get("accuracy") or {}).get("final")

    def cost(self, key: str = "wall_s", stages: tuple[str, ...] | None = None) -> float:
        """One cost, added over these stages or over all."""
        return sum(stage.get(key, 0) for stage in self.costs if stages is None or stage.get("name") in stages)


def read_run(directory: str | os.PathLike) -> Run:
    """Reads a run directory, finished or under way; arrays are mapped, not copied.

    errors: Y50 no run directory, Y51 a file in it is damaged (names it). cost: the JSON files and the headers of arrays
    """
    folder = Path(directory)
    if not (folder / "config.json").is_file():
        raise Error(f"[LIPT-Y50] read_run: '{folder}' has no config.json: give the directory that `lipt run --out` "
                    "made")
    result, metrics = _json(folder / "result.json"), _lines(folder / "metrics.jsonl")
    costs = result["stages"] if result and "stages" in result else _stages(metrics)
    subset, weights, scores = (_array(folder / f"{name}.npy") for name in ("subset", "weights", "scores"))
    return Run(folder, _json(folder / "config.json") or {}, result, costs, metrics, subset, weights, scores,
               _json(folder / "soup.json"), _files(folder))


def _stages(metrics: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The costs that a run under way has noted, of each stage the last line."""
    found = {line.get("name", line.get("stage")): line for line in metrics if line.get("event") == "stage"}
    return [{**{key: value for key, value in line.items() if key != "event"}, "name": name}
            for name, line in found.items()]


def _json(path: Path) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(found, dict):
            raise ValueError("it is no object")
        return found
    except ValueError as failure:
        raise _damaged(path, failure) from None


def _lines(path: Path) -> list[dict[str, Any]]:
    """Lines of JSON; one that a running process has not finished is passed over."""
    if not path.is_file():
        return []
    lines = path.read_text(encoding="utf-8").split("\n")
    found = []
    for number, line in enumerate(lines[:-1]):
        try:
            found.append(json.loads(line))
        except ValueError as failure:
            raise _damaged(path, ValueError(f"line {number + 1}: {failure}")) from None
    return found


def _array(path: Path) -> np.ndarray | None:
    if not path.is_file():
        return None
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError) as failure:
        raise _damaged(path, failure) from None


def _damaged(path: Path, failure: Exception) -> Error:
    return Error(f"[LIPT-Y51] read_run: '{path}' is damaged ({failure}): delete it, and `lipt run` makes it again; "
                 "config.json needs a new run")


def _files(folder: Path) -> dict[str, Path]:
    """All files but the lock and what a killed process left half written."""
    return {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*"))
            if path.is_file() and not path.name.startswith(".")}

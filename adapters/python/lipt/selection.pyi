"""Made by make_stub.py from the descriptions of the methods' options."""

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
def select(
    *,
    method: str = "gradmatch",
    labels: Any = None,
    logits: Any = None,
    embeddings: Any = None,
    residuals: Any = None,
    scores: Any = None,
    validation: Mapping[str, Any] | None = None,
    last_layer: Any = None,
    fraction: float | None = None,
    count: int | None = None,
    balanced: bool = True,
    at_least_one: bool = False,
    raw_weights: bool = False,
    seed: int = 0,
    epoch: int = 0,
    memory: int = 512,
    threads: int = 0,
    device: str = "cpu",
    state: str | os.PathLike[str] | None = None,
    ids: Iterable[Any] | None = None,
    progress: Callable[[int, int], object] | None = None,
    gradmatch_ridge: float = 1.0,
    gradmatch_batch: int = 128,
    gradmatch_weights: Literal["nonnegative", "ridge"] = "nonnegative",
    glister_learning_rate: float = 0.1,
    glister_rounds: int = 15,
    greedy: Literal["naive", "lazy", "stochastic"] = "lazy",
    greedy_epsilon: float = 0.01,
    similarity: Literal["gradients", "embeddings"] = "gradients",
    similarities: Literal["recomputed", "sparse"] = "recomputed",
    neighbours: int = 64,
    graph_cut_lambda: float = 1.0,
    log_determinant_ridge: float = 1e-06,
    cal_neighbours: int = 10,
    gist_lambda: float = 1.0,
    gist_epsilon: float = 0.05,
    zcore_draws: int = 0,
    zcore_dimensions: int = 2,
    zcore_neighbours: int = 1000,
    zcore_exponent: int = 4,
    prototypes: int = 0,
    prototype_rounds: int = 20,
    semdedup_threshold: float = 0.95,
    semdedup_clusters: int = 0,
    semdedup_rounds: int = 20,
    sampler: Literal["top-k", "ccs", "d2", "beta"] = "top-k",
    ccs_cutoff: float = 0.3,
    ccs_strata: int = 50,
    d2_neighbours: int = 5,
    d2_forward: float = 1.0,
    d2_reverse: float = 0.5,
    d2_unit: float = 0.0,
    beta_concentration: float = 16.0,
    beta_exponent: float = 4.0,
) -> Selection: ...
def estimate(
    *,
    method: str = "gradmatch",
    labels: Any = None,
    logits: Any = None,
    embeddings: Any = None,
    residuals: Any = None,
    scores: Any = None,
    validation: Mapping[str, Any] | None = None,
    last_layer: Any = None,
    fraction: float | None = None,
    count: int | None = None,
    balanced: bool = True,
    at_least_one: bool = False,
    raw_weights: bool = False,
    seed: int = 0,
    epoch: int = 0,
    memory: int = 512,
    threads: int = 0,
    device: str = "cpu",
    gradmatch_ridge: float = 1.0,
    gradmatch_batch: int = 128,
    gradmatch_weights: Literal["nonnegative", "ridge"] = "nonnegative",
    glister_learning_rate: float = 0.1,
    glister_rounds: int = 15,
    greedy: Literal["naive", "lazy", "stochastic"] = "lazy",
    greedy_epsilon: float = 0.01,
    similarity: Literal["gradients", "embeddings"] = "gradients",
    similarities: Literal["recomputed", "sparse"] = "recomputed",
    neighbours: int = 64,
    graph_cut_lambda: float = 1.0,
    log_determinant_ridge: float = 1e-06,
    cal_neighbours: int = 10,
    gist_lambda: float = 1.0,
    gist_epsilon: float = 0.05,
    zcore_draws: int = 0,
    zcore_dimensions: int = 2,
    zcore_neighbours: int = 1000,
    zcore_exponent: int = 4,
    prototypes: int = 0,
    prototype_rounds: int = 20,
    semdedup_threshold: float = 0.95,
    semdedup_clusters: int = 0,
    semdedup_rounds: int = 20,
    sampler: Literal["top-k", "ccs", "d2", "beta"] = "top-k",
    ccs_cutoff: float = 0.3,
    ccs_strata: int = 50,
    d2_neighbours: int = 5,
    d2_forward: float = 1.0,
    d2_reverse: float = 0.5,
    d2_unit: float = 0.0,
    beta_concentration: float = 16.0,
    beta_exponent: float = 4.0,
) -> Estimate: ...

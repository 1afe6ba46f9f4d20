"""Soups, magnitude masks and shard plans for state dicts of NumPy or PyTorch, and for safetensors files."""

from __future__ import annotations

import os
import warnings
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ._arrays import as_input
from ._errors import Error
from ._native import core as _core

__all__ = ["Soup", "magnitude_mask", "plan_shards", "soup"]

StateDict = Mapping[str, Any]


@dataclass(repr=False)
class Soup:
    """A merged model and how it came about.

    `weights`: the state dict, as the first ingredient has it; `load_state_dict` takes it. None where `out` was given.
    `score`: of the merged model; NaN where no score was asked for. `evaluations`: how often the score was called.
    `ingredients`: in the order in which they were tried, each a dict of `ingredient` (its place in the list),
    `score_alone`, `alpha` (its share), `before`, `after`, `kept` and `reason`.
    `trials`: (ingredient, alpha, score) of every evaluation of a greedy soup; alpha is 1 of an ingredient alone.
    """

    weights: dict[str, Any] | None
    score: float
    evaluations: int
    ingredients: list[dict[str, Any]]
    trials: list[tuple[int, float, float]]
    method: str
    path: str | None = None
    kept: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.kept = sorted(one["ingredient"] for one in self.ingredients if one["kept"])

    def __repr__(self) -> str:
        place = f"in {self.path!r}" if self.weights is None else f"of {len(self.weights)} tensors"
        score = "" if np.isnan(self.score) else f", score {self.score:.6g}"
        return f"<Soup by {self.method} {place}, {len(self.kept)} of {len(self.ingredients)} ingredients{score}>"


def soup(models: Sequence[StateDict | str | os.PathLike[str]], score: Callable[[dict[str, Any]], float] | None = None,
         method: str = "greedy", search: str = "golden", points: int = 4, *,
         base: StateDict | str | os.PathLike[str] | None = None, density: float = 0.2, scale: float = 1.0,
         out: str | os.PathLike[str] | None = None) -> Soup:
    """Merge models of one architecture into one.

    models: state dicts of NumPy arrays or PyTorch tensors, which are left as they are, or paths of safetensors files.
        Tensors are matched by name and must agree in type and shape; all are merged in their own type.
    score: called with a state dict, returns a number, higher is better; NaN never wins. The greedy method needs it.
    method: "greedy" (the best alone first, then each other where it improves the score), "uniform" (the mean),
        "stock" (Jang 2024) or "ties" (Yadav 2023); the last two need `base`, what all models were trained from.
    search, points: how greedy looks for an ingredient's share: "golden" or "grid" with that many evaluations of the
        score each, or "equal", the running mean, with one.
    density, scale: for ties, the share of each model's changes that counts, and the factor of the merged change.
    out: a safetensors file to write instead of returning weights; files are then merged tensor by tensor.

    Whole numbers of shape (), such as num_batches_tracked, become the largest of what was merged; other whole numbers
    and booleans must be equal in all. Names such as module.fc.weight are kept where all models have them.
    """
    if isinstance(models, Mapping) or isinstance(models, (str, os.PathLike)):
        raise Error("[LIPT-Y40] soup: models is a single one, expected a list of state dicts or of paths")
    given, kept = [], []
    models = list(models)
    for number, model in enumerate(models):
        given.append(_tensors_of(model, f"models[{number}]", kept))
    like = models[0] if models and isinstance(models[0], Mapping) else {}
    ground = None if base is None else _tensors_of(base, "base", kept)
    answer = None if score is None else lambda tensors: _number(score(_state_dict(tensors, like)))
    path = None if out is None else os.fspath(out)
    _require_other_file(path, models)
    made = _core.soup(models=given, score=answer, base=ground, method=str(method), search=str(search),
                      points=_whole("points", points), density=_real("density", density), scale=_real("scale", scale),
                      out=path or "")
    weights = None if path else _state_dict(made.pop("weights"), like)
    made.pop("weights", None)
    return Soup(weights=weights, method=method, path=path, **made)


def _require_other_file(out: str | None, models: Sequence[Any]) -> None:
    """That the soup writes over none of its ingredients. errors: U31"""
    for model in models if out is not None else ():
        if isinstance(model, (str, os.PathLike)) and os.path.realpath(model) == os.path.realpath(out):
            raise Error(f"[LIPT-U31] soup: out is '{out}', which is one of the models: give it a file of its own")


def magnitude_mask(state_dict: StateDict | str | os.PathLike[str], *, density: float | tuple[float, float],
                   scope: str = "global", seed: int = 0, worker: int = 0,
                   prunable: Sequence[str] | None = None) -> dict[str, Any]:
    """Say which weights one-shot pruning keeps: the largest by magnitude.

    density: the share that is kept, or a pair between which it is drawn from `seed` and `worker`, as LiPT's workers do.
    scope: "global", where all prunable weights compete, or "per-layer", where each tensor keeps its own share.
    prunable: names of the tensors to prune; without it all floating-point tensors of two dimensions or more.

    Returns boolean arrays or tensors by name, of the pruned tensors alone: `for name, keep in mask.items():
    state_dict[name] *= keep`. Warns of tensors of which nothing is kept.
    """
    kept: list[Any] = []
    given = _tensors_of(state_dict, "state_dict", kept)
    low, high = density if isinstance(density, (tuple, list)) and len(density) == 2 else (density, density)
    names = None if prunable is None else [str(name) for name in prunable]
    tensors, _, emptied = _core.magnitude_mask(given, _real("density", low), _real("density", high), str(scope),
                                               _whole("seed", seed), _whole("worker", worker, 32), names)
    if emptied:
        warnings.warn(f"nothing is kept of {', '.join(emptied)}: raise the density, or take scope='per-layer'",
                      stacklevel=2)
    return _state_dict(tensors, state_dict if isinstance(state_dict, Mapping) else {}, plain=True)


def plan_shards(labels: Any, *, workers: int = 10, minibatches: int = 1, batch_size: int = 256,
                stratified: bool = True, seed: int = 0) -> list[np.ndarray]:
    """Draw disjoint shards of minibatches * batch_size samples for each worker.

    labels: of all samples, whole numbers or strings; or the number of samples, which are then drawn at random.
    stratified: every shard has the classes' shares.

    Returns an int64 array of places in `labels` for each worker, the same for the same seed everywhere.
    """
    settings = {"workers": _whole("workers", workers), "minibatches": _whole("minibatches", minibatches),
                "batch_size": _whole("batch_size", batch_size), "seed": _whole("seed", seed)}
    if isinstance(labels, (int, np.integer)) and not isinstance(labels, bool):
        if labels < 0:
            raise Error(f"[LIPT-Y46] plan_shards: {labels} samples, expected their number or the label of each")
        return _core.plan_shards(int(labels), stratified=False, **settings)
    values = np.asarray(_on_host(labels) if _is_torch(labels) else labels)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1 or values.dtype.kind not in "iubUSO":
        raise Error(f"[LIPT-Y46] plan_shards: labels are {values.dtype} of shape {values.shape}, "
                    "expected (N) whole numbers or strings, one a sample")
    if values.dtype.kind in "USO":
        values = np.unique(values, return_inverse=True)[1]
    values = np.ascontiguousarray(values, dtype=np.int64)
    given = (values.ctypes.data, "int64", values.shape, values.strides)
    return _core.plan_shards(given, stratified=bool(stratified), **settings)


def _is_torch(value: Any) -> bool:
    """True of a tensor of PyTorch's, without importing it."""
    return any(base.__module__ == "torch" and base.__name__ == "Tensor" for base in type(value).__mro__)


def _on_host(tensor: Any) -> Any:
    """The tensor without its history, in the processor's memory."""
    return tensor.detach().cpu()


def _tensors_of(model: StateDict | str | os.PathLike[str], name: str, kept: list[Any]) -> Any:
    """The model as the compiled core reads it; what must live meanwhile is added to `kept`."""
    if isinstance(model, (str, os.PathLike)):
        return os.fspath(model)
    if not isinstance(model, Mapping):
        hint = f"give {name}.state_dict()" if hasattr(model, "state_dict") else "give a dict of tensors by name"
        raise Error(f"[LIPT-Y40] {name} is a {type(model).__name__}, expected a state dict or a path: {hint}")
    for key, value in model.items():
        if isinstance(value, Mapping):
            raise Error(f"[LIPT-Y42] {name} is a checkpoint whose {key!r} holds a dict of its own, expected tensors by "
                        f"name: give {name}[{key!r}]")
    return [(str(key), *_tensor_of(value, f"{name}[{key!r}]", kept)) for key, value in model.items()]


def _tensor_of(value: Any, name: str, kept: list[Any]) -> tuple[Any, bool]:
    """(what as_input makes of it, whether it is boolean)."""
    if _is_torch(value):
        value = _on_host(value)
        if value.is_sparse or value.is_quantized or value.is_complex():
            raise Error(f"[LIPT-Y41] {name} is {value.dtype}, {value.layout}: only dense tensors of real or whole "
                        "numbers are merged, so convert it or leave it out of all models")
        torch = _torch()
        boolean = value.dtype == torch.bool
        value = value.view(torch.uint8) if boolean else value
    elif hasattr(value, "__array__") or hasattr(value, "__dlpack__"):
        array = value if isinstance(value, np.ndarray) else np.asarray(value)
        boolean = array.dtype == np.bool_
        value = array.view(np.uint8) if boolean else array
        if array.dtype.kind in "cOUSMm":
            raise Error(f"[LIPT-Y41] {name} is {array.dtype}: only real and whole numbers are merged, so leave it out "
                        "of all models")
    else:
        raise Error(f"[LIPT-Y41] {name} is a {type(value).__name__}, expected an array or tensor: leave it out of all "
                    "models")
    answer = as_input(value, name)
    kept.append((value, answer.keep))
    return answer.array, boolean


def _state_dict(tensors: list[tuple[str, str, tuple[int, ...], np.ndarray]], like: StateDict,
                plain: bool = False) -> dict[str, Any]:
    """A state dict of what the compiled core made, each tensor of the kind that `like` has under its name."""
    made: dict[int, Any] = {}
    metadata = getattr(like, "_metadata", None)
    result: dict[str, Any] = OrderedDict() if isinstance(like, OrderedDict) and not plain else {}
    for name, kind, shape, content in tensors:
        if id(content) not in made:
            made[id(content)] = _tensor_like(like.get(name), name, kind, tuple(shape), content)
        result[name] = made[id(content)]
    if metadata is not None and not plain:
        result._metadata = metadata.copy()  # versions of modules, which load_state_dict looks at
    return result


def _tensor_like(template: Any, name: str, kind: str, shape: tuple[int, ...], content: np.ndarray) -> Any:
    """An array or a tensor over those bytes, which it owns."""
    if _is_torch(template):
        torch = _torch()
        if content.size == 0:
            return torch.empty(shape, dtype=getattr(torch, kind), device=template.device)
        tensor = torch.from_numpy(content).view(getattr(torch, kind)).reshape(shape)
        return tensor.to(template.device)
    if kind != "bfloat16":
        return content.view(np.dtype(kind)).reshape(shape)
    dtype = getattr(template, "dtype", None)
    if dtype is None or getattr(dtype, "itemsize", 0) != 2:
        try:
            from ml_dtypes import bfloat16 as dtype
        except ImportError:
            raise Error(f"[LIPT-Y44] {name} is bfloat16, which NumPy does not have: install ml_dtypes, or give out= "
                        "for a file") from None
    return content.view(dtype).reshape(shape)


def _whole(name: str, value: Any, bits: int = 64) -> int:
    """A setting that is a whole number of 0 or more. errors: Y45"""
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool) and 0 <= int(value) < 2**bits:
        return int(value)
    raise Error(f"[LIPT-Y45] {name} is {value!r}, expected a whole number from 0 to 2^{bits} - 1")


def _real(name: str, value: Any) -> float:
    """A setting that is a number. errors: Y45"""
    try:
        return float(value)
    except (TypeError, ValueError):
        raise Error(f"[LIPT-Y45] {name} is {value!r}, expected a number") from None


def _number(value: Any) -> float:
    """What the caller's score returned."""
    try:
        return float(value)
    except (TypeError, ValueError):
        raise Error(f"[LIPT-Y43] soup: score returned {type(value).__name__}, expected a number, higher is better"
                    ) from None


def _torch() -> Any:
    import torch

    return torch

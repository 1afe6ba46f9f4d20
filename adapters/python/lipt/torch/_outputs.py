"""One pass of a model over a data set: logits, embeddings and labels in the data set's order."""
from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.utils.data import BatchSampler, DataLoader, IterableDataset, SequentialSampler

from lipt._errors import Error
from lipt.torch._host import device_of, host, is_at, moved


@dataclass(frozen=True)
class Outputs:
    """What a model says of N samples; ``lipt.select(method=..., fraction=..., **outputs)`` takes it as it is.

    shapes: logits (N,C), embeddings (N,E) float32, labels (N) int64 or None; arrays, or maps of the files
    """

    logits: np.ndarray
    embeddings: np.ndarray
    labels: np.ndarray | None

    def keys(self) -> list[str]:
        return ["logits", "embeddings"] + (["labels"] if self.labels is not None else [])

    def __getitem__(self, name: str) -> np.ndarray:
        return getattr(self, name)


def outputs(model: nn.Module, loader: DataLoader, layer: str | nn.Module | None = None,
            device: str | torch.device | None = None, to: str | os.PathLike | None = None, *,
            forward: Callable[[nn.Module, Any], torch.Tensor] | None = None,
            labels: Callable[[Any], Any] | bool | None = None) -> Outputs:
    """Logits, embeddings (the input of the last linear layer) and labels of all samples, in the data set's order.

    The model runs in evaluation mode and without gradients; every module's mode is as before afterwards, also after an
    exception, and no hook stays.

    loader: a DataLoader of a data set with a length, without shuffling, sampler or drop_last
    layer: the layer whose input is the embedding, or its name; by default the linear layer that gives the logits
    device: where to compute, on a copy of the model if that is elsewhere; by default where the model is
    to: a folder for logits.npy, embeddings.npy and labels.npy, which are then mapped into memory
    forward: ``forward(model, batch)`` gives the logits; by default ``model(batch)`` or ``model(batch[0])``
    labels: ``labels(batch)`` gives them; by default ``batch[1]`` where there is one; False: there are none
    shapes: result logits (N,C), embeddings (N,E), labels (N)
    errors: Y27 a loader that does not go through the data set in order, Y28 no layer that surely is the classifier,
    Y29 a batch, labels or outputs of another shape than expected
    cost: one forward pass; memory the result, or with `to` one batch
    """
    count = _samples_in_order(loader)
    model, layer = _plain(model, layer)
    at = device_of(model) if device is None else torch.device(device)
    if not is_at(model, at):
        name = _name_of(model, layer) if isinstance(layer, nn.Module) else layer
        model, layer = copy.deepcopy(model).to(at), name
    sink = _Sink(count, None if to is None else Path(to))
    try:
        with _evaluating(model), torch.no_grad(), _Classifier(model, layer) as classifier:
            for batch in loader:
                logits = _logits_of(model, moved(batch, at), forward)
                sink.add(logits, classifier.embeddings(logits), _labels_of(batch, labels))
        return sink.done()
    finally:
        sink.close()


def _samples_in_order(loader: Any) -> int:
    """The number of samples. errors: Y27"""
    mend = "make one for this: DataLoader(dataset, batch_size=256, shuffle=False)"
    if not isinstance(loader, DataLoader):
        raise Error(f"[LIPT-Y27] outputs: a {type(loader).__name__}, expected a DataLoader, of which it is known in "
                    f"which order samples come: {mend}")
    if isinstance(loader.dataset, IterableDataset) or not hasattr(loader.dataset, "__len__"):
        raise Error("[LIPT-Y27] outputs: a data set without a length or positions: selection needs one to point into")
    sampler = loader.sampler if loader.batch_sampler is None else getattr(loader.batch_sampler, "sampler", None)
    if type(loader.batch_sampler) not in (BatchSampler, type(None)) or type(sampler) is not SequentialSampler:
        raise Error("[LIPT-Y27] outputs: the loader shuffles or has a sampler of its own, and rows would belong to "
                    f"other samples: {mend}")
    if loader.drop_last:
        raise Error(f"[LIPT-Y27] outputs: the loader drops the last samples (drop_last=True): {mend}")
    if len(sampler) != len(loader.dataset) or not len(loader.dataset):
        raise Error(f"[LIPT-Y27] outputs: {len(loader.dataset)} samples of which the loader reads {len(sampler)}, "
                    f"expected all of at least one: {mend}")
    return len(loader.dataset)


def _plain(model: nn.Module, layer: str | nn.Module | None) -> tuple[nn.Module, str | nn.Module | None]:
    """The module inside torch.compile's and the parallel wrappers: hooks see it, and its batches are not cut."""
    while True:
        inner = getattr(model, "_orig_mod", None)
        if inner is None and isinstance(model, (nn.DataParallel, nn.parallel.DistributedDataParallel)):
            inner = model.module
        if inner is None:
            return model, layer
        model = inner


def _name_of(model: nn.Module, layer: nn.Module) -> str:
    for name, module in model.named_modules():
        if module is layer:
            return name
    raise Error("[LIPT-Y28] outputs: layer= is no module of this model: give its name, as model.named_modules() has it")


@contextmanager
def _evaluating(model: nn.Module) -> Iterator[None]:
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


class _Classifier:
    """Watches linear layers until it is known which one gives the logits, and that one's input from then on."""

    def __init__(self, model: nn.Module, layer: str | nn.Module | None) -> None:
        self._model = model
        self._handles: list[Any] = []
        self._seen: list[tuple[nn.Module, torch.Tensor, Any]] = []
        self._chosen = None if layer is None else self._named(layer)
        linear = [module for module in model.modules() if isinstance(module, nn.Linear)]
        self._watched = linear if self._chosen is None else [self._chosen]

    def _named(self, layer: str | nn.Module) -> nn.Module:
        modules = dict(self._model.named_modules())
        name = _name_of(self._model, layer) if isinstance(layer, nn.Module) else layer
        if name not in modules:
            raise Error(f"[LIPT-Y28] outputs: there is no layer {name!r}, linear are: {self._linear_names()}")
        return modules[name]

    def _linear_names(self) -> str:
        names = [name for name, module in self._model.named_modules() if isinstance(module, nn.Linear)]
        return ", ".join(names) or "none"

    def __enter__(self) -> _Classifier:
        for module in self._watched:
            self._handles.append(module.register_forward_hook(self._note))
        return self

    def __exit__(self, *_: Any) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        self._seen.clear()

    def _note(self, module: nn.Module, inputs: tuple, output: Any) -> None:
        if inputs and isinstance(inputs[0], torch.Tensor):
            self._seen.append((module, inputs[0], output))

    def embeddings(self, logits: torch.Tensor) -> torch.Tensor:
        """The input of the classifier in the forward pass just done. shapes: logits (B,C), result (B,E). errors: Y28"""
        if self._chosen is None:
            self._chosen = self._find(logits)
        found = [(inputs, output) for module, inputs, output in self._seen if module is self._chosen]
        names = {module: name for name, module in self._model.named_modules()}
        if len(found) != 1:
            raise Error(f"[LIPT-Y28] outputs: layer {names[self._chosen]!r} ran {len(found)} times in one forward "
                        "pass, expected once: name another with layer=")
        inputs = found[0][0]
        if inputs.shape[0] != logits.shape[0]:
            raise Error(f"[LIPT-Y28] outputs: layer {names[self._chosen]!r} has an input of shape "
                        f"{tuple(inputs.shape)} for {logits.shape[0]} samples, expected a row a sample: name another "
                        "with layer=")
        self._watch_only(self._chosen)
        return inputs.flatten(1)

    def _find(self, logits: torch.Tensor) -> nn.Module:
        giving = {module for module, _, output in self._seen
                  if output is logits or isinstance(output, torch.Tensor) and output.shape == logits.shape
                  and torch.equal(output, logits)}
        if len(giving) != 1:
            what = "no linear layer gives" if not giving else f"{len(giving)} linear layers give"
            raise Error(f"[LIPT-Y28] outputs: {what} what the model returns: say layer=, the name of the layer whose "
                        f"input is the embedding; linear layers are: {self._linear_names()}")
        return giving.pop()

    def _watch_only(self, chosen: nn.Module) -> None:
        self._seen.clear()
        if len(self._handles) > 1:
            for handle in self._handles:
                handle.remove()
            self._handles = [chosen.register_forward_hook(self._note)]


def _logits_of(model: nn.Module, batch: Any, forward: Callable | None) -> torch.Tensor:
    if forward is not None:
        made = forward(model, batch)
    elif isinstance(batch, torch.Tensor):
        made = model(batch)
    elif isinstance(batch, (list, tuple)) and batch and isinstance(batch[0], torch.Tensor):
        made = model(batch[0])
    else:
        raise Error(f"[LIPT-Y29] outputs: a batch of type {type(batch).__name__}: say how it goes into the model with "
                    "forward=lambda model, batch: model(batch['image'])")
    made = getattr(made, "logits", made)
    if not isinstance(made, torch.Tensor) or made.ndim != 2:
        shape = tuple(made.shape) if isinstance(made, torch.Tensor) else type(made).__name__
        raise Error(f"[LIPT-Y29] outputs: the model returned {shape}, expected logits (B,C): take them out with "
                    "forward=")
    return made


def _labels_of(batch: Any, labels: Callable[[Any], Any] | bool | None) -> np.ndarray | None:
    if labels is False:
        return None
    if callable(labels):
        given = host(labels(batch))
    elif isinstance(batch, (list, tuple)) and len(batch) > 1:
        given = host(batch[1])
    else:
        return None
    if given.ndim != 1 or given.dtype.kind not in "iu":
        raise Error(f"[LIPT-Y29] outputs: labels of shape {given.shape} and type {given.dtype}, expected whole "
                    "numbers (B): say labels=lambda batch: ..., or labels=False")
    return given.astype(np.int64)


class _Sink:
    """Rows as they come, into arrays or files of the full size, which are made when the first rows are there."""

    def __init__(self, count: int, folder: Path | None) -> None:
        self._count, self._folder, self._filled = count, folder, 0
        self._arrays: dict[str, np.ndarray] = {}

    def _make(self, name: str, like: np.ndarray) -> np.ndarray:
        shape = (self._count, *like.shape[1:])
        if self._folder is None:
            return np.empty(shape, like.dtype)
        self._folder.mkdir(parents=True, exist_ok=True)
        return np.lib.format.open_memmap(self._temporary(name), "w+", like.dtype, shape)

    def _temporary(self, name: str) -> Path:
        return Path(self._folder or "") / f".{name}.npy.{os.getpid()}.tmp"

    def add(self, logits: torch.Tensor, embeddings: torch.Tensor, labels: np.ndarray | None) -> None:
        rows = {"logits": host(logits.float()), "embeddings": host(embeddings.float())}
        if labels is not None:
            rows["labels"] = labels
        size = len(rows["logits"])
        if not self._filled:
            self._arrays = {name: self._make(name, values) for name, values in rows.items()}
        for name, array in self._arrays.items():
            values = rows.get(name)
            if values is None or values.shape != (size, *array.shape[1:]) or self._filled + size > self._count:
                shape = None if values is None else values.shape
                raise Error(f"[LIPT-Y29] outputs: {name} of shape {shape} at sample {self._filled} of {self._count}, "
                            f"expected {(size, *array.shape[1:])}: every batch must have the shapes of the first")
            array[self._filled:self._filled + size] = values
        self._filled += size

    def done(self) -> Outputs:
        if self._filled != self._count:
            raise Error(f"[LIPT-Y29] outputs: {self._filled} rows for {self._count} samples: the model must return a "
                        "row a sample")
        if self._folder is not None:
            for name, array in self._arrays.items():
                array.flush()  # type: ignore[attr-defined]  # a map of a file
                os.replace(self._temporary(name), self._folder / f"{name}.npy")
            self._arrays = {name: np.load(self._folder / f"{name}.npy", mmap_mode="r") for name in self._arrays}
        return Outputs(self._arrays["logits"], self._arrays["embeddings"], self._arrays.get("labels"))

    def close(self) -> None:
        """Takes away what was not finished."""
        if self._folder is not None:
            for name in self._arrays:
                self._temporary(name).unlink(missing_ok=True)

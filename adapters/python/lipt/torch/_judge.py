"""Scores of candidate weights: statistics made anew for just these, then accuracy on held-out samples."""
from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader
from torch.utils.data import Subset as TorchSubset

from lipt._errors import Error
from lipt.torch._host import moved
from lipt.torch._statistics import update_batch_norm
from lipt.torch._training import State

_BATCH = 256
_KEEP = 2**29  # bytes of collated batches that are kept between scores


class Judge:
    """Rates state dicts with one copy of the model."""

    def __init__(self, model: nn.Module, dataset: Any, seen: np.ndarray, held_out: np.ndarray, device: torch.device,
                 collate: Callable, forward: Callable | None, score: Callable | None, statistics_images: int,
                 loader_workers: int) -> None:
        self._model, self._device = copy.deepcopy(model).to(device), device
        self._forward, self._score = forward, score
        of_every = seen[np.linspace(0, len(seen) - 1, min(statistics_images, len(seen))).astype(np.int64)]
        self._clean = _Kept(dataset, of_every, collate, loader_workers)
        self._held_out = _Kept(dataset, held_out, collate, loader_workers)

    @property
    def forward_samples(self) -> int:
        """Samples through the network so far, without those of a score of the caller's."""
        return self._clean.given + self._held_out.given

    def score(self, state: Mapping[str, Any]) -> float:
        """The score of these weights, higher is better, with statistics made anew."""
        self._load(state)
        with torch.no_grad():
            value = self._accuracy() if self._score is None else self._score(self._model)
        try:
            return float(value)
        except (TypeError, ValueError):
            raise Error(f"[LIPT-Y35] pretrain: score(model) returned {type(value).__name__}, expected a number, "
                        "higher is better") from None

    def settle(self, state: Mapping[str, Any]) -> State:
        """The weights with statistics made anew, on the host."""
        self._load(state)
        return {name: value.detach().cpu().clone() for name, value in self._model.state_dict().items()}

    def _load(self, state: Mapping[str, Any]) -> None:
        self._model.load_state_dict({name: torch.as_tensor(value) for name, value in state.items()})
        self._model.eval()
        update_batch_norm(self._model, self._clean, self._forward)

    def _accuracy(self) -> float:
        right = 0
        for batch in self._held_out:
            batch = moved(batch, self._device)
            if not isinstance(batch, (list, tuple)) or len(batch) < 2 or batch[1].is_floating_point():
                raise Error("[LIPT-Y35] pretrain: held-out samples are not (input, class): give score=, which rates "
                            "a model")
            logits = self._model(batch[0]) if self._forward is None else self._forward(self._model, batch)
            if not bool(torch.isfinite(logits).all()):
                return math.nan
            right += int((logits.argmax(1) == batch[1]).sum())
        return right / len(self._held_out.samples)


class _Kept:
    """Batches of these samples, read again each time or, where they are small, once."""

    def __init__(self, dataset: Any, samples: np.ndarray, collate: Callable, loader_workers: int) -> None:
        self.samples, self.given = samples, 0
        self._loader = DataLoader(TorchSubset(dataset, samples.tolist()), _BATCH, collate_fn=collate,
                                  num_workers=loader_workers, generator=torch.Generator())  # not the caller's
        self._batches: list[Any] | None = None

    def __iter__(self) -> Iterator[Any]:
        self.given += len(self.samples)
        if self._batches is not None:
            yield from self._batches
            return
        kept, size = [], 0
        for batch in self._loader:
            size += _bytes_of(batch)
            if size <= _KEEP:
                kept.append(batch)
            yield batch
        if size <= _KEEP:
            self._batches = kept


def _bytes_of(batch: Any) -> int:
    if isinstance(batch, torch.Tensor):
        return batch.numel() * batch.element_size()
    if isinstance(batch, Mapping):
        return sum(_bytes_of(value) for value in batch.values())
    return sum(_bytes_of(value) for value in batch) if isinstance(batch, (list, tuple)) else 0

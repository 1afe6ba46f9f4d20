"""Samplers for DataLoader: a fresh subset each epoch, one that leaves out what is learned, and a fixed one."""
from __future__ import annotations

import zlib
from collections.abc import Mapping, Sized
from typing import Any

import numpy as np
import torch

import lipt
from lipt._arrays import as_input
from lipt._errors import Error
from lipt._native import core as _core
from lipt.torch._epochs import EpochSampler
from lipt.torch._host import MOST_SAMPLES, beside, host, indices_below, whole


def _number_of(samples: Any, what: str) -> int:
    if isinstance(samples, Sized):
        samples = len(samples)
    return whole(samples, "the number of samples", what, 1, MOST_SAMPLES, "Y20")


def _share(value: Any, name: str, what: str, above: float, below: float) -> float:
    """errors: Y21 outside above < value < below, or no number"""
    try:
        share = float(value)
    except (TypeError, ValueError):
        share = float("nan")
    if not above < share < below:
        raise Error(f"[LIPT-Y21] {what}: {name} is {value!r}, expected more than {above:g} and less than {below:g}")
    return share


class RS2(EpochSampler):
    """A fresh random subset each epoch, without replacement: one shuffle is read slice by slice.

    ``RS2(len(dataset), fraction=0.1, seed=0)``, or with ``labels=`` class by class: every class is read as often as its
    size says, the smallest as well. Every sample is read once in the first 1/fraction epochs. The picks are those of
    ``lipt.select(method="rs2", ..., epoch=epoch)``, in a shuffled order.

    samples: their number, or the data set. shapes: labels (N), whole numbers from 0
    errors: Y20 no sample or more than 32 bits count, Y21 fraction or seed out of range, Y22 replicas or rank
    cost: O(N) an epoch. source: [Okanovic2023] Section 3
    """

    def __init__(self, samples: Any = None, *, labels: Any = None, fraction: float, seed: int = 0,
                 num_replicas: int | None = None, rank: int | None = None, drop_last: bool = False) -> None:
        self._labels = None if labels is None else host(labels).copy()
        if self._labels is None and samples is None:
            raise Error("[LIPT-Y20] RS2: neither the number of samples nor labels: give RS2(len(dataset), ...) or "
                        "labels=")
        count = _number_of(samples if self._labels is None or samples is not None else self._labels.size, "RS2")
        if self._labels is not None and self._labels.shape != (count,):
            raise Error(f"[LIPT-Y20] RS2: labels of shape {self._labels.shape} for {count} samples: give one a sample")
        self.fraction = 1.0 if fraction == 1 else _share(fraction, "fraction", "RS2", 0, 1)
        super().__init__(count, seed, num_replicas, rank, drop_last)

    def _chosen(self) -> np.ndarray:
        labels = np.broadcast_to(np.int64(0), self.samples) if self._labels is None else self._labels
        picked = lipt.select(method="rs2", labels=labels, fraction=self.fraction, seed=self.seed, epoch=self.epoch)
        if not len(picked.indices):
            raise Error(f"[LIPT-Y21] RS2: a fraction of {self.fraction:g} of {self.samples} samples is none: raise it")
        return np.asarray(picked.indices)

    def _identity(self) -> dict[str, Any]:
        labels = None if self._labels is None else zlib.crc32(np.ascontiguousarray(self._labels).tobytes())
        return {**super()._identity(), "fraction": self.fraction, "labels": labels}


class Subset(EpochSampler):
    """The samples of a selection, in a new order each epoch, and their weights by index of the data set.

    ``sampler = Subset(lipt.select(...))``, then ``loss = (losses * sampler.weights(indices)).mean()`` with the indices
    of a batch's samples. The weights have mean 1 over the selection, so that they do not change the size of a step.

    selection: a `Selection`, or indices; weights: in place of the selection's, one an index; shuffle: False keeps the
    order of the picks. errors: Y20 no index, one twice or below 0, Y21 weights, Y22 replicas or rank
    """

    def __init__(self, selection: Any, *, weights: Any = None, shuffle: bool = True, seed: int = 0,
                 num_replicas: int | None = None, rank: int | None = None, drop_last: bool = False) -> None:
        self.indices = indices_below(getattr(selection, "indices", selection), MOST_SAMPLES, "Subset")
        self._sorted = np.sort(self.indices)
        if not len(self.indices) or (self._sorted[1:] == self._sorted[:-1]).any():
            raise Error("[LIPT-Y20] Subset: no index, or one that is there twice: give what lipt.select returned")
        weights = weights if weights is not None else getattr(selection, "weights", None)
        self._weights = self._mean_one(weights)
        self.shuffle = bool(shuffle)
        super().__init__(len(self.indices), seed, num_replicas, rank, drop_last)

    def _mean_one(self, weights: Any) -> np.ndarray | None:
        """The weights in order of the sorted indices, of mean 1."""
        if weights is None:
            return None
        given = host(weights).astype(np.float64)
        if given.shape != self.indices.shape or not np.isfinite(given).all() or (given < 0).any() or given.sum() <= 0:
            raise Error(f"[LIPT-Y21] Subset: weights of shape {given.shape}, expected {self.indices.shape}, finite, "
                        "none below 0 and not all 0: scale them yourself where a method makes others")
        return (given * (len(given) / given.sum()))[np.argsort(self.indices)].astype(np.float32)

    def _chosen(self) -> np.ndarray:
        return self.indices

    def _ordered(self) -> np.ndarray:
        return super()._ordered() if self.shuffle else self.indices

    def weights(self, indices: Any) -> torch.Tensor:
        """The weights of these samples, by index of the data set; 1 of a selection without weights.

        shapes: indices (B), result (B) float32 on the device of the indices. errors: Y26 a sample that is not in the
        subset. cost: O(B log k)
        """
        wanted = indices_below(indices, MOST_SAMPLES, "Subset.weights")
        at = np.minimum(np.searchsorted(self._sorted, wanted), len(self._sorted) - 1)
        strange = np.flatnonzero(self._sorted[at] != wanted)
        if strange.size:
            raise Error(f"[LIPT-Y26] Subset.weights: sample {wanted[strange[0]]} is not in the subset: give indices of "
                        "the whole data set, as the sampler yields them")
        return beside(indices, np.ones(len(wanted), np.float32) if self._weights is None else self._weights[at])

    def _identity(self) -> dict[str, Any]:
        return {**super()._identity(), "shuffle": self.shuffle, "indices": zlib.crc32(self.indices.tobytes())}


class InfoBatch(EpochSampler):
    """An epoch without some of the samples whose last loss is below the mean; the others of them weigh more.

    After each step ``sampler.update(indices, losses)``; the loss of a step is
    ``(losses * sampler.weights(indices)).mean()``, so that the expected gradient is that of all samples. The first
    epoch has all samples, and so have the last ones: epoch ``annealing * epochs`` and after. A sample whose loss is not
    known, or not a number, stays in.

    With several processes (num_replicas, rank) `update` gathers what all have seen: each must call it as often.

    samples: their number N, or the data set; epochs: of the whole training; ratio: chance of a sample of low loss to be
    left out, from 0 to below 1. errors: Y20 no sample or more than 32 bits count, Y21 ratio, annealing, epochs or seed
    out of range, Y22 replicas or rank. cost: O(N) an epoch; memory 8 bytes a sample, and 12 of those in the epoch
    source: [Qin2024]
    """

    def __init__(self, samples: Any, *, epochs: int, ratio: float = 0.5, annealing: float = 0.875, seed: int = 0,
                 num_replicas: int | None = None, rank: int | None = None, drop_last: bool = False) -> None:
        count = _number_of(samples, "InfoBatch")
        self.epochs = whole(epochs, "epochs", "InfoBatch", 1, 2**32 - 1)
        self.ratio = 0.0 if ratio == 0 else _share(ratio, "ratio", "InfoBatch", 0, 1)
        self.annealing = float(annealing) if annealing in (0, 1) else _share(annealing, "annealing", "InfoBatch", 0, 1)
        super().__init__(count, seed, num_replicas, rank, drop_last)
        self._losses = np.full(count, np.nan, np.float32)
        self._drawn_by: np.ndarray | None = None  # the losses that the epoch at hand was drawn by, once it has begun
        self._drawn: tuple[np.ndarray, np.ndarray] | None = None

    def update(self, indices: Any, losses: Any) -> None:
        """Notes the losses of samples that were trained on, each without its weight; they count from the next epoch on.

        shapes: indices (B), losses (B). errors: Y25 another number of losses, or an index out of range. cost: O(B)
        """
        which = indices_below(indices, self.samples, "InfoBatch.update")
        values = np.atleast_1d(host(losses))
        if values.shape != which.shape or values.dtype.kind not in "fiu":
            raise Error(f"[LIPT-Y25] InfoBatch.update: {len(which)} indices and losses of shape {values.shape}, "
                        "expected one loss a sample: take the loss with reduction='none'")
        for their_indices, their_losses in self._gathered(which, values.astype(np.float32)):
            self._losses[their_indices] = their_losses
        if self._drawn_by is None:
            self._order = self._drawn = None

    def _gathered(self, indices: np.ndarray, losses: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        distributed = torch.distributed
        if self.num_replicas == 1 or not distributed.is_available() or not distributed.is_initialized():
            return [(indices, losses)]
        every: list[Any] = [None] * distributed.get_world_size()
        distributed.all_gather_object(every, (indices, losses))
        return every

    def _draw(self) -> tuple[np.ndarray, np.ndarray]:
        """The epoch's samples in ascending order, and their weights."""
        if self._drawn is None:
            losses = as_input(self._losses if self._drawn_by is None else self._drawn_by, "losses")
            indices, weights = _core.info_batch(losses.array, epoch=self.epoch, epochs=self.epochs, seed=self.seed,
                                                ratio=self.ratio, annealing=self.annealing)
            self._drawn = (np.asarray(indices), np.asarray(weights))
        return self._drawn

    def _chosen(self) -> np.ndarray:
        return self._draw()[0]

    def _begin(self) -> None:
        if self._drawn_by is None:
            self._drawn_by = self._losses.copy()

    def _go_to(self, epoch: int) -> None:
        super()._go_to(epoch)
        self._drawn_by = self._drawn = None

    def state_dict(self, taken: int | None = None) -> dict[str, Any]:
        """As of every sampler, with the losses: those known, and in the middle of an epoch those it was drawn by."""
        state = super().state_dict(taken)
        by = self._drawn_by if state["position"] else None
        return {**state, "losses": torch.from_numpy(self._losses.copy()),
                "drawn_by": None if by is None else torch.from_numpy(by.copy())}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        super().load_state_dict(state)
        self._losses = self._stored(state, "losses")
        self._drawn_by = self._stored(state, "drawn_by") if self._position else None

    def _stored(self, state: Mapping[str, Any], name: str) -> np.ndarray:
        values = state.get(name)
        if values is None or host(values).shape != (self.samples,):
            raise Error(f"[LIPT-Y24] InfoBatch: a state without {name} of {self.samples} samples: load what state_dict "
                        "returned, whole")
        return host(values).astype(np.float32)

    def _identity(self) -> dict[str, Any]:
        return {**super()._identity(), "epochs": self.epochs, "ratio": self.ratio, "annealing": self.annealing}

    def weights(self, indices: Any) -> torch.Tensor:
        """The weights of samples of the epoch at hand: 1, or 1/(1 - ratio) of a low loss. Not brought to mean 1.

        shapes: indices (B), result (B) float32 on the device of the indices. errors: Y26 a sample that the epoch leaves
        out. cost: O(B log N)
        """
        wanted = indices_below(indices, self.samples, "InfoBatch.weights")
        chosen, weights = self._draw()
        at = np.minimum(np.searchsorted(chosen, wanted), len(chosen) - 1)
        strange = np.flatnonzero(chosen[at] != wanted)
        if strange.size:
            raise Error(f"[LIPT-Y26] InfoBatch.weights: sample {wanted[strange[0]]} is left out of epoch "
                        f"{self.epoch}: ask for the weights of a batch before the next epoch begins")
        return beside(indices, weights[at])

"""What samplers of epochs have in common: order, parts of several processes, and going on in the middle of an epoch."""
from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch.utils.data import Sampler

from lipt._errors import Error
from lipt.torch._host import shuffled, whole

_LAST_EPOCH = 2**32 - 1
_CHUNK = 65536


class EpochSampler(Sampler[int]):
    """Indices of one epoch after the other, in an order that is a function of (seed, epoch).

    An epoch ends when its last index was taken; the next iteration begins the next epoch by itself, also where the one
    before was left early, so `set_epoch` is needed only to go elsewhere. `len()` is the number of indices in the epoch
    at hand, that is the one begun last or set: constant over epochs of `Subset`, within one of each other for `RS2`,
    and for `InfoBatch` known only when the epoch begins, so call `set_epoch` first where a length is shown or planned
    with. Several processes take parts of one order as DistributedSampler's do: index rank, rank + num_replicas, ...,
    filled up from its beginning so that all have as many, or with `drop_last` without the rest.
    """

    def __init__(self, samples: int, seed: int, num_replicas: int | None, rank: int | None, drop_last: bool) -> None:
        self._what = type(self).__name__
        self.samples, self.seed, self.drop_last = samples, whole(seed, "seed", self._what), bool(drop_last)
        self._is_split = num_replicas is not None
        self.num_replicas, self.rank = self._part(num_replicas, rank)
        self.epoch = 0
        self._position, self._turn = 0, 0
        self._begun = self._resumed = False
        self._order: np.ndarray | None = None

    def _part(self, num_replicas: int | None, rank: int | None) -> tuple[int, int]:
        if num_replicas is None and rank is None:
            return 1, 0
        replicas = whole(num_replicas, "num_replicas", self._what, 1, 2**31, "Y22")
        if rank is None and replicas > 1:
            raise Error(f"[LIPT-Y22] {self._what}: {replicas} replicas without a rank: give rank=, from 0 to "
                        f"{replicas - 1}, e.g. torch.distributed.get_rank()")
        return replicas, whole(rank or 0, "rank", self._what, 0, replicas - 1, "Y22")

    def _chosen(self) -> np.ndarray:
        """The epoch's samples, of all processes, each once. shapes: result (k) int64"""
        raise NotImplementedError

    def _begin(self) -> None:
        """Called when the first index of an epoch, or of what is left of it, is asked for."""

    def _ordered(self) -> np.ndarray:
        return shuffled(self._chosen(), "order", self.seed, self.epoch)

    def _own(self) -> np.ndarray:
        """This process's indices of the epoch at hand, in order; made once an epoch."""
        if self._order is None:
            every = self._ordered()
            if self.drop_last:
                every = every[:len(every) // self.num_replicas * self.num_replicas]
            elif len(every) % self.num_replicas:
                size = -(-len(every) // self.num_replicas) * self.num_replicas
                every = np.resize(every, size)  # repeats from the beginning
            if not len(every):
                raise Error(f"[LIPT-Y22] {self._what}: epoch {self.epoch} has fewer samples than the "
                            f"{self.num_replicas} replicas: take fewer, or drop_last=False")
            self._order = every[self.rank::self.num_replicas]
        return self._order

    def __len__(self) -> int:
        return len(self._own())

    def __iter__(self) -> Iterator[int]:
        self._warn_of_ranks()
        return self._walk()

    def _walk(self) -> Iterator[int]:
        # An epoch begins when its first index is asked for: a DataLoader may call iter() twice.
        if self._begun:
            self._go_to(self.epoch + 1)
        self._begun, self._resumed = True, False
        self._turn += 1
        self._begin()
        turn, own, start = self._turn, self._own(), self._position
        for first in range(start, len(own), _CHUNK):
            for offset, index in enumerate(own[first:first + _CHUNK].tolist()):
                if turn == self._turn:  # an older iterator says nothing of the epoch at hand
                    self._position = first + offset + 1
                yield index

    def _go_to(self, epoch: int) -> None:
        self.epoch, self._position, self._begun, self._resumed = epoch, 0, False, False
        self._order = None
        self._turn += 1

    def set_epoch(self, epoch: int) -> None:
        """The next iteration is of this epoch, from 0, from its beginning.

        After `load_state_dict` in the middle of that same epoch it goes on from there all the same, so that a loop that
        sets every epoch can be resumed. errors: Y23 no whole number from 0 on
        """
        epoch = whole(epoch, "the epoch", self._what, 0, _LAST_EPOCH, "Y23")
        if not (self._resumed and epoch == self.epoch):
            self._go_to(epoch)

    def state_dict(self, taken: int | None = None) -> dict[str, Any]:
        """Where the epoch stands, to go on from with `load_state_dict`; all ranks may load what one has saved.

        taken: samples of this epoch that the training of this process has had; by default all that were given out. A
        DataLoader with workers reads ahead: give batches done x batch size. After a finished epoch the next follows.
        errors: Y24 more than the epoch has
        """
        position = self._position
        if taken is not None:
            position = whole(taken, "taken", self._what, 0, len(self), "Y24")
        ended = position > 0 and position >= len(self)
        return {"sampler": self._what, **self._identity(), "epoch": self.epoch + 1 if ended else self.epoch,
                "position": 0 if ended else position}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on where `state_dict` was taken. errors: Y24 the state of another sampler or data set"""
        wanted = {"sampler": self._what, **self._identity()}
        for name, value in wanted.items():
            if name == "num_replicas" and not state.get("position"):
                continue
            if name not in state or state[name] != value:
                raise Error(f"[LIPT-Y24] {self._what}: a state with {name} {state.get(name)!r}, expected {value!r}: "
                            "load it into a sampler that was made with the same arguments")
        self._go_to(whole(state.get("epoch"), "the state's epoch", self._what, 0, _LAST_EPOCH, "Y24"))
        self._position = whole(state.get("position"), "the state's position", self._what, 0, 2**32, "Y24")
        self._resumed = self._position > 0

    def _identity(self) -> dict[str, Any]:
        """What a state must agree in."""
        return {"samples": self.samples, "seed": self.seed, "num_replicas": self.num_replicas}

    def _warn_of_ranks(self) -> None:
        distributed = torch.distributed
        if self._is_split or not distributed.is_available() or not distributed.is_initialized():
            return
        if distributed.get_world_size() > 1:
            warnings.warn(f"{self._what}: {distributed.get_world_size()} processes train and num_replicas is not "
                          "given: each reads the same samples, unless something else splits them: say num_replicas= "
                          "and rank=, or num_replicas=1 where that is meant", stacklevel=3)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_order": None}  # made again when it is asked for

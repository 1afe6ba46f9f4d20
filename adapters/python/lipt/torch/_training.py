"""A short training of one's own model on some samples: what the common start and each worker of LiPT do."""
from __future__ import annotations

import copy
import math
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset
from torch.utils.data.dataloader import default_collate

from lipt._errors import Error
from lipt.torch._host import moved, random_bits, shuffled

State = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Recipe:
    """How to train, the same for the start and for all workers; goes to other processes whole."""

    model: nn.Module
    dataset: Any
    step: Callable[[nn.Module, torch.optim.Optimizer, Any, torch.Tensor], Any]
    optimizer: Callable[[Any], torch.optim.Optimizer]
    weights: np.ndarray | None  # (N) of each sample in the loss
    collate: Callable[[list], Any]
    loader_workers: int
    seed: int


@dataclass(frozen=True)
class Course:
    """One training: where, how long, on what."""

    samples: np.ndarray
    epochs: float
    batch_size: int
    augment: Callable[[torch.Tensor], torch.Tensor] | None
    device: torch.device
    number: int  # of the training, part of the key of its chance


@dataclass(frozen=True)
class Trained:
    """A trained model and what it cost; `reason` says why it is of no use, empty where it is."""

    model: nn.Module
    loss: float
    samples: int
    reason: str = ""


def usual_optimizer(parameters: Any) -> torch.optim.Optimizer:
    """SGD as LiPT's workers use it: rate 0.1, momentum 0.9, Nesterov, weight decay 5e-4."""
    return torch.optim.SGD(parameters, lr=0.1, momentum=0.9, nesterov=True, weight_decay=5e-4)


@dataclass(frozen=True)
class UsualStep:
    """One step on the weighted mean of the samples' losses, cross-entropy unless another is given."""

    loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor] | None = None
    forward: Callable[[nn.Module, Any], torch.Tensor] | None = None

    def __call__(self, model: nn.Module, optimizer: torch.optim.Optimizer, batch: Any, weights: torch.Tensor) -> Any:
        if not isinstance(batch, (list, tuple)) or len(batch) < 2:
            raise Error(f"[LIPT-Y35] pretrain: a batch of type {type(batch).__name__}, expected (inputs, targets, "
                        "...): give step=, which trains on one batch")
        made = model(batch[0]) if self.forward is None else self.forward(model, batch)
        losses = (self.loss or _cross_entropies)(made, batch[1])
        if losses.shape != weights.shape:
            raise Error(f"[LIPT-Y35] pretrain: losses of shape {tuple(losses.shape)} for {len(weights)} samples, "
                        "expected one a sample: take the loss with reduction='none'")
        loss = (losses * weights).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.detach()


def _cross_entropies(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    return functional.cross_entropy(logits, labels, reduction="none")


def train(recipe: Recipe, state: State, course: Course) -> Trained:
    """Trains a copy of the model from `state`. A function of its arguments: the caller's chance is left as it was."""
    with _own_chance(recipe.seed, course.number, course.device):
        model = copy.deepcopy(recipe.model).to(course.device)
        model.load_state_dict(state)
        model.train()
        model.zero_grad(set_to_none=True)  # a copy brings its gradients along
        optimizer = recipe.optimizer([p for p in model.parameters() if p.requires_grad])
        plan = Batches(course, recipe.seed)
        loader = DataLoader(Numbered(recipe.dataset), batch_sampler=plan, num_workers=recipe.loader_workers,
                            collate_fn=NumberedCollate(recipe.collate))
        losses, samples = [], 0
        for numbers, batch in loader:
            batch = _augmented(moved(batch, course.device), course.augment)
            losses.append(_value(recipe.step(model, optimizer, batch, _weights(recipe, numbers, course.device))))
            samples += len(numbers)
    last = float(torch.stack([value.float().cpu() for value in losses[-plan.per_pass:]]).mean()) if losses else 0.0
    diverged = not math.isfinite(last) or not all(bool(torch.isfinite(p).all()) for p in model.parameters())
    reason = "its loss or a weight is not finite: lower the learning rate" if diverged else ""
    return Trained(model, last, samples, reason)


def _augmented(batch: Any, augment: Callable | None) -> Any:
    if augment is None:
        return batch
    if not isinstance(batch, (list, tuple)):
        raise Error(f"[LIPT-Y35] pretrain: augment= of a batch of type {type(batch).__name__}, expected (inputs, ...): "
                    "augment in the data set or in step=")
    return [augment(batch[0]), *batch[1:]]


def _value(loss: Any) -> torch.Tensor:
    if not isinstance(loss, (torch.Tensor, float, int, np.floating)):
        raise Error(f"[LIPT-Y35] pretrain: the step returned {type(loss).__name__}, expected the loss of its batch: a "
                    "number, or a tensor of one value")
    made = torch.as_tensor(loss).detach()
    if made.numel() != 1:
        raise Error(f"[LIPT-Y35] pretrain: the step returned a loss of shape {tuple(made.shape)}, expected one value")
    return made.reshape(())


def _weights(recipe: Recipe, numbers: np.ndarray, device: torch.device) -> torch.Tensor:
    values = np.ones(len(numbers), np.float32) if recipe.weights is None else recipe.weights[numbers]
    return torch.from_numpy(np.ascontiguousarray(values, np.float32)).to(device)


class Batches:
    """Passes over the samples, shuffled anew each; a last sample alone joins the batch before it."""

    def __init__(self, course: Course, seed: int) -> None:
        self._course, self._seed = course, seed
        size, count = course.batch_size, len(course.samples)
        self._ends = list(range(size, count + 1, size))
        if not self._ends or self._ends[-1] != count:
            if count % size == 1 and self._ends:
                self._ends[-1] = count
            else:
                self._ends.append(count)
        self.per_pass = len(self._ends)
        self._steps = math.ceil(course.epochs * self.per_pass - 1e-9)

    def __len__(self) -> int:
        return self._steps

    def __iter__(self) -> Iterator[list[int]]:
        for step in range(self._steps):
            number, at = divmod(step, self.per_pass)
            if at == 0:
                order = shuffled(self._course.samples, "shard", self._seed, self._course.number, number)
            yield order[self._ends[at - 1] if at else 0:self._ends[at]].tolist()


class Numbered(Dataset):
    """Samples with their numbers."""

    def __init__(self, dataset: Any) -> None:
        self._dataset = dataset

    def __len__(self) -> int:
        return len(self._dataset)

    def __getitem__(self, number: int) -> tuple[int, Any]:
        return number, self._dataset[number]


@dataclass(frozen=True)
class NumberedCollate:
    """Collates samples as without their numbers, which stand beside them."""

    collate: Callable[[list], Any] = default_collate

    def __call__(self, pairs: list[tuple[int, Any]]) -> tuple[np.ndarray, Any]:
        return np.array([number for number, _ in pairs], np.int64), self.collate([item for _, item in pairs])


@contextmanager
def _own_chance(seed: int, number: int, device: torch.device) -> Iterator[None]:
    """Seeds PyTorch's, NumPy's and Python's chance for one training, and puts back what they were."""
    bits = int(random_bits("torch", seed, number, 1)[0])
    python, array = random.getstate(), np.random.get_state()
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(bits >> 1)
        random.seed(bits)
        np.random.seed(bits & 0xFFFFFFFF)
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(array)

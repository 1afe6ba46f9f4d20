"""LiPT's pre-training around one's own PyTorch model: a common start, workers on disjoint shards, and one soup."""
from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.utils.data import TensorDataset
from torch.utils.data import Subset as TorchSubset
from torch.utils.data.dataloader import default_collate

import lipt
from lipt._errors import Error
from lipt.torch._host import device_of, host, shuffled, whole
from lipt.torch._judge import Judge
from lipt.torch._training import Course, Recipe, State, UsualStep, train, usual_optimizer
from lipt.torch._workers import Job, WorkerReport, run_workers

_START = 2**32  # number of the common start's training; workers count from 0


@dataclass(frozen=True)
class Pretrained:
    """The merged model and how it came about.

    model: a copy of the caller's, with the merged weights; state: its state dict, on the host; start: that of the
    common start; score: of the merged model, start_score: of the start; soup: what `lipt.soup` returned;
    shards: each worker's samples; held_out: those that the score was taken on; costs: of each stage, as in result.json
    """

    model: nn.Module
    state: State
    start: State
    score: float
    start_score: float
    soup: Any
    workers: list[WorkerReport]
    shards: list[np.ndarray]
    held_out: np.ndarray
    costs: list[dict[str, Any]]


def pretrain(model: nn.Module, dataset: Any, *, workers: int = 10, minibatches: int = 1, worker_batch_size: int = 256,
             passes: float = 5, init_weights: Mapping[str, torch.Tensor] | None = None,
             init_epochs: float | None = None, init_batch_size: int = 64, step: Callable | None = None,
             loss: Callable | None = None, forward: Callable | None = None, optimizer: Callable | None = None,
             augment: Callable | None = None, init_augment: Callable | None = None, clean_dataset: Any = None,
             collate: Callable | None = None, labels: Any = None, class_weights: Any = None,
             sample_weights: Any = None, stratified_shards: bool = False, hold_out: float = 0.03,
             score: Callable[[nn.Module], float] | None = None, statistics_images: int = 256,
             density: tuple[float, float] | None = (0.85, 0.95), soup: str = "greedy", soup_search: str = "golden",
             soup_points: int = 4, devices: Sequence[str | torch.device] | None = None, processes: int | None = None,
             loader_workers: int = 0, seed: int = 0,
             progress: Callable[[str, int, int], None] | None = None) -> Pretrained:
    """From one common start, workers train alone for a few steps on tiny disjoint shards, prune once, and are merged.

    The caller's model is copied and left as it is, as is the chance of PyTorch, NumPy and Python. ``pretrain(model,
    dataset)`` is enough for a classifier of (input, label) samples.

    model: the architecture and, unless init_weights= says others, the weights that the common start begins with
    dataset: samples by number, with a length; clean_dataset: the same without augmentation, for scores and statistics
    workers, minibatches, worker_batch_size, passes: n workers on M minibatches of B samples each, K passes over them
    init_weights, init_epochs, init_batch_size: the common start: a state dict, else a training of 2 epochs
    step: ``step(model, optimizer, batch, weights) -> loss`` trains on one batch, as `collate` made it, on the model's
        device; weights (B) of its samples. By default a step on the weighted mean of ``loss(outputs, batch[1])``, (B)
        losses, cross-entropy unless given, with ``forward(model, batch)`` or ``model(batch[0])``
    optimizer: ``optimizer(parameters)``; by default SGD of rate 0.1, momentum 0.9, Nesterov, weight decay 5e-4
    augment, init_augment: ``augment(inputs) -> inputs`` of a worker's batch, and of the common start's
    labels: (N); found in data sets with targets or labels, needed for class_weights and stratified_shards
    class_weights, sample_weights: (C) and (N), in the loss; their product is brought to mean 1
    hold_out: share of samples kept out of training for the score, drawn class by class where labels are known
    score: ``score(model)``, higher is better, of a model in evaluation mode; by default the accuracy on those samples.
        Before each score batch-norm statistics are made anew on `statistics_images` clean samples of the shards
    density: range from which each worker draws the share of convolution and linear weights that it keeps; None: all
    soup, soup_search, soup_points: method, search and points of `lipt.soup`
    devices: where workers train, in turns; the first also has the start and the scores. By default where the model is
    processes: 0 runs the workers one after another; else so many run side by side, started anew (spawn), to which
        model, data set and callables are pickled. By default 0, and with several devices as many as those
    progress: ``progress(stage, done, of)`` with the stages init, local and merge

    errors: Y34 an argument out of its range, or labels that are needed; Y35 a step, batch or score that does not fit;
    Y36 all workers diverged, or a process ended; Q02 too few samples; those of `lipt.soup`. A worker that diverged is
    left out and named in `workers`. cost: init_epochs*N + n*M*B*K samples forward and backward, and n +
    (n-1)*points scores; memory n models on the host. source: [Ro2023] Section 3
    """
    asked = _Asked(model, dataset, seed, progress)
    asked.check(workers, minibatches, worker_batch_size, passes, init_epochs, init_batch_size, hold_out, score, density)
    known = _labels_of(dataset) if labels is None else _labels(labels, len(dataset))
    held_out, pool = asked.hold_out(hold_out, known)
    places = [torch.device(d) for d in devices] if devices else [device_of(model)]
    recipe = Recipe(copy.deepcopy(model).cpu(), dataset, step or UsualStep(loss, forward), optimizer or usual_optimizer,
                    _weights_of(class_weights, sample_weights, known, len(dataset)), collate or default_collate,
                    loader_workers, asked.seed)
    plan = _planned(pool, known, workers, minibatches, worker_batch_size, stratified_shards, asked.seed)
    judge = Judge(model, clean_dataset if clean_dataset is not None else dataset, np.concatenate(plan),
                  held_out, places[0], recipe.collate, forward, score, statistics_images, loader_workers)

    start = asked.start(recipe, init_weights, init_epochs, init_batch_size, pool, places[0], init_augment)
    courses = [Course(shard, passes, worker_batch_size, augment, places[w % len(places)], w)
               for w, shard in enumerate(plan)]
    made = asked.local(Job(recipe, start, courses, density), processes, len(places))
    merged = asked.merge([state for state, report in made if not report.reason], judge, start, soup, soup_search,
                         soup_points)
    merged_model = copy.deepcopy(model)
    merged_model.load_state_dict(merged.state)
    return Pretrained(merged_model, merged.state, start, merged.score, merged.start_score, merged.soup,
                      [report for _, report in made], plan, held_out, asked.costs)


@dataclass(frozen=True)
class _Merged:
    state: State
    score: float
    start_score: float
    soup: Any


class _Asked:
    """One pre-training under way: its stages, and what they cost."""

    def __init__(self, model: nn.Module, dataset: Any, seed: int, progress: Callable | None) -> None:
        if not isinstance(model, nn.Module):
            raise Error(f"[LIPT-Y34] pretrain: a model of type {type(model).__name__}, expected a torch.nn.Module")
        if not hasattr(dataset, "__getitem__") or not hasattr(dataset, "__len__"):
            raise Error(f"[LIPT-Y34] pretrain: a data set of type {type(dataset).__name__}, expected samples by "
                        "number and a length: shards are lists of numbers")
        self.model, self.count = model, len(dataset)
        self.seed, self.progress = whole(seed, "seed", "pretrain", code="Y34"), progress or (lambda *_: None)
        self.costs: list[dict[str, Any]] = []

    @staticmethod
    def check(workers: int, minibatches: int, worker_batch_size: int, passes: float, init_epochs: float | None,
              init_batch_size: int, hold_out: float, score: Any, density: Any) -> None:
        """errors: Y34"""
        counts = {"workers": workers, "minibatches": minibatches, "worker_batch_size": worker_batch_size,
                  "init_batch_size": init_batch_size}
        for name, value in counts.items():
            whole(value, name, "pretrain", 1, 2**32 - 1, "Y34")
        for name, length in (("passes", passes), ("init_epochs", init_epochs or 0)):
            if not (0 <= length < math.inf):
                raise Error(f"[LIPT-Y34] pretrain: {name} is {length}, expected 0 or more")
        if not 0 <= hold_out < 1 or (hold_out == 0 and score is None):
            raise Error(f"[LIPT-Y34] pretrain: hold_out is {hold_out}, expected above 0 and below 1: the soup needs "
                        "samples that nobody trained on, or score= of your own")
        if density is not None and not (len(density) == 2 and 0 < density[0] <= density[1] <= 1):
            raise Error(f"[LIPT-Y34] pretrain: density is {density!r}, expected (lowest, highest) with 0 < lowest <= "
                        "highest <= 1, the share of weights that is kept, or None")

    def hold_out(self, share: float, labels: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        """Samples for the score, and the others, each ascending; in proportion to the classes where they are known."""
        count = min(self.count - 1, max(1, round(share * self.count))) if share > 0 else 0
        order = shuffled(np.arange(self.count), "hold_out", self.seed, 0)
        if labels is not None:
            order = order[np.argsort(labels[order], kind="stable")]
        taken = ((np.arange(count) + 0.5) * (self.count / max(1, count))).astype(np.int64)
        held = np.zeros(self.count, bool)
        held[order[taken]] = True
        return np.flatnonzero(held), np.flatnonzero(~held)

    def start(self, recipe: Recipe, weights: Mapping | None, epochs: float | None, batch_size: int, pool: np.ndarray,
              device: torch.device, augment: Callable | None) -> State:
        begun = time.perf_counter()
        state = self.model.state_dict() if weights is None else dict(weights)
        state = {name: value.detach().cpu().clone() for name, value in state.items()}
        copy.deepcopy(self.model).load_state_dict(state)  # says by name what does not fit, before any work
        epochs = (2.0 if weights is None else 0.0) if epochs is None else epochs
        samples = 0
        if epochs > 0:
            trained = train(recipe, state, Course(pool, epochs, batch_size, augment, device, _START))
            if trained.reason:
                raise Error("[LIPT-Y36] pretrain: the common start is of no use, " + trained.reason)
            samples = trained.samples
            state = {name: value.detach().cpu().clone() for name, value in trained.model.state_dict().items()}
        self._note("initialize", begun, samples, samples)
        self.progress("init", 1, 1)
        return state

    def local(self, job: Job, processes: int | None, places: int) -> list[tuple[State, WorkerReport]]:
        begun, count = time.perf_counter(), len(job.courses)
        if processes is None:
            processes = places if places > 1 else 0
        whole(processes, "processes", "pretrain", 0, 4096, "Y34")
        made = run_workers(job, processes, lambda done: self.progress("local", done, count))
        samples = sum(report.samples for _, report in made)
        self._note("local", begun, samples, samples)
        if all(report.reason for _, report in made):
            raise Error(f"[LIPT-Y36] pretrain: no worker is of use; of the first, {made[0][1].reason}")
        return made

    def merge(self, states: list[State], judge: Judge, start: State, method: str, search: str, points: int) -> _Merged:
        begun = time.perf_counter()
        most = len(states) + (len(states) - 1) * (1 if search == "equal" else points) if method == "greedy" else 1
        seen = 0

        def score(state: Mapping[str, Any]) -> float:
            nonlocal seen
            value = judge.score(state)
            seen += 1
            self.progress("merge", seen, max(most, seen))
            return value

        made = lipt.soup(states, score=score, method=method, search=search, points=points)
        assert made.weights is not None  # which is so without out=
        state = judge.settle(made.weights)
        start_score, final = judge.score(start), judge.score(state)
        self._note("merge", begun, judge.forward_samples, 0)
        return _Merged(state, final, start_score, made)

    def _note(self, name: str, begun: float, forward: int, backward: int) -> None:
        self.costs.append({"name": name, "wall_s": time.perf_counter() - begun, "samples_read": forward,
                           "forward": forward, "backward": backward})


def _planned(pool: np.ndarray, labels: np.ndarray | None, workers: int, minibatches: int, batch_size: int,
             stratified: bool, seed: int) -> list[np.ndarray]:
    """Disjoint shards of the pool, one a worker. errors: Y34 stratified without labels, Q02 too few samples"""
    if stratified and labels is None:
        raise Error("[LIPT-Y34] pretrain: stratified_shards without labels: give labels=, one a sample")
    of = labels[pool] if labels is not None and stratified else len(pool)
    made = lipt.plan_shards(of, workers=workers, minibatches=minibatches, batch_size=batch_size, stratified=stratified,
                            seed=seed)
    return [pool[shard] for shard in made]


def _labels_of(dataset: Any) -> np.ndarray | None:
    """The labels that a data set carries, or None. shapes: result (N)"""
    if isinstance(dataset, TorchSubset):
        inner = _labels_of(dataset.dataset)
        return None if inner is None else inner[np.asarray(dataset.indices, np.int64)]
    if isinstance(dataset, TensorDataset):
        found = dataset.tensors[1] if len(dataset.tensors) > 1 else None
    else:
        found = getattr(dataset, "targets", getattr(dataset, "labels", None))
    if not isinstance(found, (list, tuple, np.ndarray, torch.Tensor)):
        return None
    values = host(found)
    return values.astype(np.int64) if values.shape == (len(dataset),) and values.dtype.kind in "iu" else None


def _labels(labels: Any, count: int) -> np.ndarray:
    values = host(labels)
    if values.shape != (count,) or values.dtype.kind not in "iu" or (values < 0).any():
        raise Error(f"[LIPT-Y34] pretrain: labels of shape {values.shape} and type {values.dtype}, expected "
                    f"{(count,)} whole numbers from 0")
    return values.astype(np.int64)


def _weights_of(class_weights: Any, sample_weights: Any, labels: np.ndarray | None, count: int) -> np.ndarray | None:
    """The weight of each sample in the loss, of mean 1, or None. errors: Y34"""
    if class_weights is None and sample_weights is None:
        return None
    weights = np.ones(count)
    if sample_weights is not None:
        weights = host(sample_weights).astype(np.float64)
        if weights.shape != (count,):
            raise Error(f"[LIPT-Y34] pretrain: sample_weights of shape {weights.shape}, expected {(count,)}, one a "
                        "sample")
    if class_weights is not None:
        of_class = host(class_weights).astype(np.float64)
        if labels is None:
            raise Error("[LIPT-Y34] pretrain: class_weights without labels: give labels=, one a sample")
        if of_class.ndim != 1 or len(of_class) <= labels.max():
            raise Error(f"[LIPT-Y34] pretrain: class_weights of shape {of_class.shape}, expected one of each of "
                        f"{labels.max() + 1} classes")
        weights = weights * of_class[labels]
    if not np.isfinite(weights).all() or (weights < 0).any() or weights.sum() <= 0:
        raise Error("[LIPT-Y34] pretrain: a weight that is below 0 or not finite, or all are 0")
    return (weights * (count / weights.sum())).astype(np.float32)

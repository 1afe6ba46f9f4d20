"""LiPT's workers: each trains alone on its shard and prunes once; one after another, in processes, on devices."""
from __future__ import annotations

import os
import pickle
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from multiprocessing import get_context
from typing import Any

import torch
from torch import nn

import lipt
from lipt._errors import Error
from lipt.torch._host import random_bits
from lipt.torch._training import Course, Recipe, State, train


@dataclass(frozen=True)
class WorkerReport:
    """What one worker did. density: share of the prunable weights that it kept; seconds: of its work, by the clock;
    reason: why it is not merged, empty where it is an ingredient."""

    number: int
    density: float
    loss: float
    samples: int
    seconds: float
    reason: str = ""


@dataclass(frozen=True)
class Job:
    """All that the workers need, wherever they run."""

    recipe: Recipe
    start: State
    courses: list[Course]
    density: tuple[float, float] | None


def run_workers(job: Job, processes: int, done: Callable[[int], None]) -> list[tuple[State, WorkerReport]]:
    """Runs all workers; results stand in their order. done(count): called after each. errors: Y36 a process ended"""
    results: dict[int, tuple[State, WorkerReport]] = {}
    everyone = _in_processes(job, processes) if processes > 0 else ((w, work(job, w)) for w in range(len(job.courses)))
    for number, result in everyone:
        results[number] = result
        done(len(results))
    return [results[number] for number in range(len(job.courses))]


def work(job: Job, number: int) -> tuple[State, WorkerReport]:
    """One worker: its training from the common start, then one-shot pruning."""
    begun = time.perf_counter()
    trained = train(job.recipe, job.start, job.courses[number])
    density = 1.0
    if job.density is not None and not trained.reason:
        low, high = job.density
        share = low + (high - low) * int(random_bits("density", job.recipe.seed, number, 1)[0]) / 2**64
        density = prune(trained.model, share)
    state = {name: value.detach().cpu().clone() for name, value in trained.model.state_dict().items()}
    return state, WorkerReport(number, density, trained.loss, trained.samples, time.perf_counter() - begun,
                               trained.reason)


def prune(model: nn.Module, density: float) -> float:
    """Sets the smallest weights of all convolutions and linear layers that are trained to 0; returns the share kept."""
    weights, seen = {}, set()
    for name, module in model.named_modules():
        weight = module._parameters.get("weight") if isinstance(module, (nn.modules.conv._ConvNd, nn.Linear)) else None
        if weight is not None and weight.requires_grad and id(weight) not in seen:
            seen.add(id(weight))
            weights[f"{name}.weight" if name else "weight"] = weight
    if not weights:
        return 1.0
    masks = keep_masks(weights, density)
    kept = 0
    with torch.no_grad():
        for name, weight in weights.items():
            mask = torch.as_tensor(masks[name]).to(weight.device).reshape(weight.shape) != 0
            kept += int(mask.sum())
            weight.mul_(mask)
    return kept / sum(weight.numel() for weight in weights.values())


def keep_masks(weights: Mapping[str, torch.Tensor], density: float) -> Any:
    """True, or 1, at the weights that stay, by name: the largest of all together."""
    return lipt.magnitude_mask(weights, density=density, prunable=list(weights))


_job: Job | None = None  # of a worker process


def _enter(job: bytes, threads: int) -> None:
    global _job
    torch.set_num_threads(threads)
    _job = pickle.loads(job)


def _work_there(number: int) -> tuple[int, bytes]:
    assert _job is not None  # _enter came first
    return number, pickle.dumps(work(_job, number))


def _in_processes(job: Job, processes: int) -> Iterator[tuple[int, tuple[State, WorkerReport]]]:
    processes = min(processes, len(job.courses))
    threads = max(1, len(os.sched_getaffinity(0)) // processes)
    sent = pickle.dumps(replace(job, start={name: value.cpu() for name, value in job.start.items()}))
    try:
        with ProcessPoolExecutor(processes, get_context("spawn"), _enter, (sent, threads)) as pool:
            pending = [pool.submit(_work_there, number) for number in range(len(job.courses))]
            try:
                for future in as_completed(pending):
                    number, result = future.result()
                    yield number, pickle.loads(result)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    except BrokenProcessPool:
        raise Error("[LIPT-Y36] pretrain: a worker's process ended without a result: it ran out of memory or was "
                    "killed, or the program that calls pretrain does not guard its start with `if __name__ == "
                    "'__main__':`") from None

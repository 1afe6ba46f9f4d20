"""Batch-norm statistics made anew, as a model that was averaged needs them."""
from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from lipt._errors import Error
from lipt.torch._host import device_of, moved

BatchNorm = nn.modules.batchnorm._BatchNorm


def update_batch_norm(model: nn.Module, loader: Iterable,
                      forward: Callable[[nn.Module, Any], Any] | None = None) -> None:
    """Makes the statistics of every batch-norm layer anew from these batches: mean and unbiased variance of all values.

    Batches count by their size, so a short last one weighs what it has. Each layer normalises by the statistics of the
    batch at hand, as in training (where that is a single value a channel, by what was seen so far); dropout and
    whatever else trains differently is off. Momentum and every module's mode are as before afterwards; after an
    exception the statistics are, too. num_batches_tracked becomes the number of batches.

    forward: ``forward(model, batch)``; by default ``model(batch)`` or, of a list or tuple, ``model(batch[0])``
    errors: Y30 a batch of another kind without forward=, Y31 no batch. cost: one forward pass; a model without
    batch-norm is not run
    """
    layers = [module for module in model.modules()
              if isinstance(module, BatchNorm) and module.running_mean is not None]
    if not layers:
        return
    at, pools, batches = device_of(model), {layer: _Pool() for layer in layers}, 0
    with _observing(model, pools), torch.no_grad():
        for batch in loader:
            _run(model, moved(batch, at), forward)
            batches += 1
        if not batches:
            raise Error("[LIPT-Y31] update_batch_norm: no batch to read: give a loader with samples, and a new one "
                        "where it was an iterator that is used up")
    for layer, pool in pools.items():
        if pool.count:
            pool.write(layer)
            if layer.num_batches_tracked is not None:
                layer.num_batches_tracked.fill_(batches)


def _run(model: nn.Module, batch: Any, forward: Callable | None) -> None:
    if forward is not None:
        forward(model, batch)
    elif isinstance(batch, torch.Tensor):
        model(batch)
    elif isinstance(batch, (list, tuple)) and batch and isinstance(batch[0], torch.Tensor):
        model(batch[0])
    else:
        raise Error(f"[LIPT-Y30] update_batch_norm: a batch of type {type(batch).__name__}: say how it goes into the "
                    "model with forward=lambda model, batch: model(batch['image'])")


class _Pool:
    """Mean and squared deviations of all values of each channel, joined batch by batch in double."""

    def __init__(self) -> None:
        self.count = 0
        self.mean = self.squares = torch.tensor(0.0)

    def add(self, values: torch.Tensor) -> int:
        """shapes: values (B,ch,...). Returns the number of values a channel."""
        dims = [d for d in range(values.ndim) if d != 1]
        wide = values.detach().float()
        count = wide.numel() // max(1, wide.shape[1])
        if not count:
            return 0
        precise = torch.float32 if wide.device.type == "mps" else torch.float64
        variance, mean = torch.var_mean(wide, dims, unbiased=False)
        variance, mean = variance.to(precise), mean.to(precise)
        apart, total = mean - self.mean.to(mean), self.count + count
        self.squares = self.squares.to(mean) + variance * count + apart**2 * (self.count * count / total)
        self.mean, self.count = self.mean.to(mean) + apart * (count / total), total
        return count

    def write(self, layer: BatchNorm) -> None:
        """One value alone has no unbiased variance; its squares are 0, and so is the variance then."""
        assert layer.running_mean is not None and layer.running_var is not None  # layers without are passed over
        layer.running_mean.copy_(self.mean)
        layer.running_var.copy_(self.squares / max(1, self.count - 1))


@contextmanager
def _observing(model: nn.Module, pools: Mapping[BatchNorm, _Pool]) -> Iterator[None]:
    """Batch-norm layers fill their pools and leave their statistics alone; all is as before afterwards."""
    modes = [(module, module.training) for module in model.modules()]
    kept = [(layer, layer.momentum, {name: value.clone() for name, value in layer.named_buffers(recurse=False)})
            for layer in pools]
    handles = []

    def before(layer: BatchNorm, inputs: tuple) -> None:
        alone = pools[layer].add(inputs[0]) == 1
        if alone:
            pools[layer].write(layer)
        layer.training = not alone

    try:
        model.eval()
        for layer in pools:
            layer.momentum = 0.0
            handles.append(layer.register_forward_pre_hook(before))
        yield
    finally:
        for handle in handles:
            handle.remove()
        for module, mode in modes:
            module.training = mode
        for layer, momentum, buffers in kept:
            layer.momentum = momentum
            for name, value in buffers.items():
                getattr(layer, name).copy_(value)

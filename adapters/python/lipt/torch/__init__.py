"""LiPT in PyTorch's loops: samplers, trackers, a model's outputs, batch-norm statistics, networks and pre-training.

Samplers for `DataLoader(dataset, batch, sampler=...)`: `RS2` (a fresh random subset each epoch), `InfoBatch` (an epoch
without some of the samples that are learned already, with weights), `Subset` (what `lipt.select` picked, with weights).
Trackers of scores over a training: `ForgettingEvents`, `AreaUnderMargin`, `ErrorNorms`.
`outputs(model, loader)` gives `lipt.select` its logits, embeddings and labels; `update_batch_norm(model, loader)` makes
statistics anew; `pretrain(model, dataset)` is LiPT's pre-training around one's own model; `networks` has LiPT's own.
"""
try:
    import torch as _torch  # noqa: F401
except ImportError as _missing:
    raise ImportError("lipt.torch needs PyTorch, which cannot be imported here (" + str(_missing)
                      + "): install it, e.g. with `pip install torch`; the rest of lipt works without") from None

from lipt.torch import networks
from lipt.torch._outputs import Outputs, outputs
from lipt.torch._pretrain import Pretrained, WorkerReport, pretrain
from lipt.torch._statistics import update_batch_norm
from lipt.torch._trackers import AreaUnderMargin, ErrorNorms, ForgettingEvents
from lipt.torch._samplers import RS2, InfoBatch, Subset

__all__ = ["RS2", "InfoBatch", "Subset", "ForgettingEvents", "AreaUnderMargin", "ErrorNorms", "Outputs", "outputs",
           "update_batch_norm", "networks", "Pretrained", "WorkerReport", "pretrain"]

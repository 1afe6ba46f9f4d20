"""Scores that a training gives of its samples as it goes, batch by batch, for `lipt.select(scores=...)`."""
from __future__ import annotations

from typing import Any

import numpy as np

from lipt._arrays import as_input
from lipt._native import core as _core
from lipt.torch._host import MOST_SAMPLES, host, indices_below, whole


class _Tracker:
    """Feeds one accumulator of the compiled core."""

    _accumulator: str

    def __init__(self, samples: int) -> None:
        """samples: N, of the data set. errors: Y20 none, or more than 32 bits count"""
        self.samples = whole(samples, "the number of samples", type(self).__name__, 1, MOST_SAMPLES, "Y20")
        self._core = getattr(_core, self._accumulator)(self.samples)

    def add(self, indices: Any, labels: Any, logits: Any) -> None:
        """Adds a batch as the network saw it, before its step; tensors of any device, with or without a graph.

        shapes: indices (B) below N, labels (B), logits (B,C). errors: Y25 no whole numbers, or an index out of range;
        C21 sizes that differ, a label out of range. cost: O(B C), and a copy of the logits from their device
        """
        what = type(self).__name__ + ".add"
        which = indices_below(indices, self.samples, what)
        classes = indices_below(labels, 2**31, what)
        values = np.ascontiguousarray(host(logits), np.float32)
        named = {"samples": which, "labels": classes, "logits": values}
        inputs = [as_input(array, name) for name, array in named.items()]  # which keep the arrays alive
        self._core.add(*(given.array for given in inputs))

    def scores(self) -> np.ndarray:
        """The scores so far, higher is harder; 0 of a sample that was never shown. shapes: result (N) float32"""
        return np.asarray(self._core.scores())


class ForgettingEvents(_Tracker):
    """How often a sample was right at one presentation and wrong at the next.

    One that was never right stands above all that were learned. source: [Toneva2019] Section 3, Algorithm 1
    """

    _accumulator = "ForgettingEvents"


class AreaUnderMargin(_Tracker):
    """The label's logit less the largest of the others, averaged over all presentations, and negated.

    Higher is harder, or mislabelled. source: [Pleiss2020] Equation 2 (AUM)
    """

    _accumulator = "AreaUnderMargin"


class ErrorNorms(_Tracker):
    """The norm of the error vector softmax - onehot, averaged over all presentations: EL2N over epochs.

    Higher is harder. errors of add: C21 also a logit that is not finite. source: [Paul2021] Definition 2.3 (EL2N)
    """

    _accumulator = "ErrorNorms"

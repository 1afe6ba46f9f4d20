"""Forgetting events, the area under the margin and error norms over a training."""
import numpy as np
import pytest
import torch

from lipt import Error
from lipt.torch import AreaUnderMargin, ErrorNorms, ForgettingEvents


def test_forgetting_counts_steps_from_right_to_wrong():
    events = ForgettingEvents(3)
    right, wrong = torch.tensor([[2.0, 1.0]], requires_grad=True), torch.tensor([[1.0, 2.0]], dtype=torch.float16)
    for logits in (right, wrong, right, wrong):
        events.add(torch.tensor([0]), torch.tensor([0], dtype=torch.uint8), logits)
    events.add([1], [0], wrong)
    assert events.scores().dtype == np.float32
    assert events.scores().tolist() == [2, 2 + 1, 0]  # never right: above all that were learned


def test_the_area_under_the_margin_is_a_mean_and_negated():
    area = AreaUnderMargin(3)
    area.add([0, 1], [0, 2], [[5.0, 1, 3], [0, 4, 1]])
    area.add(torch.tensor([1, 0]), torch.tensor([2, 0]), torch.tensor([[0.0, 0, 2], [1, 2, 0]]).t().contiguous().t())
    assert area.scores().tolist() == [-0.5, 0.5, 0]


def test_error_norms_are_el2n_averaged_over_epochs():
    norms, random = ErrorNorms(6), np.random.default_rng(0)
    expected = np.zeros(6)
    labels = np.array([0, 1, 2, 3, 0, 1])
    for _ in range(4):
        logits = random.normal(size=(6, 4)).astype(np.float32)
        order = random.permutation(6)
        norms.add(order, labels[order], torch.from_numpy(logits[order]))
        wide = np.exp(logits.astype(np.float64))
        expected += np.linalg.norm(wide / wide.sum(1, keepdims=True) - np.eye(4)[labels], axis=1) / 4
    np.testing.assert_allclose(norms.scores(), expected, rtol=1e-6)


@pytest.mark.parametrize("tracker", [ForgettingEvents, AreaUnderMargin, ErrorNorms])
def test_what_does_not_fit_is_refused_and_adds_nothing(tracker):
    scores = tracker(2)
    for indices, labels, logits, code in (([2], [0], [[1.0, 0]], "Y25"), ([0], [2], [[1.0, 0]], "C21"),
                                          ([0, 1], [0], [[1.0, 0]], "C21"), ([0], [-1], [[1.0, 0]], "Y25"),
                                          ([0], [2**31 - 1], [[1.0, 0]], "C21"), ([0], [0], [1.0, 0], "C21")):
        with pytest.raises(Error, match=f"LIPT-{code}"):
            scores.add(indices, labels, logits)
    assert scores.scores().tolist() == [0, 0]
    with pytest.raises(Error, match="LIPT-Y20"):
        tracker(2**32)


def test_error_norms_refuse_a_logit_that_is_not_finite():
    with pytest.raises(Error, match="LIPT-C21.*sample 1 "):
        ErrorNorms(2).add([0, 1], [0, 0], [[1.0, 0], [float("nan"), 0]])

"""LiPT's pre-training around one's own model: what it leaves alone, what workers do, weights, own steps, processes."""
import copy
import math
import random

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import Dataset, Subset, TensorDataset

from lipt import Error
from lipt.torch import pretrain

COUNT, CLASSES = 600, 3
SHORT = {"workers": 3, "worker_batch_size": 32, "passes": 3, "init_epochs": 0.5, "hold_out": 0.1, "seed": 4}


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.1), nn.Linear(16, CLASSES))


def samples(count=COUNT):
    """Three blobs, too near each other for a start alone."""
    draw = np.random.default_rng(1)
    labels = np.arange(count) % CLASSES
    centers = draw.normal(size=(CLASSES, 6))
    return TensorDataset(torch.from_numpy((centers[labels] + draw.normal(size=(count, 6))).astype(np.float32)),
                         torch.from_numpy(labels))


def made(model=None, dataset=None, **changed):
    return pretrain(model or network(), dataset or samples(), **{**SHORT, **changed})


def equal(a, b):
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def test_the_soup_is_better_than_its_start_and_is_of_the_callers_kind():
    model = network()
    result = made(model, soup_points=3)
    assert result.score >= result.start_score and result.score > 0.6
    assert type(result.model) is type(model) and equal(result.model.state_dict(), result.state)
    assert not equal(result.state, model.state_dict()) and not equal(result.state, result.start)
    assert [report.number for report in result.workers] == [0, 1, 2]
    assert all(report.samples == 96 and report.reason == "" and report.loss > 0 for report in result.workers)
    assert [cost["name"] for cost in result.costs] == ["initialize", "local", "merge"]
    assert result.costs[1]["backward"] == 3 * 96 and result.costs[2]["backward"] == 0


def test_the_caller_is_left_alone():
    model = network()
    model[0].weight.requires_grad_(False)
    model[3].eval()
    before = copy.deepcopy(model.state_dict())
    random.seed(7), np.random.seed(7), torch.manual_seed(7)
    states = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state()
    result = made(model)
    assert equal(before, model.state_dict())
    assert [module.training for module in model] == [True, True, True, False, True]
    assert [p.requires_grad for p in model.parameters()] == [False] + [True] * 5
    assert all(p.grad is None for p in model.parameters())
    assert random.getstate() == states[0] and np.random.get_state()[1].tolist() == states[1]
    assert torch.equal(torch.get_rng_state(), states[2])
    assert torch.equal(result.state["0.weight"], before["0.weight"])  # neither trained nor pruned


def test_the_same_seed_gives_the_same_bits_and_another_does_not():
    first, second, third = made(), made(), made(seed=5)
    assert equal(first.state, second.state) and first.score == second.score
    assert not equal(first.state, third.state)


def test_shards_are_disjoint_and_without_what_is_held_out():
    result = made()
    shards = np.concatenate(result.shards)
    assert len(shards) == len(set(shards.tolist())) == 96 and len(result.held_out) == 60
    assert not set(shards.tolist()) & set(result.held_out.tolist())
    assert np.bincount(result.held_out % CLASSES).tolist() == [20, 20, 20]


def test_workers_train_on_their_shards_alone_and_the_start_on_no_held_out_sample():
    seen = []

    class Watched(Dataset):
        def __len__(self):
            return COUNT

        def __getitem__(self, index):
            seen.append(index)
            return samples()[index]

    inner = samples()
    Watched.__getitem__ = lambda self, index: (seen.append(index), inner[index])[1]
    result = made(dataset=Watched(), clean_dataset=inner, labels=inner.tensors[1], init_epochs=1.0)
    start, rest = seen[:540], seen[540:]
    assert sorted(start) == sorted(set(range(COUNT)) - set(result.held_out.tolist()))
    for worker, shard in enumerate(result.shards):
        for number in range(3):
            at = (worker * 3 + number) * 32
            assert sorted(rest[at:at + 32]) == sorted(shard.tolist())
    assert len(rest) == 3 * 96


def test_workers_prune_convolutions_and_linear_layers_once_after_training(monkeypatch):
    ingredients = []
    import lipt

    soup = lipt.soup
    monkeypatch.setattr(lipt, "soup", lambda states, **kwargs: ingredients.extend(states) or soup(states, **kwargs),
                        raising=False)
    result = made(density=(0.5, 0.6))
    for state, report in zip(ingredients, result.workers):
        weights = torch.cat([state[name].flatten() for name in ("0.weight", "4.weight")])
        assert 0.49 < report.density < 0.61
        assert (weights != 0).float().mean().item() == pytest.approx(report.density, abs=1e-6)
        assert (state["1.weight"] != 0).all() and (state["0.bias"] != 0).all()
    assert len({report.density for report in result.workers}) == 3
    assert all(report.density == 1 for report in made(density=None).workers)


def test_every_candidate_is_scored_with_statistics_of_its_own():
    clean = samples()
    seen = []

    def score(model):
        seen.append(model[1].running_mean.clone())
        assert not model.training and not torch.is_grad_enabled()
        with torch.no_grad():
            inputs = model[0](clean.tensors[0][np.concatenate(result_shards)])
        torch.testing.assert_close(model[1].running_mean, inputs.mean(0), rtol=1e-4, atol=1e-5)
        return -len(seen)

    result_shards = made().shards
    result = made(score=score, hold_out=0.1, statistics_images=96)
    assert result.score < 0 and len(seen) >= 3 + 2 and not torch.equal(seen[0], seen[1])


def test_given_weights_are_the_start_and_are_not_trained():
    weights = {name: value + 0.01 if value.is_floating_point() else value
               for name, value in network().state_dict().items()}
    result = made(init_weights=weights, init_epochs=None)
    assert equal(result.start, weights) and result.costs[0]["backward"] == 0
    with pytest.raises(RuntimeError, match="4.bias"):
        made(init_weights={name: value for name, value in weights.items() if name != "4.bias"})


def step(model, optimizer, batch, weights):
    optimizer.zero_grad()
    loss = (functional.mse_loss(model(batch["x"]).squeeze(1), batch["y"], reduction="none") * weights).mean()
    loss.backward()
    optimizer.step()
    return loss.item()


class Regression(Dataset):
    def __len__(self):
        return 200

    def __getitem__(self, index):
        x = torch.tensor([math.sin(index), math.cos(index)])
        return {"x": x, "y": x.sum()}


def test_another_kind_of_sample_step_and_score():
    data = Regression()
    everything = {name: torch.stack([data[i][name] for i in range(200)]) for name in ("x", "y")}
    result = made(nn.Linear(2, 1), data, step=step, forward=lambda model, batch: model(batch["x"]),
                  score=lambda model: -functional.mse_loss(model(everything["x"]).squeeze(1), everything["y"]),
                  optimizer=lambda parameters: torch.optim.Adam(parameters, 0.1), density=None,
                  passes=20)
    assert result.start_score < result.score and -0.5 < result.score <= 0


def test_augmentation_is_of_the_workers_and_of_the_start_apart():
    calls = {"worker": 0, "start": 0}

    def counting(name):
        def augment(inputs):
            assert inputs.shape[1:] == (6,)
            calls[name] += 1
            return inputs + 0.1
        return augment

    made(augment=counting("worker"), init_augment=counting("start"), init_epochs=1)
    assert calls == {"worker": 9, "start": 9}  # 540 samples in 9 batches of 64, the last of 28


def test_weights_reach_the_loss_with_mean_one():
    given = []

    def record(model, optimizer, batch, weights):
        given.append((batch[1].clone(), weights.clone()))
        return 0.0

    made(step=record, class_weights=[1, 2, 3], sample_weights=np.full(COUNT, 5.0), init_epochs=1)
    labels, weights = (torch.cat(values) for values in zip(*given))
    assert weights.tolist() == pytest.approx(((labels + 1) / 2).tolist())
    given.clear()
    made(step=record)
    assert all((weights == 1).all() for _, weights in given)


def test_a_weight_of_zero_leaves_a_class_out_of_the_learning():
    result = made(class_weights=[1, 1, 0], density=None, init_epochs=2)
    result.model.eval()
    with torch.no_grad():
        picked = result.model(samples().tensors[0]).argmax(1)
    assert (picked == 2).float().mean() < 0.05


def test_labels_are_found_where_data_sets_have_them():
    class Listed(Dataset):
        targets = [i % CLASSES for i in range(COUNT)]
        inner = samples()

        def __len__(self):
            return COUNT

        def __getitem__(self, index):
            return self.inner[index]

    for dataset in (Listed(), Subset(samples(COUNT + 90), list(range(90, COUNT + 90)))):
        assert np.bincount(made(dataset=dataset).held_out % CLASSES).tolist() == [20, 20, 20]
    made(stratified_shards=True)
    with pytest.raises(Error, match="LIPT-Y34.*labels"):
        made(nn.Linear(2, 1), Regression(), class_weights=[1, 2, 3])
    with pytest.raises(Error, match="LIPT-Y34.*labels"):
        made(nn.Linear(2, 1), Regression(), stratified_shards=True)


def test_a_worker_that_diverged_is_left_out():
    def fails(model, optimizer, batch, weights):
        with torch.no_grad():
            model[4].bias += 0.01
        calls.append(1)
        return math.nan if len(calls) in (4, 5, 6) else 1.0

    calls = []
    result = made(step=fails, init_weights=network().state_dict(), init_epochs=None)
    assert [bool(report.reason) for report in result.workers] == [False, True, False]
    with pytest.raises(Error, match="LIPT-Y36.*no worker"):
        made(step=lambda *_: math.inf, init_weights=network().state_dict(), init_epochs=None)
    with pytest.raises(Error, match="LIPT-Y36.*start"):
        made(step=lambda *_: math.nan)


def test_a_mistake_in_the_callers_code_is_raised_as_it_is():
    def mistaken(*_):
        raise KeyError("mine")

    for name in ("step", "augment", "score", "optimizer"):
        with pytest.raises(KeyError, match="mine"):
            made(**{name: mistaken})


@pytest.mark.parametrize("changed", [{"workers": 0}, {"minibatches": 0}, {"worker_batch_size": 1.5}, {"passes": -1},
                                     {"init_epochs": math.nan}, {"hold_out": 0}, {"hold_out": 1}, {"density": (0, 1)},
                                     {"density": (0.9, 0.8)}, {"seed": -1}, {"processes": -1}, {"labels": [1, 2]},
                                     {"sample_weights": [1.0]}, {"class_weights": [1.0]}, {"class_weights": [0, 0, 0]},
                                     {"sample_weights": np.full(COUNT, -1.0)}])
def test_arguments_out_of_range_are_refused(changed):
    with pytest.raises(Error, match="LIPT-Y34"):
        made(**changed)


def test_what_is_no_model_or_no_data_set_is_refused():
    for model, dataset in ((lambda x: x, samples()), (network(), iter([1]))):
        with pytest.raises(Error, match="LIPT-Y34"):
            pretrain(model, dataset)
    with pytest.raises(Error, match="LIPT-Q02"):
        made(workers=100)


@pytest.mark.parametrize("changed", [{"loss": functional.cross_entropy}, {"step": lambda *_: None},
                                     {"step": lambda *_: torch.zeros(2)}, {"score": lambda model: "good"}])
def test_steps_and_scores_that_do_not_fit_are_refused(changed):
    with pytest.raises(Error, match="LIPT-Y35"):
        made(**changed)
    with pytest.raises(Error, match="LIPT-Y35.*step="):
        made(nn.Linear(2, 1), Regression())


def test_progress_counts_every_stage():
    seen = []
    made(progress=lambda *what: seen.append(what))
    assert seen[:4] == [("init", 1, 1), ("local", 1, 3), ("local", 2, 3), ("local", 3, 3)]
    merges = seen[4:]
    assert [done for _, done, _ in merges] == list(range(1, len(merges) + 1))
    assert {stage for stage, _, _ in merges} == {"merge"} and merges[-1][1] <= merges[-1][2]


def test_processes_and_devices_give_what_one_process_gives():
    torch.set_num_threads(1)
    alone = made()
    beside = made(processes=2)
    turns = made(devices=["cpu", "cpu"])
    for other in (beside, turns):
        assert all(np.array_equal(a, b) for a, b in zip(alone.shards, other.shards))
        for name, value in alone.state.items():
            torch.testing.assert_close(value, other.state[name], rtol=1e-4, atol=1e-5)
        assert [w.density for w in alone.workers] == [w.density for w in other.workers]


class Exits(TensorDataset):
    def __getitem__(self, index):
        import multiprocessing
        import os
        if multiprocessing.parent_process() is not None:
            os._exit(3)
        return super().__getitem__(index)


def test_a_process_that_ends_is_an_error_that_says_so():
    with pytest.raises(Error, match="LIPT-Y36.*process"):
        made(dataset=Exits(*samples().tensors), processes=2)

"""Soups and masks of PyTorch's state dicts."""

import io

import numpy as np
import pytest
import torch

import lipt


def network(seed):
    torch.manual_seed(seed)
    made = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.Flatten(),
                               torch.nn.Linear(16, 2))
    made(torch.randn(5, 3, 4, 4))  # so that there are statistics
    return made


def test_a_network_takes_its_soup():
    models = [network(seed) for seed in range(3)]
    states = [one.state_dict() for one in models]
    before = [{name: value.clone() for name, value in one.items()} for one in states]
    made = lipt.soup(states, method="uniform")
    assert all(isinstance(value, torch.Tensor) and not value.requires_grad for value in made.weights.values())
    taker = network(9)
    taker.load_state_dict(made.weights, strict=True)
    assert made.weights._metadata == states[0]._metadata
    steps = made.weights["1.num_batches_tracked"]
    assert steps.dtype == torch.int64 and steps.shape == () and steps.item() == 1
    mean = sum(one["3.weight"].double() for one in states) / 3
    assert torch.equal(made.weights["3.weight"], mean.float())
    assert all(torch.equal(a[name], b[name]) for a, b in zip(states, before) for name in a)
    buffer = io.BytesIO()
    torch.save(made.weights, buffer)


def test_counters_masks_and_halves():
    models = [{"w": torch.full((3,), float(value)), "bn.num_batches_tracked": torch.tensor(steps),
               "ids": torch.arange(4), "mask": torch.tensor([True, False])}
              for value, steps in ((1, 1), (2, 2), (6, 4))]
    made = lipt.soup(models, method="uniform").weights
    assert {name: (value.dtype, tuple(value.shape), value.tolist()) for name, value in made.items()} == {
        "w": (torch.float32, (3,), [3, 3, 3]), "bn.num_batches_tracked": (torch.int64, (), 4),
        "ids": (torch.int64, (4,), [0, 1, 2, 3]), "mask": (torch.bool, (2,), [True, False])}
    for kind, value in ((torch.float16, 60000), (torch.bfloat16, 59904)):
        soup = lipt.soup([{"w": torch.full((2,), 60000., dtype=kind)}] * 3, method="uniform").weights["w"]
        assert soup.dtype == kind and soup.tolist() == [value, value]


def test_bfloat16_is_rounded_once():
    torch.manual_seed(0)
    models = [{"w": torch.randn(1000).bfloat16()} for _ in range(3)]
    mean = (sum(one["w"].double() for one in models) / 3).bfloat16()
    assert torch.equal(lipt.soup(models, method="uniform").weights["w"], mean)


def test_tied_weights_stay_tied():
    def tied(value):
        weight = torch.full((2, 2), value)
        return {"in": weight, "out": weight}

    made = lipt.soup([tied(1.), tied(2.)], method="uniform").weights
    assert made["in"].data_ptr() == made["out"].data_ptr() and made["in"].tolist() == [[1.5, 1.5]] * 2
    loose = lipt.soup([tied(1.), {"in": torch.ones(2, 2), "out": torch.zeros(2, 2)}], method="uniform").weights
    assert loose["in"].tolist() == [[1, 1]] * 2 and loose["out"].tolist() == [[.5, .5]] * 2


def test_views_parameters_and_empty_tensors():
    weight = torch.arange(6.).reshape(2, 3)
    one = {"w": torch.nn.Parameter(weight), "none": torch.empty(0, 3)}
    two = {"w": (weight * 3).T.contiguous().T, "none": torch.empty(0, 3)}
    made = lipt.soup([one, two], method="uniform").weights
    assert torch.equal(made["w"], weight * 2) and made["none"].shape == (0, 3)
    assert one["w"].requires_grad


def test_greedy_with_a_network():
    models = [network(seed) for seed in range(3)]
    inputs = torch.randn(8, 3, 4, 4)
    target = models[1].eval()(inputs)
    taker = network(7).eval()

    def score(weights):
        taker.load_state_dict(weights)
        with torch.no_grad():
            return -(taker(inputs) - target).square().mean()

    made = lipt.soup([one.state_dict() for one in models], score)
    assert made.ingredients[0]["ingredient"] == 1 and made.score == 0


def test_what_is_no_model_is_refused():
    def code(models):
        with pytest.raises(lipt.Error) as caught:
            lipt.soup(models, method="uniform")
        return caught.value.code, str(caught.value)

    assert code([network(0)])[0] == "LIPT-Y40" and "state_dict()" in code([network(0)])[1]
    assert code([{"state_dict": network(0).state_dict(), "epoch": 3}])[0] == "LIPT-Y42"
    assert code([{"w": torch.ones(2).to_sparse()}])[0] == "LIPT-Y41"
    assert code([{"w": torch.ones(2, dtype=torch.complex64)}])[0] == "LIPT-Y41"
    assert code([{"w": torch.ones(2)}, {"w": torch.ones(2).half()}])[0] == "LIPT-S11"
    assert code([{"w": torch.ones(2), "_extra_state": None}])[0] == "LIPT-Y41"


def test_files_of_the_safetensors_package(tmp_path):
    import safetensors.torch as files
    for value in (1, 3):
        tensors = {"w": torch.full((2,), float(value)).bfloat16(), "n": torch.tensor(value)}
        files.save_file(tensors, tmp_path / str(value))
    lipt.soup([tmp_path / "1", tmp_path / "3"], method="uniform", out=tmp_path / "soup")
    read = files.load_file(tmp_path / "soup")
    assert read["w"].dtype == torch.bfloat16 and read["w"].tolist() == [2, 2] and read["n"].item() == 3


def test_masks_of_tensors():
    weights = {"w": torch.tensor([[3., -1.], [2., -4.]]), "b": torch.ones(2)}
    mask = lipt.magnitude_mask(weights, density=.5)
    assert mask["w"].dtype == torch.bool and mask["w"].tolist() == [[True, False], [False, True]] and len(mask) == 1
    weights["w"] *= mask["w"]
    assert weights["w"].tolist() == [[3, 0], [0, -4]]


def test_labels_of_a_tensor():
    labels = torch.arange(60) % 3
    shards = lipt.plan_shards(labels, workers=2, batch_size=15)
    assert all(np.array_equal(a, b) for a, b in zip(shards, lipt.plan_shards(labels.numpy(), workers=2, batch_size=15)))

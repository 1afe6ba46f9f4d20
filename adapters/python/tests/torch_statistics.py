"""Batch-norm statistics made anew: short batches, own loaders, a model that is left as it was."""
import copy

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from lipt import Error
from lipt.torch import update_batch_norm

VALUES = torch.tensor([[0.0], [2.0], [4.0], [6.0], [8.0]])


def network():
    made = nn.Sequential(nn.BatchNorm1d(1), nn.Dropout(0.5))
    made[1].eval()
    return made


def loader(size):
    return DataLoader(TensorDataset(VALUES, torch.zeros(5)), size)


@pytest.mark.parametrize("size", [5, 4, 3, 2, 1])
def test_mean_and_unbiased_variance_of_every_size_of_batch(size):
    model = network()
    update_batch_norm(model, loader(size))
    layer = model[0]
    assert (layer.running_mean.item(), layer.running_var.item(), layer.momentum) == (4, 10, 0.1)
    assert (model.training, layer.training, model[1].training) == (True, True, False)
    assert layer.num_batches_tracked.item() == -(-5 // size)
    assert not layer._forward_pre_hooks


def test_images_and_a_layer_behind_another():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 5, 1),
                          nn.BatchNorm2d(5, momentum=None))
    images = torch.randn(7, 3, 6, 6) * 3 + 50
    with torch.no_grad():
        first = model[0](images)
        second = model[3](functional_normal(first, model[1]))
    update_batch_norm(model, [images])
    for layer, values in ((model[1], first), (model[4], second)):
        flat = values.transpose(0, 1).flatten(1)
        torch.testing.assert_close(layer.running_mean, flat.mean(1))
        torch.testing.assert_close(layer.running_var, flat.var(1), rtol=1e-4, atol=1e-6)
    assert model[4].momentum is None


def functional_normal(values, layer):
    return torch.relu(nn.functional.batch_norm(values, None, None, layer.weight, layer.bias, True, 0.0, layer.eps))


def test_the_first_layer_does_not_depend_on_how_batches_are_cut():
    values = torch.randn(1000, 8, generator=torch.Generator().manual_seed(1)) * 0.01 + 1000
    results = []
    for size in (1000, 64, 1):
        model = nn.BatchNorm1d(8)
        update_batch_norm(model, values.split(size))
        results.append((model.running_mean.clone(), model.running_var.clone()))
    for mean, variance in results[1:]:
        torch.testing.assert_close(mean, results[0][0], rtol=1e-7, atol=0)
        torch.testing.assert_close(variance, results[0][1], rtol=1e-3, atol=0)


def test_batches_of_other_kinds():
    for batch in ([VALUES, 0, 0], (VALUES,), VALUES):
        model = network()
        update_batch_norm(model, [batch])
        assert model[0].running_mean.item() == 4
    with pytest.raises(Error, match="LIPT-Y30.*forward"):
        update_batch_norm(network(), [{"image": VALUES}])
    model = network()
    update_batch_norm(model, [{"image": VALUES}], forward=lambda model, batch: model(batch["image"]))
    assert model[0].running_mean.item() == 4


def broken():
    yield VALUES[:3]
    raise OSError("disk")


@pytest.mark.parametrize("batches, failure", [(broken, OSError), (lambda: [VALUES, {"image": VALUES}], Error),
                                              (lambda: [], Error), (lambda: [VALUES, torch.zeros(3, 2)], RuntimeError)])
def test_after_a_failure_all_is_as_before(batches, failure):
    model = network()
    update_batch_norm(model, [VALUES[:2]])
    before, modes = copy.deepcopy(model.state_dict()), [module.training for module in model.modules()]
    with pytest.raises(failure):
        update_batch_norm(model, batches())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert [module.training for module in model.modules()] == modes and model[0].momentum == 0.1
    assert not model[0]._forward_pre_hooks


def test_nothing_to_read_is_refused():
    with pytest.raises(Error, match="LIPT-Y31"):
        update_batch_norm(network(), [])


def test_dropout_is_off_and_frozen_layers_stay_frozen():
    model = nn.Sequential(nn.Dropout(0.9), nn.BatchNorm1d(1))
    model[1].eval()
    update_batch_norm(model, loader(2))
    assert (model[1].running_mean.item(), model[1].running_var.item()) == (4, 10)
    assert model[0].training and not model[1].training


def test_models_without_statistics_are_not_run():
    def refuse(*_):
        raise AssertionError("run")

    update_batch_norm(nn.Sequential(nn.Linear(1, 1), nn.BatchNorm1d(1, track_running_stats=False)), [VALUES], refuse)


def test_a_layer_that_no_sample_reaches_keeps_its_statistics():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.used, self.unused = nn.BatchNorm1d(1), nn.BatchNorm1d(1)

        def forward(self, x):
            return self.used(x)

    model = Two()
    update_batch_norm(model, [VALUES])
    assert model.used.running_mean.item() == 4
    assert (model.unused.running_mean.item(), model.unused.running_var.item()) == (0, 1)

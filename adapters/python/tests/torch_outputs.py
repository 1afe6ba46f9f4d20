"""One pass of a model over a data set: order, modes, hooks, which layer, files."""
import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

from lipt import Error
from lipt.torch import outputs

INPUTS = torch.from_numpy(np.random.default_rng(0).normal(size=(120, 8)).astype(np.float32))
LABELS = torch.arange(120) % 3


def network():
    torch.manual_seed(0)
    made = nn.Sequential(nn.Linear(8, 16), nn.BatchNorm1d(16), nn.Dropout(0.5), nn.Linear(16, 3))
    made.train()
    made[2].eval()
    return made


def loader(size=32, **changed):
    return DataLoader(TensorDataset(INPUTS, LABELS), size, **changed)


class Heads(nn.Module):
    """Two heads, and a choice of what is returned; the classifier is not the last linear layer."""

    def __init__(self, returns="fc"):
        super().__init__()
        self.body, self.fc, self.other = nn.Linear(8, 16), nn.Linear(16, 3), nn.Linear(16, 3)
        self.returns = returns

    def forward(self, x):
        x = functional.relu(self.body(x))
        fc, other = self.fc(x), self.other(x)
        if self.returns == "twice":
            return self.fc(x)
        return {"fc": fc, "sum": fc + other, "log": functional.log_softmax(fc, 1)}[self.returns]


def test_rows_are_in_the_data_sets_order_and_embeddings_are_the_classifiers_input():
    model = network()
    made, again = outputs(model, loader()), outputs(model, loader(7, num_workers=2))
    assert made.labels.tolist() == LABELS.tolist() and made.labels.dtype == np.int64
    assert made.embeddings.shape == (120, 16) and made.embeddings.dtype == made.logits.dtype == np.float32
    by_hand = made.embeddings @ model[3].weight.detach().numpy().T + model[3].bias.detach().numpy()
    np.testing.assert_allclose(by_hand, made.logits, atol=1e-5)
    np.testing.assert_allclose(made.logits, again.logits, atol=1e-6)
    model.eval()
    with torch.no_grad():
        np.testing.assert_allclose(model(INPUTS).numpy(), made.logits, atol=1e-6)
    assert list({**made}) == ["logits", "embeddings", "labels"]


@pytest.mark.parametrize("fails", [False, True])
def test_the_model_is_left_as_it_was(fails):
    model = network()
    before = copy.deepcopy(model.state_dict())
    data = TensorDataset(torch.cat([INPUTS, torch.zeros(1, 8)])) if not fails else [INPUTS[0]] * 40 + [INPUTS[0, :3]]
    if fails:
        with pytest.raises(RuntimeError):
            outputs(model, DataLoader(data, 8, collate_fn=lambda items: torch.stack(items)))
    else:
        outputs(model, DataLoader(data, 8))
    assert [module.training for module in model] == [True, True, False, True] and model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())
    assert model[0].weight.grad is None and model[0].weight.requires_grad


@pytest.mark.parametrize("changed", [{"shuffle": True}, {"drop_last": True}, {"sampler": [5, 3, 1]},
                                     {"batch_sampler": [[1, 2], [3]], "size": 1}])
def test_loaders_out_of_order_are_refused(changed):
    with pytest.raises(Error, match="LIPT-Y27.*DataLoader"):
        outputs(network(), loader(**changed))


def test_what_is_no_loader_of_a_data_set_is_refused():
    class Stream(torch.utils.data.IterableDataset):
        def __iter__(self):
            return iter(INPUTS)

    for given in ([INPUTS], DataLoader(Stream(), 4), DataLoader(TensorDataset(INPUTS[:0]), 4)):
        with pytest.raises(Error, match="LIPT-Y27"):
            outputs(network(), given)


def test_the_classifier_is_the_layer_whose_output_the_model_returns():
    model = Heads()
    made = outputs(model, loader())
    by_hand = made.embeddings @ model.fc.weight.detach().numpy().T + model.fc.bias.detach().numpy()
    np.testing.assert_allclose(by_hand, made.logits, atol=1e-5)


@pytest.mark.parametrize("returns", ["sum", "log", "twice"])
def test_models_without_a_sure_classifier_are_refused_or_told(returns):
    model = Heads(returns)
    with pytest.raises(Error, match="LIPT-Y28.*layer"):
        outputs(model, loader())
    assert not any(module._forward_hooks for module in model.modules())
    if returns != "twice":
        named, given = outputs(model, loader(), layer="fc"), outputs(model, loader(), layer=model.fc)
        expected = outputs(Heads_like(model), loader())
        np.testing.assert_array_equal(named.embeddings, expected.embeddings)
        np.testing.assert_array_equal(given.embeddings, expected.embeddings)
    with pytest.raises(Error, match="LIPT-Y28.*body, fc, other"):
        outputs(model, loader(), layer="head")
    with pytest.raises(Error, match="LIPT-Y28"):
        outputs(model, loader(), layer=nn.Linear(1, 1))


def Heads_like(model):
    made = Heads()
    made.load_state_dict(model.state_dict())
    return made


def test_a_layer_that_is_not_linear_and_a_wrapped_model():
    model = nn.Sequential(nn.Unflatten(1, (2, 4)), nn.Conv1d(2, 3, 4), nn.Flatten())
    made = outputs(model, loader(), layer="1")
    np.testing.assert_array_equal(made.embeddings, INPUTS.numpy())
    plain = network()
    np.testing.assert_array_equal(outputs(nn.DataParallel(plain), loader()).logits, outputs(plain, loader()).logits)


def test_files_are_whole_or_not_there(tmp_path):
    kept = outputs(network(), loader())
    made = outputs(network(), loader(), to=tmp_path / "out")
    for name in ("logits", "embeddings", "labels"):
        assert isinstance(made[name], np.memmap)
        np.testing.assert_array_equal(made[name], kept[name])
        np.testing.assert_array_equal(np.load(tmp_path / "out" / f"{name}.npy"), kept[name])
    assert len(list((tmp_path / "out").iterdir())) == 3

    class Breaks(TensorDataset):
        def __getitem__(self, index):
            if index == 100:
                raise OSError("disk")
            return super().__getitem__(index)

    with pytest.raises(OSError, match="disk"):
        outputs(network(), DataLoader(Breaks(INPUTS, LABELS), 32), to=tmp_path / "broken")
    assert list((tmp_path / "broken").iterdir()) == []


def test_dictionaries_and_labels_of_another_kind():
    data = [{"image": x, "label": int(y), "name": "n"} for x, y in zip(INPUTS, LABELS)]
    with pytest.raises(Error, match="LIPT-Y29.*forward"):
        outputs(network(), DataLoader(data, 32))
    made = outputs(network(), DataLoader(data, 32), forward=lambda model, batch: model(batch["image"]),
                   labels=lambda batch: batch["label"])
    np.testing.assert_array_equal(made.logits, outputs(network(), loader()).logits)
    assert made.labels.tolist() == LABELS.tolist()
    several = DataLoader(TensorDataset(INPUTS, torch.zeros(120, 3)), 32)
    with pytest.raises(Error, match="LIPT-Y29.*labels=False"):
        outputs(network(), several)
    assert outputs(network(), several, labels=False).labels is None
    assert list(outputs(network(), DataLoader(INPUTS, 32)).keys()) == ["logits", "embeddings"]


def test_outputs_that_are_no_logits_are_refused():
    with pytest.raises(Error, match="LIPT-Y29.*logits"):
        outputs(nn.Sequential(nn.Linear(8, 3), nn.Flatten(0)), loader())


def test_half_precision_becomes_float32():
    model = network().to(torch.bfloat16)
    made = outputs(model, DataLoader(TensorDataset(INPUTS.to(torch.bfloat16), LABELS), 32))
    assert made.logits.dtype == made.embeddings.dtype == np.float32


def test_another_device_gets_a_copy():
    model = network()
    made = outputs(model, loader(), device="cpu")
    np.testing.assert_array_equal(made.logits, outputs(model, loader()).logits)
    with pytest.raises(NotImplementedError):  # a device without values: the model's copy goes there, the model stays
        outputs(model, loader(), device="meta")
    assert model[0].weight.device.type == "cpu"

"""LiPT's networks and their files."""
import json
import struct

import numpy as np
import pytest
import torch
from torch.nn import functional

from lipt import Error
from lipt.torch import networks

# Names, shapes and order of resnet8 and wrn-10-2 in LiPT's files, batch-norms written as one.
RESNET8 = """conv1 16,3,3,3 / bn1 16 / layer1.0.conv1 16,16,3,3 / layer1.0.bn1 16 / layer1.0.conv2 16,16,3,3 /
layer1.0.bn2 16 / layer2.0.conv1 32,16,3,3 / layer2.0.bn1 32 / layer2.0.conv2 32,32,3,3 / layer2.0.bn2 32 /
layer2.0.shortcut.0 32,16,1,1 / layer2.0.shortcut.1 32 / layer3.0.conv1 64,32,3,3 / layer3.0.bn1 64 /
layer3.0.conv2 64,64,3,3 / layer3.0.bn2 64 /
layer3.0.shortcut.0 64,32,1,1 / layer3.0.shortcut.1 64 / linear 10,64"""
WRN_10_2 = """conv1 16,3,3,3 / layer1.0.bn1 16 / layer1.0.conv1 32,16,3,3 / layer1.0.bn2 32 / layer1.0.conv2 32,32,3,3 /
layer1.0.shortcut 32,16,1,1 / layer2.0.bn1 32 / layer2.0.conv1 64,32,3,3 / layer2.0.bn2 64 / layer2.0.conv2 64,64,3,3 /
layer2.0.shortcut 64,32,1,1 / layer3.0.bn1 64 / layer3.0.conv1 128,64,3,3 / layer3.0.bn2 128 /
layer3.0.conv2 128,128,3,3 / layer3.0.shortcut 128,64,1,1 / bn1 128 / linear 10,128"""


def layout(text):
    for entry in text.replace("\n", " ").split(" / "):
        name, shape = entry.split()
        shape = tuple(map(int, shape.split(",")))
        yield name + ".weight", shape
        if len(shape) == 1:
            for part in ("bias", "running_mean", "running_var"):
                yield f"{name}.{part}", shape
        elif len(shape) == 2:
            yield name + ".bias", shape[:1]


def random_network(name, **sizes):
    torch.manual_seed(3)
    model = networks.make(name, **sizes)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.uniform_(module.bias, -0.3, 0.3)
            module.running_mean.uniform_(-0.3, 0.3)
            module.running_var.uniform_(0.5, 1.5)
    return model.eval()


@pytest.mark.parametrize("name, text", [("resnet8", RESNET8), ("wrn-10-2", WRN_10_2)])
def test_names_shapes_and_order_are_those_of_the_files(tmp_path, name, text):
    model = networks.make(name)
    networks.save(model, tmp_path / "w.safetensors")
    data = (tmp_path / "w.safetensors").read_bytes()
    head = json.loads(data[8:8 + struct.unpack("<Q", data[:8])[0]])
    assert [(key, tuple(entry["shape"])) for key, entry in head.items()] == list(layout(text))
    assert {entry["dtype"] for entry in head.values()} == {"F32"}


@pytest.mark.parametrize("model, count", [(networks.resnet8(channels=1), 77_754), (networks.resnet18(), 11_173_962),
                                          (networks.wrn(28, 10, classes=100), 36_536_884)])
def test_parameters_are_as_many_as_papers_and_programs_count(model, count):
    assert sum(parameter.numel() for parameter in model.parameters()) == count


def norm(weights, name, x):
    values = (weights[f"{name}.{part}"][:, None, None] for part in ("running_mean", "running_var", "weight", "bias"))
    mean, variance, scale, shift = values
    return scale * (x - mean) / torch.sqrt(variance + 1e-5) + shift


def by_hand(weights, x, stages, is_wide):
    """The same networks from the description of their layers, in double."""
    def conv(name, x, stride=1):
        weight = weights[name + ".weight"]
        return functional.conv2d(x, weight, stride=stride, padding=weight.shape[-1] // 2)

    x = conv("conv1", x)
    x = x if is_wide else norm(weights, "bn1", x).relu()
    for stage in range(3):
        for block in range(stages):
            at, stride = f"layer{stage + 1}.{block}.", 2 if stage and not block else 1
            if is_wide:
                active = norm(weights, at + "bn1", x).relu()
                inner = conv(at + "conv2", norm(weights, at + "bn2", conv(at + "conv1", active, stride)).relu())
                x = inner + (conv(at + "shortcut", active, stride) if at + "shortcut.weight" in weights else x)
                continue
            inner = norm(weights, at + "bn1", conv(at + "conv1", x, stride)).relu()
            inner = norm(weights, at + "bn2", conv(at + "conv2", inner))
            projected = at + "shortcut.0.weight" in weights
            x = norm(weights, at + "shortcut.1", conv(at + "shortcut.0", x, stride)) if projected else x
            x = (inner + x).relu()
    x = norm(weights, "bn1", x).relu() if is_wide else x
    return x.mean((2, 3)) @ weights["linear.weight"].T + weights["linear.bias"]


@pytest.mark.parametrize("name, stages, is_wide", [("resnet8", 1, False), ("resnet14", 2, False), ("wrn-10-1", 1, True),
                                                   ("wrn-16-2", 2, True)])
def test_logits_are_those_of_the_layers(name, stages, is_wide):
    model = random_network(name, classes=7, channels=2)
    images = torch.randn(3, 2, 12, 10)
    weights = {key: value.double() for key, value in model.state_dict().items()}
    with torch.no_grad():
        torch.testing.assert_close(model(images).double(), by_hand(weights, images.double(), stages, is_wide),
                                   rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name, sizes", [("resnet8", {}), ("resnet20", {"channels": 1}), ("resnet18", {"classes": 3}),
                                         ("wrn-10-1", {}), ("wrn-16-2", {"classes": 5})])
def test_a_file_says_which_network_it_is_and_comes_back_bit_for_bit(tmp_path, name, sizes):
    model, path = random_network(name, **sizes), tmp_path / "w.safetensors"
    networks.save(model, path, {"config": "ä", "about": "1"})
    again = networks.load(path)
    assert type(again) is type(model)
    for key, value in model.state_dict().items():
        assert torch.equal(value, again.state_dict()[key]), key
    networks.save(again, tmp_path / "again.safetensors", {"about": "1", "config": "ä"})
    assert path.read_bytes() == (tmp_path / "again.safetensors").read_bytes()
    assert len(list(tmp_path.iterdir())) == 2


def test_files_of_other_programs_load(tmp_path):
    """Counters of batches and momentum are passed over, the order in the file does not matter."""
    model, path = random_network("resnet8"), tmp_path / "w.safetensors"
    tensors = {key: value.numpy() for key, value in reversed(list(model.state_dict().items()))}
    head, parts, end = {}, [], 0
    for key, value in {**tensors, "momentum.conv1.weight": tensors["conv1.weight"]}.items():
        parts.append(value.tobytes())
        head[key] = {"dtype": {"float32": "F32", "int64": "I64"}[value.dtype.name], "shape": list(value.shape),
                     "data_offsets": [end, end + len(parts[-1])]}
        end += len(parts[-1])
    text = json.dumps(head).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(parts))
    again = networks.load(path)
    assert torch.equal(again.layer3[0].conv2.weight, model.layer3[0].conv2.weight)
    assert torch.equal(again.bn1.running_var, model.bn1.running_var)


def test_weights_of_another_network_are_refused_and_nothing_is_written(tmp_path):
    networks.save(random_network("resnet8", channels=1), tmp_path / "w.safetensors")
    model = networks.resnet8(channels=3)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    with pytest.raises(Error, match=r"LIPT-Y33.*\(16, 1, 3, 3\) conv1.weight.*\(16, 3, 3, 3\)"):
        networks.load(tmp_path / "w.safetensors", model)
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    networks.save(torch.nn.Linear(2, 3), tmp_path / "own.safetensors")
    with pytest.raises(Error, match="LIPT-Y33.*none of the networks"):
        networks.load(tmp_path / "own.safetensors")
    own = torch.nn.Linear(2, 3)
    assert networks.load(tmp_path / "own.safetensors", own) is own
    with pytest.raises(Error, match="LIPT-Y33.*float32"):
        networks.save(own.double(), tmp_path / "double.safetensors")


@pytest.mark.parametrize("damage", [lambda data: data[:-1], lambda data: data[:7], lambda data: data + b"\0",
                                    lambda data: b"\xff" * 8 + data[8:], lambda data: data.replace(b'"F32"', b'"X32"'),
                                    lambda data: data.replace(b'"dtype"', b'"Dtype"')])
def test_damaged_files_are_refused(tmp_path, damage):
    path = tmp_path / "w.safetensors"
    networks.save(torch.nn.Linear(2, 3), path)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(Error, match="LIPT-Y33.*w.safetensors"):
        networks.load(path, torch.nn.Linear(2, 3))
    with pytest.raises(Error, match="LIPT-Y33.*missing"):
        networks.load(tmp_path / "missing")


@pytest.mark.parametrize("name", ["resnet9", "resnet50", "resnet2", "wrn-15-1", "wrn-50-2", "wrn-16-0", "vgg",
                                  "Resnet8"])
def test_unknown_names_are_refused(name):
    with pytest.raises(Error, match="LIPT-Y32"):
        networks.make(name)


def test_pixels_are_normalised_a_channel_each():
    pixels = torch.tensor([0, 255], dtype=torch.uint8).reshape(1, 2, 1, 1)
    assert networks.normalised(pixels).flatten().tolist() == [-2, 2]
    made = networks.normalised(pixels, (0.0, 0.5), (0.5, 0.25))
    assert made.flatten().tolist() == [0, 2] and made.dtype == torch.float32


def test_the_start_is_he_normal_over_fan_out():
    torch.manual_seed(0)
    model = networks.resnet18()
    weight = model.layer4[1].conv2.weight
    assert weight.std().item() == pytest.approx((2 / (512 * 9)) ** 0.5, rel=0.01)
    assert model.linear.weight.abs().max().item() <= 1 / np.sqrt(512)

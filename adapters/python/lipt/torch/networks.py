"""LiPT's networks as PyTorch modules, and their weights to and from the safetensors files of its runs, bit for bit.

    model = lipt.torch.networks.load("run/soup.safetensors")          # which network it is follows from the file
    model = lipt.torch.networks.resnet20(classes=10, channels=3)      # or make("wrn-16-2", classes=100)
    lipt.torch.networks.save(model, "start.safetensors")              # for `lipt run --init-weights`

Names and order of the weights are those of LiPT's files. The input is (B,ch,h,w) float32, normalised as LiPT does:
`normalised(pixels, mean, deviation)`.
"""
from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from lipt._errors import Error
from lipt.torch import _files
from lipt.torch._host import host

__all__ = ["BasicBlock", "PreactivationBlock", "ResNet", "WideResNet", "make", "resnet8", "resnet20", "resnet18", "wrn",
           "load", "save", "normalised"]

_MOMENTUM, _COUNTER = "momentum.", "num_batches_tracked"


def _convolution(inputs: int, outputs: int, size: int, stride: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False)


class BasicBlock(nn.Module):
    """Two 3x3 convolutions, the stride on the first, and a shortcut that is projected where shapes differ."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = _convolution(inputs, outputs, 3, stride), nn.BatchNorm2d(outputs)
        self.conv2, self.bn2 = _convolution(outputs, outputs, 3, 1), nn.BatchNorm2d(outputs)
        self.shortcut = nn.Sequential()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(_convolution(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        inner = functional.relu(self.bn1(self.conv1(x)))
        return functional.relu(self.bn2(self.conv2(inner)) + self.shortcut(x))


class PreactivationBlock(nn.Module):
    """Batch-norm and ReLU before each of two 3x3 convolutions; the shortcut starts behind the first of them."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.bn1, self.conv1 = nn.BatchNorm2d(inputs), _convolution(inputs, outputs, 3, stride)
        self.bn2, self.conv2 = nn.BatchNorm2d(outputs), _convolution(outputs, outputs, 3, 1)
        self.shortcut = _convolution(inputs, outputs, 1, stride) if stride != 1 or inputs != outputs else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        active = functional.relu(self.bn1(x))
        inner = self.conv2(functional.relu(self.bn2(self.conv1(active))))
        return inner + (x if self.shortcut is None else self.shortcut(active))


class _Stages(nn.Module):
    """What both families share: stages of blocks under the names layer1, layer2, ..."""

    def _add_stages(self, block: Callable[[int, int, int], nn.Module], inputs: int, widths: Sequence[int],
                    blocks: int) -> None:
        for stage, width in enumerate(widths):
            made = []
            for number in range(blocks):
                made.append(block(inputs, width, 2 if stage > 0 and number == 0 else 1))
                inputs = width
            self.add_module(f"layer{stage + 1}", nn.Sequential(*made))
        self._stages = len(widths)

    def _through_stages(self, x: torch.Tensor) -> torch.Tensor:
        for stage in range(self._stages):
            x = getattr(self, f"layer{stage + 1}")(x)
        return x

    def _start(self) -> None:
        """Convolutions He-normal over fan-out, the linear layer uniform within 1/sqrt(inputs)."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            elif isinstance(module, nn.Linear):
                bound = 1 / math.sqrt(module.in_features)
                nn.init.uniform_(module.weight, -bound, bound)
                nn.init.uniform_(module.bias, -bound, bound)


class ResNet(_Stages):
    """ResNet of basic blocks for small images: 3x3 stem, no max-pool, projection shortcuts. source: [He2016]"""

    def __init__(self, widths: Sequence[int], blocks: int, classes: int = 10, channels: int = 3) -> None:
        super().__init__()
        self.conv1, self.bn1 = _convolution(channels, widths[0], 3, 1), nn.BatchNorm2d(widths[0])
        self._add_stages(BasicBlock, widths[0], widths, blocks)
        self.linear = nn.Linear(widths[-1], classes)
        self._start()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """shapes: images (B,ch,h,w), result (B,C)"""
        x = self._through_stages(functional.relu(self.bn1(self.conv1(images))))
        return self.linear(x.mean((2, 3)))


class WideResNet(_Stages):
    """Wide ResNet, pre-activation, of depth 6*blocks + 4. source: [Zagoruyko2016]"""

    def __init__(self, blocks: int, width: int, classes: int = 10, channels: int = 3) -> None:
        super().__init__()
        self.conv1 = _convolution(channels, 16, 3, 1)
        self._add_stages(PreactivationBlock, 16, [16 * width, 32 * width, 64 * width], blocks)
        self.bn1, self.linear = nn.BatchNorm2d(64 * width), nn.Linear(64 * width, classes)
        self._start()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """shapes: images (B,ch,h,w), result (B,C)"""
        x = functional.relu(self.bn1(self._through_stages(self.conv1(images))))
        return self.linear(x.mean((2, 3)))


def resnet8(classes: int = 10, channels: int = 3) -> ResNet:
    """ResNet-8 of widths 16-32-64, for two cores."""
    return ResNet((16, 32, 64), 1, classes, channels)


def resnet20(classes: int = 10, channels: int = 3) -> ResNet:
    """ResNet-20 of widths 16-32-64."""
    return ResNet((16, 32, 64), 3, classes, channels)


def resnet18(classes: int = 10, channels: int = 3) -> ResNet:
    """ResNet-18 for 32x32 images: widths 64 to 512, 11,173,962 parameters at 10 classes."""
    return ResNet((64, 128, 256, 512), 2, classes, channels)


def wrn(depth: int, width: int, classes: int = 10, channels: int = 3) -> WideResNet:
    """Wide-ResNet-depth-width, e.g. wrn(28, 10). errors: Y32 a depth that is not 6m+4 or below 10, a width below 1"""
    if depth < 10 or depth % 6 != 4 or width < 1:
        raise Error(f"[LIPT-Y32] networks: wrn({depth}, {width}), expected a depth of 10, 16, 22, 28, ... and a "
                    "width from 1")
    return WideResNet((depth - 4) // 6, width, classes, channels)


def make(name: str, classes: int = 10, channels: int = 3) -> ResNet | WideResNet:
    """A network by LiPT's name for it: resnet8, resnet20, resnet18, another resnet<6m+2>, wrn-<6m+4>-<width>.

    errors: Y32 another name; torchvision has resnet18-224 (its resnet18) and wrn-50-2 (its wide_resnet50_2), in the
    names and order of LiPT's files
    """
    if name == "resnet18":
        return resnet18(classes, channels)
    if (found := re.fullmatch(r"resnet(\d{1,4})", name)) and name not in ("resnet50", "resnet152"):
        depth = int(found[1])
        if depth >= 8 and depth % 6 == 2:
            return ResNet((16, 32, 64), (depth - 2) // 6, classes, channels)
    if name != "wrn-50-2" and (found := re.fullmatch(r"wrn-(\d{1,4})-(\d{1,4})", name)):
        return wrn(int(found[1]), int(found[2]), classes, channels)
    raise Error(f"[LIPT-Y32] networks: {name!r} is unknown, expected resnet8, resnet20, resnet18, another "
                "resnet<6m+2> or wrn-<6m+4>-<width>; resnet18-224 and wrn-50-2 are torchvision's resnet18 and "
                "wide_resnet50_2")


def load(path: str | os.PathLike, model: nn.Module | None = None) -> nn.Module:
    """Weights of a LiPT file, into `model` or into the network that the names and shapes in the file are of.

    The model is returned; its mode stays. Momentum in a checkpoint is passed over. errors: Y33 the file is damaged, of
    another network (the first name is said; nothing is written then), or of none that is built in
    """
    stored, _ = _files.read(path)
    stored = {name: values for name, values in stored.items()
              if not name.startswith(_MOMENTUM) and not name.endswith(_COUNTER)}
    model = _network_of(stored, path) if model is None else model
    wanted = {name: tuple(tensor.shape) for name, tensor in _weights_of(model).items()}
    found = {name: values.shape for name, values in stored.items()}
    for name in {**wanted, **found}:
        if wanted.get(name) != found.get(name):
            raise Error(f"[LIPT-Y33] networks: '{path}' has {found.get(name, 'no')} {name}, the model "
                        f"{wanted.get(name, 'none')}: take weights of the same network")
    with torch.no_grad():
        for name, tensor in _weights_of(model).items():
            tensor.copy_(torch.from_numpy(stored[name]))
    return model


def save(model: nn.Module, path: str | os.PathLike, metadata: Mapping[str, str] | None = None) -> None:
    """Writes a model's weights as LiPT's programs do: float32, in order of the state dict, without counters of batches.

    errors: Y33 a weight that is not float32
    """
    weights = _weights_of(model)
    for name, tensor in weights.items():
        if tensor.dtype != torch.float32:
            raise Error(f"[LIPT-Y33] networks: {name} is {tensor.dtype}, expected float32: call model.float() first")
    _files.write(path, {name: host(tensor) for name, tensor in weights.items()}, dict(metadata or {}))


def normalised(pixels: torch.Tensor, mean: Sequence[float] | None = None,
               deviation: Sequence[float] | None = None) -> torch.Tensor:
    """(pixels/255 - mean)/deviation, a channel each; without them 0.5 and 0.25, as LiPT has it.

    shapes: pixels (B,ch,h,w) uint8, mean (ch), deviation (ch), result (B,ch,h,w) float32
    """
    channels = pixels.shape[1]
    center, spread = (torch.tensor(list(given) if given is not None else [usual] * channels, device=pixels.device)
                      .reshape(channels, 1, 1) for given, usual in ((mean, 0.5), (deviation, 0.25)))
    return (pixels.float() / 255 - center) / spread


def _weights_of(model: nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor for name, tensor in model.state_dict().items() if not name.endswith(_COUNTER)}


def _network_of(stored: Mapping[str, np.ndarray], path: str | os.PathLike) -> ResNet | WideResNet:
    """The built-in network that has these names and shapes. errors: Y33"""
    blocks = {tuple(map(int, found.groups())) for name in stored
              if (found := re.match(r"layer(\d+)\.(\d+)\.", name))}
    try:
        channels, (classes, features) = stored["conv1.weight"].shape[1], stored["linear.weight"].shape
        stages, each = max(stage for stage, _ in blocks), 1 + max(number for _, number in blocks)
        if len(stored["bn1.weight"]) == features:
            return WideResNet(each, features // 64, classes, channels)
        widths = [len(stored[f"layer{stage}.0.bn1.weight"]) for stage in range(1, stages + 1)]
        return ResNet(widths, each, classes, channels)
    except (KeyError, ValueError, IndexError):
        raise Error(f"[LIPT-Y33] networks: '{path}' holds none of the networks that are built in: give load(path, "
                    "model) a model of your own") from None

#!/usr/bin/python3
"""The same steps in PyTorch: images a second, the better of its two memory formats; one line, one number.

usage: training_step.py train|evaluate resnet8|resnet20|resnet18|resnet18-224|wrn-50-2
                        [--image 32] [--classes 10] [--batch 128] [--threads 2] [--seconds 3]
Needs Debian's python3-torch; for the last two networks, which are torchvision's own, python3-torchvision.
"""
import argparse
import time

import torch
import torch.nn as nn
import torch.nn.functional as F


class Block(nn.Module):
    def __init__(self, before, after, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(before, after, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(after)
        self.conv2 = nn.Conv2d(after, after, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(after)
        self.shortcut = nn.Sequential()
        if stride != 1 or before != after:
            self.shortcut = nn.Sequential(nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after))

    def forward(self, x):
        inner = F.relu(self.bn1(self.conv1(x)), inplace=True)
        return F.relu(self.bn2(self.conv2(inner)) + self.shortcut(x), inplace=True)


class ResNet(nn.Module):
    def __init__(self, widths, blocks, classes=10):
        super().__init__()
        self.conv1 = nn.Conv2d(3, widths[0], 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(widths[0])
        layers, before = [], widths[0]
        for stage, after in enumerate(widths):
            for block in range(blocks):
                layers.append(Block(before, after, 2 if stage and not block else 1))
                before = after
        self.layers = nn.Sequential(*layers)
        self.linear = nn.Linear(before, classes)

    def forward(self, x):
        return self.linear(self.layers(F.relu(self.bn1(self.conv1(x)), inplace=True)).mean((2, 3)))


NETWORKS = {"resnet8": ((16, 32, 64), 1), "resnet20": ((16, 32, 64), 3), "resnet18": ((64, 128, 256, 512), 2)}
MODELS = {"resnet18-224": "resnet18", "wrn-50-2": "wide_resnet50_2"}


def network(name, classes):
    if name in NETWORKS:
        return ResNet(*NETWORKS[name], classes)
    import torchvision
    return getattr(torchvision.models, MODELS[name])(num_classes=classes)


def rate(options, memory_format):
    """Images a second, the first step not counted."""
    model = network(options.network, options.classes).to(memory_format=memory_format)
    pixels = torch.randint(0, 256, (options.batch, 3, options.image, options.image), dtype=torch.uint8)
    labels = torch.arange(options.batch) % options.classes
    optimiser = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9, nesterov=True, weight_decay=5e-4)

    def images():
        return ((pixels.float() / 255 - 0.5) / 0.25).to(memory_format=memory_format)

    def train():
        optimiser.zero_grad(set_to_none=True)
        loss = F.cross_entropy(model(images()), labels)
        loss.backward()
        optimiser.step()
        return loss.item()

    def evaluate():
        with torch.no_grad():
            return model(images())

    model.train(options.what == "train")
    step = train if options.what == "train" else evaluate
    step()
    start, calls = time.perf_counter(), 0
    while time.perf_counter() - start < options.seconds:
        step()
        calls += 1
    return calls * options.batch / (time.perf_counter() - start)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["train", "evaluate"])
    parser.add_argument("network", choices=sorted([*NETWORKS, *MODELS]))
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--image", type=int, default=32)
    parser.add_argument("--classes", type=int, default=10)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=3)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    print("%.1f" % max(rate(options, f) for f in (torch.contiguous_format, torch.channels_last)))


if __name__ == "__main__":
    main()

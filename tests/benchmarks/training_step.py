#!/usr/bin/python3
"""The same steps in PyTorch, in every way that it offers: eager and torch.compile (from 2.0 on), contiguous and
channels-last, float32 and bfloat16 (autocast), on a GPU also TF32. A line a way, "<way> <images a second>"; the last line
is "best <images a second> <way>".

usage: training_step.py train|evaluate resnet8|resnet20|resnet18|resnet18-224|wrn-50-2
                        [--image 32] [--classes 10] [--batch 128] [--threads 2] [--seconds 3] [--device cpu]
                        [--ways eager,compiled-contiguous-float32,...]
A way is measured if its name holds one of --ways. Needs torch, Debian's or PyPI's; for the last two networks, which are
torchvision's own, torchvision as well.
"""
import argparse
import contextlib
import sys
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


FORMATS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}


def ways(device):
    """Names of all ways: mode, memory format and precision."""
    modes = ["eager"]
    if hasattr(torch, "compile"):
        modes.append("compiled")
    else:
        print("torch %s has no torch.compile" % torch.__version__, file=sys.stderr)
    precisions = ["float32", "bfloat16"] if device == "cpu" else ["float32", "tf32", "bfloat16"]
    return ["-".join((mode, form, precision)) for mode in modes for form in FORMATS for precision in precisions]


def rate(options, way):
    """Images a second, the first steps not counted: they compile."""
    mode, form, precision = way.split("-")
    memory_format, device = FORMATS[form], options.device
    if device != "cpu":
        torch.backends.cudnn.benchmark = True
        torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
    model = network(options.network, options.classes).to(device=device, memory_format=memory_format)
    model.train(options.what == "train")
    pixels = torch.randint(0, 256, (options.batch, 3, options.image, options.image), dtype=torch.uint8)
    labels = torch.arange(options.batch) % options.classes
    optimiser = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9, nesterov=True, weight_decay=5e-4)
    if mode == "compiled":
        torch._dynamo.reset()
        model = torch.compile(model)

    def casting():
        if precision != "bfloat16":
            return contextlib.nullcontext()
        return torch.autocast(device_type=device.split(":")[0], dtype=torch.bfloat16)

    def images():
        return ((pixels.to(device).float() / 255 - 0.5) / 0.25).to(memory_format=memory_format)

    def train():
        optimiser.zero_grad(set_to_none=True)
        with casting():
            logits = model(images())
        loss = F.cross_entropy(logits.float(), labels.to(device))
        loss.backward()
        optimiser.step()
        return loss.item()

    def evaluate():
        with torch.no_grad(), casting():
            return model(images()).float().cpu()

    step = train if options.what == "train" else evaluate
    for _ in range(3):
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
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--ways", default="", help="parts of names, with commas between; empty: all")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    chosen = [way for way in ways(options.device) if any(part in way for part in options.ways.split(","))]
    if not chosen:
        sys.exit("training_step.py: --ways is '%s', expected parts of: %s" % (options.ways, " ".join(ways(options.device))))
    rates = {}
    for way in chosen:
        rates[way] = rate(options, way)
        print("%s %.1f" % (way, rates[way]), flush=True)
    best = max(rates, key=rates.get)
    print("best %.1f %s" % (rates[best], best))


if __name__ == "__main__":
    main()

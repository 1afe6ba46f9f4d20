#!/usr/bin/python3
"""Makes the files of training/: five steps of training by PyTorch, from stored weights on real images.

Needs numpy and PyTorch (made with 1.13.0).
    make_training_files.py SOURCE     makes the files
    make_training_files.py --spread   says how far PyTorch is from the losses that it gave itself, at learning rate 0.05
SOURCE holds, as PyTorch wrote it,
  x.npy float32 (steps,B,3,32,32) normalised images, y.npy int64 (steps,B) labels, and for each network NET
  NET-init.safetensors, NET-logits.npy, NET-embeddings.npy and NET.json ("loss": one value a step).
Writes pixels.npy uint8 (steps,B,3,32,32), labels.npy int64 (steps,B), and for each network NET
  NET-init-1.safetensors and NET-init-2.safetensors (the tensors in their order, cut at half of the bytes),
  NET-loss.npy float64 (steps), NET-logits.npy and NET-embeddings.npy float32: those of SOURCE, learning rate 0.05,
  NET-slow-loss.npy, NET-slow-logits.npy and NET-slow-embeddings.npy: the same made here in float64 at SLOW_RATE.
Why both: at 0.05 training is chaotic. One ReLU that falls to the other side by rounding moves the fifth loss by up to
several per cent; PyTorch differs that much from itself between float32 and float64, or between memory formats. The
bounds of training.cpp at that rate are twice what --spread prints.
"""
import json
import os
import shutil
import struct
import sys

import numpy as np
import torch
from torch import nn
from torch.nn import functional

MEAN = np.array([0.4914, 0.4822, 0.4465], np.float32).reshape(3, 1, 1)
DEVIATION = np.array([0.2470, 0.2435, 0.2616], np.float32).reshape(3, 1, 1)
SLOW_RATE = 2e-4


def conv(inputs, outputs, kernel, stride=1):
    return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)


class BasicBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1, self.bn1 = conv(inputs, outputs, 3, stride), nn.BatchNorm2d(outputs)
        self.conv2, self.bn2 = conv(outputs, outputs, 3), nn.BatchNorm2d(outputs)
        self.shortcut = nn.Sequential()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(conv(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs))

    def forward(self, x):
        inner = functional.relu(self.bn1(self.conv1(x)))
        return functional.relu(self.bn2(self.conv2(inner)) + self.shortcut(x))


class PreActivationBlock(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.bn1, self.conv1 = nn.BatchNorm2d(inputs), conv(inputs, outputs, 3, stride)
        self.bn2, self.conv2 = nn.BatchNorm2d(outputs), conv(outputs, outputs, 3)
        self.shortcut = conv(inputs, outputs, 1, stride) if stride != 1 or inputs != outputs else None

    def forward(self, x):
        active = functional.relu(self.bn1(x))
        inner = functional.relu(self.bn2(self.conv1(active)))
        return self.conv2(inner) + (x if self.shortcut is None else self.shortcut(active))


class Network(nn.Module):
    """Three stages of 16, 32 and 64 channels; batch-norm after the stem, or before the pooling."""

    def __init__(self, block, blocks):
        super().__init__()
        self.wide = block is PreActivationBlock
        self.conv1, channels = conv(3, 16, 3), 16
        if not self.wide:
            self.bn1 = nn.BatchNorm2d(16)
        for stage, width in enumerate((16, 32, 64)):
            inside = []
            for index in range(blocks):
                inside.append(block(channels, width, 2 if stage and not index else 1))
                channels = width
            setattr(self, f"layer{stage + 1}", nn.Sequential(*inside))
        if self.wide:
            self.bn1 = nn.BatchNorm2d(64)
        self.linear = nn.Linear(64, 10)

    def embeddings(self, x):
        x = self.conv1(x)
        x = x if self.wide else functional.relu(self.bn1(x))
        x = self.layer3(self.layer2(self.layer1(x)))
        return (functional.relu(self.bn1(x)) if self.wide else x).mean((2, 3))

    def forward(self, x):
        return self.linear(self.embeddings(x))


NETWORKS = {"resnet8": (BasicBlock, 1), "resnet20": (BasicBlock, 3), "wrn16-1": (PreActivationBlock, 2)}


def pixels_of(x):
    """Undoes the normalisation; exact, since normalising again gives x bit for bit."""
    pixels = np.round((x * DEVIATION + MEAN) * 255).astype(np.uint8)
    again = ((pixels / np.float32(255) - MEAN) / DEVIATION).astype(np.float32)
    assert np.array_equal(again, x), "the images were normalised in another way"
    return pixels


def read_safetensors(path):
    """Header entries in order of their bytes, and the bytes."""
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = file.read()
    return sorted(header.items(), key=lambda item: item[1]["data_offsets"][0]), data


def split(path, parts):
    """Cuts a safetensors file into as many as there are names in parts, about equal in bytes."""
    tensors, data = read_safetensors(path)
    for index, part in enumerate(parts):
        low, high = (len(data) * edge // len(parts) for edge in (index, index + 1))
        mine = [item for item in tensors if low <= item[1]["data_offsets"][0] < high]
        start, head, blob = mine[0][1]["data_offsets"][0], {}, b""
        for name, entry in mine:
            first, last = entry["data_offsets"]
            head[name] = dict(entry, data_offsets=[first - start, last - start])
            blob += data[first:last]
        text = json.dumps(head).encode()
        text += b" " * (-len(text) % 8)
        with open(part, "wb") as file:
            file.write(struct.pack("<Q", len(text)) + text + blob)


def model_of(network, paths):
    """The network with the weights of these files."""
    types, state = {"F32": np.float32, "I64": np.int64}, {}
    for path in paths:
        tensors, data = read_safetensors(path)
        for name, entry in tensors:
            values = np.frombuffer(data[slice(*entry["data_offsets"])], types[entry["dtype"]])
            state[name] = torch.from_numpy(values.reshape(entry["shape"]).copy())
    model = Network(*NETWORKS[network])
    model.load_state_dict(state)
    return model


def train(model, x, y, rate):
    """Losses, logits and embeddings of five steps."""
    descent = torch.optim.SGD(model.parameters(), lr=rate, momentum=0.9, nesterov=True, weight_decay=5e-4)
    losses = []
    for images, labels in zip(x, torch.from_numpy(y)):
        descent.zero_grad()
        loss = functional.cross_entropy(model(images), labels)
        loss.backward()
        descent.step()
        losses.append(float(loss))
    model.eval()
    with torch.no_grad():
        embeddings = model.embeddings(x[0])
        return np.array(losses), model.linear(embeddings).numpy(), embeddings.numpy()


def stored_parts(folder, network):
    return [f"{folder}/{network}-init-{part}.safetensors" for part in (1, 2)]


def spread(folder):
    """The largest relative difference of each loss from the stored one, over ways to compute the same."""
    pixels, y = np.load(f"{folder}/pixels.npy"), np.load(f"{folder}/labels.npy")
    x = torch.from_numpy(((pixels / np.float32(255) - MEAN) / DEVIATION).astype(np.float32))
    for network in NETWORKS:
        stored = np.load(f"{folder}/{network}-loss.npy")
        largest = np.zeros(len(stored))
        for layout in (torch.contiguous_format, torch.channels_last):
            for threads in (1, 2):
                for kind, nudge in ((torch.float32, 0), (torch.float32, 1e-6), (torch.float32, -1e-6), (torch.float64, 0)):
                    torch.set_num_threads(threads)
                    model = model_of(network, stored_parts(folder, network)).to(kind).to(memory_format=layout)
                    with torch.no_grad():
                        for weights in model.parameters():
                            weights *= 1 + nudge
                    images = [one.to(kind).contiguous(memory_format=layout) for one in x]
                    losses = train(model, images, y, 0.05)[0]
                    largest = np.maximum(largest, np.abs(losses - stored) / stored)
        print(f"{network:<10}", *(f"{one:.1e}" for one in largest))


def main():
    target = os.path.join(os.path.dirname(os.path.abspath(__file__)), "training")
    if sys.argv[1:] == ["--spread"]:
        return spread(target)
    source = sys.argv[1]
    os.makedirs(target, exist_ok=True)
    x, y = np.load(f"{source}/x.npy"), np.load(f"{source}/y.npy")
    np.save(f"{target}/pixels.npy", pixels_of(x))
    np.save(f"{target}/labels.npy", y)
    for network in NETWORKS:
        weights = f"{source}/{network}-init.safetensors"
        split(weights, stored_parts(target, network))
        with open(f"{source}/{network}.json") as file:
            np.save(f"{target}/{network}-loss.npy", np.array(json.load(file)["loss"]))
        for output in ("logits", "embeddings"):
            shutil.copyfile(f"{source}/{network}-{output}.npy", f"{target}/{network}-{output}.npy")
        losses, logits, embeddings = train(model_of(network, [weights]).double(), torch.from_numpy(x).double(), y,
                                           SLOW_RATE)
        np.save(f"{target}/{network}-slow-loss.npy", losses)
        np.save(f"{target}/{network}-slow-logits.npy", logits.astype(np.float32))
        np.save(f"{target}/{network}-slow-embeddings.npy", embeddings.astype(np.float32))


if __name__ == "__main__":
    main()

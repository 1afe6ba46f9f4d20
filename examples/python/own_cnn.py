"""A subset for one's own CNN: what its outputs say of the training images, a tenth that covers them, and a training on that.

    python3 examples/python/own_cnn.py      (PyTorch, the package lipt, Fashion-MNIST of Debian's dataset-fashion-mnist)
"""

import gzip

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Subset, TensorDataset

import lipt
import lipt.torch

FOLDER = "/usr/share/datasets/fashion-mnist"


def images(part: str, count: int) -> TensorDataset:
    """The first images of a part, normalised, with their labels."""
    with gzip.open(f"{FOLDER}/{part}-images-idx3-ubyte.gz") as file:
        pixels = np.frombuffer(file.read(16 + count * 784)[16:], np.uint8).reshape(count, 1, 28, 28)
    with gzip.open(f"{FOLDER}/{part}-labels-idx1-ubyte.gz") as file:
        labels = np.frombuffer(file.read(8 + count)[8:], np.uint8).astype(np.int64)
    return TensorDataset((torch.tensor(pixels, dtype=torch.float32) / 255 - 0.286) / 0.353, torch.tensor(labels))


def network() -> nn.Module:
    """Two convolutions and two linear layers: anybody's."""
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(32 * 49, 64), nn.ReLU(), nn.Linear(64, 10),
    )  # fmt: skip


def train(model: nn.Module, dataset, steps: int) -> nn.Module:
    """So many steps of SGD."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    model.train()
    done = 0
    while done < steps:
        for inputs, targets in DataLoader(dataset, 64, shuffle=True):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(inputs), targets).backward()
            optimizer.step()
            done += 1
            if done == steps:
                break
    return model


@torch.no_grad()
def accuracy(model: nn.Module, dataset) -> float:
    """Share of right answers."""
    model.eval()
    right = sum((model(x).argmax(1) == y).sum().item() for x, y in DataLoader(dataset, 500))
    return right / len(dataset)


def main() -> None:
    torch.manual_seed(0)
    pool, test = images("train", 10_000), images("t10k", 5_000)
    warm = train(network(), pool, 60)  # a little training, so that its outputs mean something
    outputs = lipt.torch.outputs(warm, DataLoader(pool, 500))
    found = {}
    for method in ("el2n", "stratified", "facility-location"):
        kept = lipt.select(method=method, fraction=0.1, seed=1, **outputs)
        torch.manual_seed(1)
        found[method] = accuracy(train(network(), Subset(pool, kept.indices), 300), test)
        print(f"{method:18} {len(kept)} images, test accuracy {100 * found[method]:.1f} %")
    # Known of small fractions: what covers the data serves, the hardest samples alone do not.
    assert found["facility-location"] > 0.7
    assert found["el2n"] < found["stratified"]


if __name__ == "__main__":
    main()

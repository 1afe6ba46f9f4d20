"""LiPT around a torchvision ResNet: workers on small shards, pruned once, one soup; its outputs choose; the main training.

    python3 examples/python/pretrain_resnet.py      (PyTorch, torchvision, the package lipt, Debian's dataset-fashion-mnist)
"""

import time

import torch
import torchvision
from own_cnn import accuracy, images, train
from torch import nn
from torch.utils.data import DataLoader, Subset

import lipt
import lipt.torch


def network() -> nn.Module:
    """ResNet-18 with a stem for small grey images."""
    model = torchvision.models.resnet18(num_classes=10)
    model.conv1 = nn.Conv2d(1, 64, 3, stride=2, padding=1, bias=False)
    model.maxpool = nn.Identity()
    return model


def main() -> None:
    torch.manual_seed(0)
    pool, test = images("train", 3_000), images("t10k", 1_000)
    begun = time.time()
    warm = lipt.torch.pretrain(
        network(), pool, workers=3, worker_batch_size=64, minibatches=2, passes=3, init_epochs=0.4, hold_out=0.1, seed=0
    )
    print(f"common start {warm.start_score:.3f}, soup {warm.score:.3f} on held-out images, {time.time() - begun:.0f} s")
    joined = sum(one["kept"] for one in warm.soup.ingredients)
    print(f"{joined} of {len(warm.workers)} workers joined, densities {[round(one.density, 2) for one in warm.workers]}")
    outputs = lipt.torch.outputs(warm.model, DataLoader(pool, 250))
    kept = lipt.select(method="facility-location", fraction=0.1, **outputs)
    before = accuracy(warm.model, test)
    trained = train(warm.model, Subset(pool, kept.indices), 40)
    after = accuracy(trained, test)
    print(f"{len(kept)} images: test accuracy {100 * before:.1f} % before, {100 * after:.1f} % after the main training")
    assert warm.score >= warm.start_score  # a soup is its best ingredient at the least, and a start counts as none
    assert after > before


if __name__ == "__main__":
    main()

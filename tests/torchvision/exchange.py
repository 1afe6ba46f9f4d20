#!/usr/bin/python3
"""Weights to and from torchvision: its models' files are loaded and give its logits, ours are loaded by it.

usage: exchange.py PROGRAM FOLDER NETWORK:SIZE ...   (PROGRAM is exchange.cpp with a backend; FOLDER is made)
Needs Debian's python3-torch, python3-torchvision and python3-numpy.
"""
import json
import os
import shutil
import struct
import subprocess
import sys

import numpy as np
import torch
import torchvision

MODELS = {"resnet18-224": torchvision.models.resnet18, "wrn-50-2": torchvision.models.wide_resnet50_2}
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
CLASSES, IMAGES, BOUND = 1000, 3, 1e-4
TYPES = {torch.float32: "F32", torch.int64: "I64"}


def write_safetensors(path, tensors):
    """A state_dict, every tensor of it, as the format has it."""
    head, parts, end = {"__metadata__": {"format": "pt"}}, [], 0
    for name, tensor in tensors.items():
        parts.append(tensor.contiguous().numpy().tobytes())
        begin, end = end, end + len(parts[-1])
        head[name] = {"dtype": TYPES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [begin, end]}
    text = json.dumps(head).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.writelines([struct.pack("<Q", len(text)), text, *parts])


def read_safetensors(path):
    """The float32 tensors of a file, in order of their bytes."""
    with open(path, "rb") as file:
        head = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = file.read()
    head.pop("__metadata__", None)
    return {name: torch.from_numpy(np.frombuffer(data[slice(*entry["data_offsets"])], np.float32)
                                   .reshape(entry["shape"]).copy())
            for name, entry in sorted(head.items(), key=lambda item: item[1]["data_offsets"][0])}


def random_model(network, seed):
    """torchvision's model with its own random weights, and batch-norms as in the midst of a training."""
    torch.manual_seed(seed)
    model = MODELS[network](num_classes=CLASSES)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.uniform_(module.bias, -0.3, 0.3)
            module.running_mean.uniform_(-0.3, 0.3)
            module.running_var.uniform_(0.5, 1.5)
            module.num_batches_tracked.fill_(seed)
    return model.eval()


def logits_of(model, pixels):
    mean, deviation = (torch.tensor(v).reshape(3, 1, 1) for v in (MEAN, DEVIATION))
    with torch.no_grad():
        return model((torch.from_numpy(pixels).float() / 255 - mean) / deviation).numpy()


def check(holds, what):
    if not holds:
        sys.exit("exchange: " + what)


def distance(a, b):
    return float(np.linalg.norm(a - b) / np.linalg.norm(b))


def exchange(program, folder, network, size):
    model = random_model(network, seed=3)
    trained = {name: tensor for name, tensor in model.state_dict().items()
               if not name.endswith("num_batches_tracked")}
    pixels = np.random.default_rng(5).integers(0, 256, (IMAGES, 3, size, size), np.uint8)
    theirs, ours, images, logits = (os.path.join(folder, name) for name in (
        "theirs.safetensors", "ours.safetensors", "pixels.npy", "logits.npy"))
    write_safetensors(theirs, model.state_dict())
    np.save(images, pixels)
    subprocess.run([program, network, str(CLASSES), theirs, images, logits, ours], check=True)

    expected = logits_of(model, pixels)
    off = distance(np.load(logits), expected)
    check(off <= BOUND, f"{network}: logits are off by {off:.1e}")

    saved = read_safetensors(ours)
    check(list(saved) == list(trained), f"{network}: names or their order are not torchvision's")
    again = MODELS[network](num_classes=CLASSES)
    missing, unexpected = again.load_state_dict(saved, strict=False)
    check(not unexpected and all(name.endswith("num_batches_tracked") for name in missing),
          f"{network}: our file does not load: missing {missing}, unexpected {unexpected}")
    check(np.array_equal(logits_of(again.eval(), pixels), expected), f"{network}: our file gives other logits")
    print(f"{network} at {size}x{size}: logits off by {off:.1e}, of a norm of {np.linalg.norm(expected):.3g}; "
          f"{len(saved)} tensors there and back")


def main():
    program, folder = sys.argv[1:3]
    torch.set_num_threads(2)
    os.makedirs(folder, exist_ok=True)
    for case in sys.argv[3:]:
        network, size = case.split(":")
        exchange(program, folder, network, int(size))
    shutil.rmtree(folder)  # hundreds of megabytes


if __name__ == "__main__":
    main()

#!/usr/bin/python3
"""Makes a folder of images for `--dataset image-folder`: OUT/train/<class>/*.jpg and OUT/val/<class>/*.jpg.

Needs numpy and Pillow. From the binary files of CIFAR-10, enlarged where a size is given:
  make_image_folder.py --cifar DIR OUT [--size 32x32] [--format jpg|png] [--quality 90] [--limit N]
or from scenes that are drawn here, ten classes of them, as large as photographs of ImageNet:
  make_image_folder.py --scenes 500 OUT [--size 500x375] ...
--limit takes the first N images of each part.
"""
import argparse
import os

import numpy as np
from PIL import Image

CIFAR = "airplane automobile bird cat deer dog frog horse ship truck".split()
RECORD = 1 + 3 * 32 * 32


def cifar(folder, part):
    """Labels and images of one part, in the order of the files."""
    inner = os.path.join(folder, "cifar-10-batches-bin")
    folder = inner if os.path.isdir(inner) else folder
    names = ["test_batch"] if part == "val" else [f"data_batch_{i}" for i in range(1, 6)]
    for name in names:
        records = np.fromfile(os.path.join(folder, name + ".bin"), np.uint8).reshape(-1, RECORD)
        for record in records:
            yield int(record[0]), Image.fromarray(record[1:].reshape(3, 32, 32).transpose(1, 2, 0).copy())


def scene(draw, label, width, height):
    """Waves from long to short, a disk whose place tells the class, and a shade over all."""
    y, x = np.mgrid[0:height, 0:width] / max(width, height)
    image = np.zeros((height, width, 3))
    for octave in range(7):
        for channel in range(3):
            across, down, phase = draw.uniform(-1, 1, 3) * (6 * 2 ** octave, 6 * 2 ** octave, 3)
            image[:, :, channel] += np.sin(across * x + down * y + phase) / 1.6 ** octave
    angle = 2 * np.pi * label / 10
    inside = (x - 0.5 - 0.25 * np.cos(angle)) ** 2 + (y - 0.37 - 0.2 * np.sin(angle)) ** 2 < 0.01
    image[inside] += draw.uniform(1, 2, 3)
    image = 128 + 45 * image * (0.6 + 0.4 * np.sin(5 * x + 3 * y))[:, :, None]
    return Image.fromarray(np.clip(image, 0, 255).astype(np.uint8))


def scenes(count, part, width, height):
    draw = np.random.default_rng(part == "val")
    for i in range(count if part == "train" else max(10, count // 5)):
        yield i % 10, scene(draw, i % 10, width, height)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--cifar", metavar="DIR", help="folder of the binary files of CIFAR-10")
    source.add_argument("--scenes", metavar="COUNT", type=int, help="training images to draw")
    parser.add_argument("out")
    parser.add_argument("--size", metavar="WxH", help="width and height of the files")
    parser.add_argument("--format", choices=["jpg", "png"], default="jpg")
    parser.add_argument("--quality", type=int, default=90)
    parser.add_argument("--limit", type=int)
    asked = parser.parse_args()
    width, height = map(int, (asked.size or ("32x32" if asked.cifar else "500x375")).split("x"))
    for part in ("train", "val"):
        images = cifar(asked.cifar, part) if asked.cifar else scenes(asked.scenes, part, width, height)
        for i, (label, image) in enumerate(images):
            if i == asked.limit:
                break
            folder = os.path.join(asked.out, part, CIFAR[label] if asked.cifar else f"class-{label}")
            os.makedirs(folder, exist_ok=True)
            if image.size != (width, height):
                image = image.resize((width, height), Image.BICUBIC)
            more = {"quality": asked.quality} if asked.format == "jpg" else {}
            image.save(os.path.join(folder, f"{i:05d}.{asked.format}"), **more)


main()

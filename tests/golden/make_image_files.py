#!/usr/bin/python3
"""Makes the files of images/: small images of every kind, and what torchvision makes of them.

Needs numpy, Pillow (made with 9.4.0) and torchvision (0.14.1). usage: make_image_files.py FOLDER
Writes JPEG and PNG files, and, for them in the order of their names,
  boxes.npy int64 (files,2,4): top, left, height and width of two parts of each,
  expected.npy uint8 (files,3,3,SIZE,SIZE): the view for evaluation, then both parts brought to SIZE x SIZE.
"""
import os
import struct
import sys
import zlib

import numpy as np
from PIL import Image
from torchvision import transforms
from torchvision.transforms import functional

SIZE = 20
GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6
CHANNELS = {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGBA: 4}
PASSES = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]


def scene(height, width, seed):
    """Smooth light, a few disks and stripes; values 0 to 1. shapes: (height,width,3)"""
    draw = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width] / max(height, width)
    image = np.stack([0.5 + 0.4 * np.sin(draw.uniform(2, 9) * x + draw.uniform(2, 9) * y + c) for c in range(3)], -1)
    for _ in range(7):
        centre, radius = draw.uniform(0, 1, 2), draw.uniform(0.05, 0.25)
        image[(y - centre[0]) ** 2 + (x - centre[1]) ** 2 < radius ** 2] = draw.uniform(0, 1, 3)
    image[(np.floor(24 * (x + y)) % 6) == 0] *= 0.7
    return image


def levels(height, width, seed, channels, bits):
    """The scene in whole numbers of `bits` bits; a fourth channel and a second one are transparency."""
    image = scene(height, width, seed)
    image = np.dstack([image, np.linspace(0, 1, height * width).reshape(height, width)])
    chosen = {1: [0], 2: [0, 3], 3: [0, 1, 2], 4: [0, 1, 2, 3]}[channels]
    return np.round(image[:, :, chosen] * (2 ** bits - 1)).astype(np.uint16)


def packed(rows, bits):
    """The bytes of some rows, each behind the number of its filter, which is none."""
    data = b""
    for row in rows.reshape(rows.shape[0], -1):
        if bits == 16:
            line = row.astype(">u2").tobytes()
        elif bits == 8:
            line = row.astype(np.uint8).tobytes()
        else:
            each = 8 // bits
            padded = np.pad(row, (0, -len(row) % each)).reshape(-1, each)
            line = bytes(int(sum(int(v) << (8 - bits * (i + 1)) for i, v in enumerate(some))) for some in padded)
        data += b"\0" + line
    return data


def write_png(path, samples, kind, bits, passes=False, extra=()):
    height, width = samples.shape[:2]
    if passes:
        parts = [samples[y::dy, x::dx] for y, x, dy, dx in PASSES]
        data = b"".join(packed(part, bits) for part in parts if part.size)
    else:
        data = packed(samples, bits)
    header = struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, int(passes))
    with open(path, "wb") as out:
        out.write(b"\x89PNG\r\n\x1a\n")
        for name, body in [(b"IHDR", header), *extra, (b"IDAT", zlib.compress(data, 9)), (b"IEND", b"")]:
            out.write(struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)))


def write_files(folder):
    def png(name, height, width, kind, bits, **more):
        seed = zlib.crc32(name.encode())
        samples = levels(height, width, seed, CHANNELS[kind], bits)
        write_png(f"{folder}/{name}.png", samples, kind, bits, **more)

    colours = (b"PLTE", bytes(np.random.default_rng(5).integers(0, 256, 3 * 16, np.uint8)))
    many = (b"PLTE", bytes(np.random.default_rng(6).integers(0, 256, 3 * 256, np.uint8)))
    png("grey-1", 41, 50, GREY, 1)
    png("grey-2", 40, 51, GREY, 2)
    png("grey-4", 43, 37, GREY, 4)
    png("grey-8-transparent", 33, 60, GREY, 8, extra=[(b"tRNS", b"\0\x40")])
    png("grey-16", 30, 41, GREY, 16)
    png("grey-alpha-8", 35, 40, GREY_ALPHA, 8)
    png("grey-alpha-16", 31, 36, GREY_ALPHA, 16)
    png("rgb-8", 60, 45, RGB, 8)
    png("rgb-16", 30, 33, RGB, 16)
    png("rgba-8", 41, 40, RGBA, 8)
    png("rgba-16", 30, 30, RGBA, 16)
    png("palette-4", 50, 40, PALETTE, 4, extra=[colours])
    png("palette-8-transparent", 50, 43, PALETTE, 8, extra=[many, (b"tRNS", bytes(range(256)))])
    png("passes-rgb-8", 37, 45, RGB, 8, passes=True)
    png("passes-grey-2", 45, 38, GREY, 2, passes=True)

    def jpeg(name, height, width, mode="RGB", **more):
        pixels = levels(height, width, zlib.crc32(name.encode()), 3, 8).astype(np.uint8)
        image = Image.fromarray(pixels)
        if mode == "CMYK":
            ink = 255 - np.dstack([pixels, pixels.max(2)])
            image = Image.fromarray(ink.astype(np.uint8), "CMYK")
        image.convert(mode).save(f"{folder}/{name}.jpg", **{"quality": 90, **more})

    turned = Image.Exif()
    turned[0x0112] = 6
    jpeg("colour-420", 100, 150)
    jpeg("colour-420-odd", 131, 97)
    jpeg("colour-444", 90, 77, subsampling=0)
    jpeg("grey", 80, 64, mode="L")
    jpeg("ink", 66, 70, mode="CMYK")
    jpeg("passes", 101, 99, progressive=True)
    jpeg("turned", 60, 90, exif=turned)
    jpeg("small", 15, 21)
    jpeg("large", 480, 640, quality=70)


def main():
    folder = sys.argv[1]
    write_files(folder)
    boxes, expected = [], []
    view = transforms.Compose([transforms.Resize(round(SIZE * 256 / 224)), transforms.CenterCrop(SIZE)])
    for name in sorted(os.listdir(folder)):
        if not name.endswith((".png", ".jpg")):
            continue
        image = Image.open(f"{folder}/{name}").convert("RGB")
        width, height = image.size
        parts = [(height // 5, width // 4, height // 2, width // 2 + 1),
                 (height - height // 3, 0, height // 3, width - 3)]
        results = [view(image)] + [functional.resized_crop(image, *part, [SIZE, SIZE]) for part in parts]
        boxes.append(parts)
        expected.append([np.asarray(one).transpose(2, 0, 1) for one in results])
    np.save(f"{folder}/boxes.npy", np.array(boxes, np.int64))
    np.save(f"{folder}/expected.npy", np.array(expected, np.uint8))


main()

#!/usr/bin/python3
"""Images that torchvision's ImageFolder decodes a second of processor time, in one process.

usage: decode.py evaluate|train DIR [SIZE] [SECONDS]
DIR holds the class folders, as OUT/train of make_image_folder.py. Bytes (3,SIZE,SIZE) come out, as benchmark_decode has
them: nothing is normalised. Needs python3-torchvision.
"""
import random
import sys
import time

import torch
from torchvision import datasets, transforms

what, folder = sys.argv[1:3]
size = int(sys.argv[3]) if len(sys.argv) > 3 else 224
seconds = float(sys.argv[4]) if len(sys.argv) > 4 else 3
torch.set_num_threads(1)
torch.manual_seed(1)
random.seed(1)
if what == "train":
    steps = [transforms.RandomResizedCrop(size), transforms.RandomHorizontalFlip()]
else:
    steps = [transforms.Resize(round(size * 256 / 224)), transforms.CenterCrop(size)]
images = datasets.ImageFolder(folder, transforms.Compose(steps + [transforms.PILToTensor()]))
images[0]
start, done = time.process_time(), 0
while time.process_time() - start < seconds:
    images[done % len(images)]
    done += 1
print(f"{done / (time.process_time() - start):.1f}")

"""What the preset `recommended` rests on: its choices and their alternatives on the quickstart's task, over seeds.

    recommended.py build/release/adapters/cli/lipt --out DIR [--fraction 0.1] [--seeds 1,2,3] [--threads 2]
        [--choices NAME ...]
    recommended.py --table recommended.jsonl

Runs lipt once a choice and seed, each in a directory of its own under DIR, so that it goes on where it was stopped;
DIR/recommended.jsonl gets a line a run, and the table is printed: accuracy (mean and deviation), images that pre-training
took forward and backward, processor seconds in all.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys

TASK = "--preset recommended --dataset fashion-mnist --network resnet8 --train-samples 20000".split()

# Each differs from the first, the preset as it is, in what its name says.
CHOICES = {
    "recommended": "",
    "facility-location": "--selector facility-location",
    "facility-location, learning rate 0.1": "--selector facility-location --learning-rate 0.1",
    "facility-location, common start of 1 epoch": "--selector facility-location --init-epochs 1",
    "stratified": "--selector stratified",
    "random subset": "--selector random",
    "moderate": "--selector moderate",
    "el2n/ccs": "--selector el2n/ccs",
    "fresh start": "--start fresh",
    "conventional": "--pretrain full --pretrain-epochs 5",
    "conventional, facility-location": "--pretrain full --pretrain-epochs 5 --selector facility-location",
    # As many images backward as the common start and the workers take: 51,600 of the pool's 19,400.
    "conventional, as many steps": "--pretrain full --pretrain-epochs 2.66",
    "conventional, as many steps, facility-location":
        "--pretrain full --pretrain-epochs 2.66 --selector facility-location",
    "random": "--pretrain none --selector random --start fresh",
    "random, stratified": "--pretrain none --selector stratified --start fresh",
    "random, rs2": "--pretrain none --selector rs2 --start fresh",
    "all of it, same cost": "--pretrain none --selector random --start fresh --fraction 1 --epochs 4.58",
    "all of it": "--pretrain none --selector random --start fresh --fraction 1",
}
PRETRAINING = ("initialize", "local", "merge", "pretrain")


def run(lipt, data, choice, fraction, seed, threads, out):
    """One run of lipt; what its result.json says of it."""
    directory = out / f"{choice.replace('/', '-').replace(', ', '-').replace(' ', '-')}-{fraction}-{seed}"
    command = [lipt, "run", *TASK, "--fraction", str(fraction), "--data", data, *CHOICES[choice].split(), "--seed",
               str(seed), "--threads", str(threads), "--name", choice, "--out", str(directory)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    result = json.loads((directory / "result.json").read_text())
    early = [s for s in result["stages"] if s["name"].startswith(PRETRAINING)]
    return {"choice": choice, "seed": seed, "fraction": fraction, "flags": CHOICES[choice],
            "task": " ".join(TASK),
            "accuracy": result["accuracy"]["final"],
            "pretraining_forward": sum(s["forward"] for s in early),
            "pretraining_backward": sum(s["backward"] for s in early),
            "cpu_s": sum(s["cpu_s"] for s in result["stages"])}


def table(lines):
    """The lines a choice, best first."""
    rows = {}
    for line in lines:
        rows.setdefault((line["choice"], line["fraction"]), {})[line["seed"]] = line
    print(f"{'choice':<47} {'kept':>5} {'seeds':>5} {'accuracy':>15} {'pre-training images':>22} {'CPU s':>7}")
    mean = {name: statistics.mean(r["accuracy"] for r in runs.values()) for name, runs in rows.items()}
    for name in sorted(rows, key=lambda row: (row[1], -mean[row])):
        runs = list(rows[name].values())
        spread = statistics.stdev(r["accuracy"] for r in runs) if len(runs) > 1 else float("nan")
        images = f"{runs[0]['pretraining_forward']:,.0f} / {runs[0]['pretraining_backward']:,.0f}"
        cpu = statistics.mean(r["cpu_s"] for r in runs)
        print(f"{name[0]:<47} {name[1]:>5.0%} {len(runs):>5} {100 * mean[name]:>8.2f} ± {100 * spread:.2f} {images:>22} {cpu:>7.0f}")


def main():
    parse = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parse.add_argument("lipt", nargs="?")
    parse.add_argument("--out", type=pathlib.Path)
    parse.add_argument("--data", default="/usr/share/datasets/fashion-mnist")
    parse.add_argument("--fraction", type=float, default=0.1)
    parse.add_argument("--seeds", default="1,2,3")
    parse.add_argument("--threads", default=2)
    parse.add_argument("--choices", nargs="+", default=list(CHOICES), choices=CHOICES, metavar="NAME")
    parse.add_argument("--table", type=pathlib.Path)
    asked = parse.parse_args()
    if asked.table:
        table(json.loads(line) for line in asked.table.read_text().splitlines())
        return
    if not asked.lipt or not asked.out:
        sys.exit("recommended.py: which lipt, and --out where?")
    asked.out.mkdir(parents=True, exist_ok=True)
    results = asked.out / "recommended.jsonl"
    lines = [json.loads(line) for line in results.read_text().splitlines()] if results.exists() else []
    done = {(line["choice"], line["fraction"], line["seed"]) for line in lines}
    for seed in map(int, asked.seeds.split(",")):
        for choice in asked.choices:
            if (choice, asked.fraction, seed) in done:
                continue
            lines.append(run(asked.lipt, asked.data, choice, asked.fraction, seed, asked.threads, asked.out))
            with results.open("a") as file:
                file.write(json.dumps(lines[-1]) + "\n")
    table(lines)


if __name__ == "__main__":
    main()

"""The commands of `python -m lipt`."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from typing import Any

from . import __version__
from ._errors import Error

_ARRAYS = {
    "labels": "(N), whole numbers from 0; without them all samples are one pool",
    "logits": "(N,C), a network's outputs",
    "embeddings": "(N,E), what its last layer saw",
    "residuals": "(N,R), the loss's derivative by the outputs, in place of logits",
    "scores": "(N), a rating of every sample, higher is kept first",
    "validation-labels": "(V), for glister",
    "validation-logits": "(V,C), for glister",
    "validation-embeddings": "(V,E), for glister",
    "last-layer": "(C,E), for deepfool",
}


def _select_parser(commands: Any) -> None:
    from .selection import options

    parser = commands.add_parser("select", help="choose a subset from arrays in files")
    parser.add_argument("--list", action="store_true", help="list the methods and leave")
    for name, what in _ARRAYS.items():
        parser.add_argument(f"--{name}", metavar="FILE", help=what)
    parser.add_argument("--method", default=None, help="--list names them; a sampler after a slash: el2n/ccs:0.6")
    parser.add_argument("--fraction", type=float, help="share of the samples to keep; 0.1 by default")
    parser.add_argument("--count", type=int, help="samples to keep, in place of a fraction")
    parser.add_argument("--unbalanced", action="store_true", help="choose among all samples at once")
    parser.add_argument("--at-least-one", action="store_true", help="keep one sample of every class at least")
    parser.add_argument("--raw-weights", action="store_true", help="leave weights on the scale of the method")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epoch", type=int, default=0, help="of rs2")
    parser.add_argument("--threads", type=int, default=0, help="0: all that this process may use")
    parser.add_argument("--max-memory", type=int, default=512, help="MiB of similarities that a method may keep")
    parser.add_argument("--out", default="subset.npy", help="kept indices, int64 .npy")
    parser.add_argument("--weights-out", help="weights of the kept samples, float32 .npy")
    parser.add_argument("--scores-out", help="scores of all samples, float32 .npy")
    parser.add_argument("--dry-run", action="store_true", help="say what memory and time it would take, and leave")
    parser.add_argument("--json", action="store_true", help="the report on the standard output, as JSON")
    for one in options():
        values = "|".join(one["words"]) or one["range"]
        parser.add_argument(f"--{one['name']}", help=f"{one['help']} ({values}; {one['default']} by default)".replace("%", "%%"))


def _soup_parser(commands: Any) -> None:
    parser = commands.add_parser("soup", help="merge checkpoints of one architecture")
    parser.add_argument("models", nargs="+", help="safetensors files")
    parser.add_argument("--method", default="uniform", choices=["uniform", "stock", "ties"])
    parser.add_argument("--base", help="what all were trained from, for stock and ties")
    parser.add_argument("--density", type=float, default=0.2, help="ties: share of each model's changes that counts")
    parser.add_argument("--scale", type=float, default=1.0, help="ties: what the merged change is multiplied by")
    parser.add_argument("--out", required=True, help="safetensors file")


def _stability_parser(commands: Any) -> None:
    parser = commands.add_parser("stability", help="rank correlation and overlap of selections, and overlap by chance")
    parser.add_argument("selections", nargs="+", help=".npy files of indices")
    parser.add_argument("--samples", type=int, help="how many were selected from")


def _outputs(asked: argparse.Namespace) -> list[str | None]:
    """The files to write, each with its ending, none of them an input or twice. errors: U31, U32"""
    inputs = {os.path.realpath(path) for name in _ARRAYS if (path := getattr(asked, name.replace("-", "_")))}
    outputs: list[str | None] = []
    for path in (asked.out, asked.weights_out, asked.scores_out):
        if path and not path.endswith(".npy"):
            path += ".npy"
        if path and not os.path.isdir(os.path.dirname(path) or "."):
            raise Error(f"[LIPT-U32] select: '{path}' is to be written, but there is no such folder: make it first")
        if path and os.path.realpath(path) in inputs:
            raise Error(f"[LIPT-U31] select: '{path}' is an input or written already: each output needs a file of its own")
        if path:
            inputs.add(os.path.realpath(path))
        outputs.append(path)
    return outputs


def _select(asked: argparse.Namespace) -> None:
    import numpy as np

    from .selection import estimate, methods, options, select

    if asked.list:
        for one in methods():
            print(f"{one['name']:<20} {one['summary']}{'; gives weights' if one['weights'] else ''}")
        return
    given: dict[str, Any] = {}
    validation = {}
    for name in _ARRAYS:
        path = getattr(asked, name.replace("-", "_"))
        if path is None:
            continue
        if name.startswith("validation-"):
            validation[name.partition("-")[2]] = path
        else:
            given[name.replace("-", "_")] = path
    for one in options():
        value = getattr(asked, one["name"].replace("-", "_"))
        if value is not None:
            given[one["name"].replace("-", "_")] = value
    given.update(
        method=asked.method or ("scores" if asked.scores else "gradmatch"),
        fraction=asked.fraction,
        count=asked.count,
        balanced=not asked.unbalanced,
        at_least_one=asked.at_least_one,
        raw_weights=asked.raw_weights,
        seed=asked.seed,
        epoch=asked.epoch,
        threads=asked.threads,
        memory=asked.max_memory,
        validation=validation or None,
    )
    if asked.dry_run:
        print(estimate(**given))
        return
    out, weights_out, scores_out = _outputs(asked)
    chosen = select(**given, state=f"{out}.state")
    np.save(out, chosen.indices)
    if weights_out:
        weights = chosen.weights if chosen.weights is not None else np.ones(len(chosen), np.float32)
        np.save(weights_out, weights)
    if scores_out:
        if chosen.scores is None:
            raise Error(f"[LIPT-U24] select: {given['method']} gives no scores: leave out --scores-out")
        np.save(scores_out, chosen.scores)
    if asked.json:
        print(json.dumps(chosen.report))
    else:
        print(f"{chosen.report['method']}: {len(chosen)} of {chosen.report['samples']} samples -> {out}")
        for notice in chosen.notices:
            print(notice)


def _soup(asked: argparse.Namespace) -> None:
    from .merging import soup

    soup(asked.models, method=asked.method, base=asked.base, density=asked.density, scale=asked.scale, out=asked.out)
    print(f"{asked.method}: {len(asked.models)} models -> {asked.out}")


def _stability(asked: argparse.Namespace) -> None:
    import numpy as np

    from .selection import stability

    for pair in stability([np.load(path) for path in asked.selections], asked.samples):
        a, b = asked.selections[pair["first"]], asked.selections[pair["second"]]
        chance = pair["jaccard_by_chance"]
        print(f"{a}  {b}  overlap {pair['jaccard']:.4f}, by chance {'-' if chance is None else f'{chance:.4f}'}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; 0 where it succeeds, 2 where it was asked for what cannot be."""
    parser = argparse.ArgumentParser(prog="python -m lipt", description="Choose the training samples worth keeping.")
    parser.add_argument("--version", action="version", version=f"lipt {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    _select_parser(commands)
    _soup_parser(commands)
    _stability_parser(commands)
    asked = parser.parse_args(arguments)
    try:
        {"select": _select, "soup": _soup, "stability": _stability}[asked.command](asked)
    except Error as failure:
        print(failure, file=sys.stderr)
        return 2
    except (OSError, ValueError) as failure:
        print(f"python -m lipt: {failure}", file=sys.stderr)
        return 1
    return 0

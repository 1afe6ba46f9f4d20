"""Pictures for a notebook: the soup, accuracy over costs, what was picked. matplotlib is imported when one is drawn.

Every function draws into `ax` (or `axes`) where given, and returns what it drew into.
"""
from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lipt._errors import Error

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["soup", "costs", "picks", "contact_sheet"]

_JOINED, _LEFT_OUT, _MUTED = "tab:blue", "tab:red", "0.6"
_BEFORE_SELECTION = ("initialize", "local", "merge", "pretrain")


def _pyplot() -> Any:
    try:
        from matplotlib import pyplot
    except ImportError as missing:
        raise ImportError(f"lipt.plot needs matplotlib, which cannot be imported here ({missing}): install it, e.g. "
                          "with `pip install matplotlib`") from None
    return pyplot


def _host(values: Any) -> np.ndarray:
    """An array in host memory, of a tensor of any device too."""
    for step in ("detach", "cpu", "numpy"):
        values = getattr(values, step)() if hasattr(values, step) else values
    return np.asarray(values)


def _part(given: Any, name: str, default: Any = None) -> Any:
    return given.get(name, default) if isinstance(given, Mapping) else getattr(given, name, default)


def soup(given: Any, ax: Axes | None = None) -> Axes:
    """The score over the mixture, ingredient by ingredient, in the order in which they were tried, and who joined.

    given: what `lipt.soup` or `lipt.torch.pretrain` returned, a run (`lipt.read_run`), its directory, or soup.json.
    A ring is an ingredient alone, a disc the mixture with it where it joined, a cross where it did not; small dots are
    the shares that were tried, from 0 at the left of its place to 1 at the right. errors: Y52 no soup in it
    """
    ingredients, trials, start = _soup_of(given)
    ax = ax if ax is not None else _pyplot().subplots()[1]
    at, level = {}, math.nan
    for place, one in enumerate(ingredients, 1):
        at[one["number"]] = place
        joined, alone, after = one["kept"], one["alone"], one["after"]
        ax.plot(place, alone, "o", mfc="none", mec=_MUTED)
        ax.plot(place, after, "o" if joined else "x", color=_JOINED if joined else _LEFT_OUT)
        if joined and math.isfinite(one["alpha"]) and place > 1:
            ax.annotate(f"{one['alpha']:.2f}", (place, after), (0, 6), textcoords="offset points", ha="center",
                        fontsize="small")
        before, level = level, after if joined else level
        ax.plot([place - 0.5, place - 0.5, place + 0.5], [before, level, level], color=_JOINED, lw=1, zorder=0)
    for number, alpha, score in trials:
        if number in at and alpha < 1:
            ax.plot(at[number] - 0.4 + 0.8 * alpha, score, ".", color=_MUTED, ms=3)
    if start is not None:
        ax.axhline(start, color=_MUTED, lw=1, ls=":", label="common start")
    legend = [("o", _MUTED, "none", "alone"), ("o", _JOINED, _JOINED, "joined, with its share"),
              ("x", _LEFT_OUT, _LEFT_OUT, "left out")]
    for marker, colour, fill, label in legend:
        ax.plot([], [], marker, color=colour, mfc=fill, label=label)
    ax.set_xticks(range(1, len(ingredients) + 1), [str(one["number"]) for one in ingredients])
    ax.set(xlabel="ingredient, in the order tried", ylabel="score")
    ax.legend(fontsize="small")
    return ax


def _soup_of(given: Any) -> tuple[list[dict[str, Any]], list[tuple[int, float, float]], float | None]:
    """Ingredients, trials and the start's score. errors: Y52"""
    if isinstance(given, (str, os.PathLike)):
        from lipt.run import read_run
        given = read_run(given)
    start = _part(given, "start_score", _part(given, "theta_star_accuracy"))
    inner = _part(given, "soup")
    if inner is not None:
        given, start = inner, _part(inner, "theta_star_accuracy", start)
    ingredients = _part(given, "ingredients")
    if not ingredients:
        raise Error(f"[LIPT-Y52] plot.soup: a {type(given).__name__} without ingredients, expected what lipt.soup "
                    "returned, a run with a soup or its directory")
    rows = [{"number": one.get("ingredient", one.get("worker")), "kept": bool(one["kept"]),
             "alone": _number(one.get("score_alone", one.get("accuracy"))), "alpha": _number(one["alpha"]),
             "after": _number(one["after"])} for one in ingredients]
    return rows, list(_part(given, "trials") or []), start


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)


def costs(runs: Any, axes: Sequence[Axes] | None = None, unit: str = "images") -> Sequence[Axes]:
    """Final accuracy over what pre-training cost, and over all that was spent; runs of one name share a colour.

    runs: one or several of `lipt.read_run`, or directories; unit: "images" through the network, forward and backward
    together, or "seconds" by the clock. errors: Y53 a run without a result, or another unit
    """
    if unit not in ("images", "seconds"):
        raise Error(f"[LIPT-Y53] plot.costs: unit is {unit!r}, expected 'images' or 'seconds'")
    chosen = [_run(one) for one in (runs if isinstance(runs, (list, tuple)) else [runs])]
    for run in chosen:
        if run.accuracy is None:
            raise Error(f"[LIPT-Y53] plot.costs: '{run.folder}' has no result yet: `lipt run` goes on with it")
    if axes is None:
        axes = _pyplot().subplots(1, 2, sharey=True, figsize=(9, 3.5), layout="constrained")[1]
    if len(axes) != 2:
        raise Error(f"[LIPT-Y53] plot.costs: {len(axes)} axes, expected 2: before the selection, and in all")
    names = list(dict.fromkeys(run.name for run in chosen))
    keys = ("forward", "backward") if unit == "images" else ("wall_s",)
    for ax, stages, what in zip(axes, (_BEFORE_SELECTION, None), ("before the selection", "in all")):
        for number, name in enumerate(names):
            of_name = [run for run in chosen if run.name == name]
            spent = [sum(run.cost(key, stages) for key in keys) for run in of_name]
            ax.plot(spent, [100 * run.accuracy for run in of_name], "o", color=f"C{number % 10}", label=name)
        ax.set_xlabel(("images through the network, " if unit == "images" else "seconds, ") + what)
        ax.set_xlim(left=0)
    axes[0].set_ylabel("final test accuracy, %")
    axes[1].legend(fontsize="small")
    return axes


def _run(given: Any) -> Any:
    if isinstance(given, (str, os.PathLike)):
        from lipt.run import read_run
        return read_run(given)
    return given


def picks(selection: Any, embeddings: Any, labels: Any = None, ax: Axes | None = None, most: int = 5000,
          seed: int = 0) -> Axes:
    """The picks and the rest on the two principal axes of the embeddings, coloured by class.

    selection: a `Selection` or indices; at most `most` of the rest are drawn, by chance. shapes: embeddings (N,E), also
    a map of a file or its path; labels (N). errors: Y54 shapes or an index that do not fit. cost: O(N E^2) once
    """
    matrix = np.load(embeddings, mmap_mode="r") if isinstance(embeddings, (str, os.PathLike)) else _host(embeddings)
    if matrix.ndim != 2 or not len(matrix):
        raise Error(f"[LIPT-Y54] plot.picks: embeddings of shape {matrix.shape}, expected (N,E)")
    kept, rest = _kept_and_rest(selection, len(matrix), most, seed, "plot.picks")
    classes = np.zeros(len(matrix), int) if labels is None else _host(labels)
    if classes.shape != (len(matrix),):
        raise Error(f"[LIPT-Y54] plot.picks: labels of shape {classes.shape} for {len(matrix)} embeddings")
    mean, axes, shares = _principal_axes(matrix)
    ax = ax if ax is not None else _pyplot().subplots()[1]
    colours = np.array([f"C{number % 10}" for number in np.unique(classes, return_inverse=True)[1].reshape(-1)])
    for chosen, style in ((rest, {"s": 4, "alpha": 0.25, "lw": 0}), (kept, {"s": 22, "ec": "black", "lw": 0.5})):
        points = (matrix[np.sort(chosen)].astype(np.float64) - mean) @ axes
        ax.scatter(points[:, 0], points[:, 1], c=list(colours[np.sort(chosen)]), **style)
    ax.set(xlabel=f"first principal axis ({shares[0]:.0%} of the variance)", ylabel=f"second ({shares[1]:.0%})",
           title=f"{len(kept)} of {len(matrix)} samples")
    return ax


def _principal_axes(matrix: np.ndarray, rows: int = 65536) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean (E), the axes of largest variance (E,2), largest entry positive, and their shares of all of it (2)."""
    width = matrix.shape[1]
    total, products = np.zeros(width), np.zeros((width, width))
    shift = matrix[0].astype(np.float64)
    for first in range(0, len(matrix), rows):
        part = matrix[first:first + rows].astype(np.float64) - shift
        total += part.sum(0)
        products += part.T @ part
    mean = total / len(matrix)
    values, vectors = np.linalg.eigh(products / len(matrix) - np.outer(mean, mean))
    axes = np.zeros((width, 2))
    axes[:, :min(2, width)] = vectors[:, ::-1][:, :2]
    axes *= np.where(axes[np.abs(axes).argmax(0), [0, 1]] < 0, -1, 1)
    variances = np.maximum([*values[::-1][:2], 0.0][:2], 0)
    return mean + shift, axes, variances / max(np.maximum(values, 0).sum(), 1e-300)


def contact_sheet(images: Any, selection: Any, labels: Any = None, count: int = 24, columns: int = 12,
                  seed: int = 0) -> Figure:
    """Images of samples that were kept, above images of some that were dropped, drawn by chance.

    images: N of them, arrays or tensors of (N,h,w), (N,h,w,ch) or (N,ch,h,w), or a data set whose samples are images or
    begin with one; labels: shown above each. Values outside 0..255 of whole numbers, or 0..1, are stretched to the
    image's own range. errors: Y54 an index that does not fit, Y55 a sample that is no image
    """
    picked, dropped = _kept_and_rest(selection, len(images), count, seed, "plot.contact_sheet")
    kept = np.sort(np.random.default_rng(seed).permutation(picked)[:count])
    rows = [max(1, -(-len(part) // columns)) for part in (kept, dropped)]
    figure = _pyplot().figure(figsize=(columns * 0.8, sum(rows) * 0.9 + 0.8), layout="constrained")
    names = np.arange(len(images)) if labels is None else _host(labels)
    parts = ((kept, f"kept: {len(kept)} of {len(picked)}"),
             (dropped, f"dropped: {len(dropped)} of {len(images) - len(picked)}"))
    for (part, title), frame, height in zip(parts, figure.subfigures(2, 1, height_ratios=rows), rows):
        frame.suptitle(title, fontsize="medium")
        for place, index in enumerate(part.tolist(), 1):
            image, ax = _shown(images[index], index), frame.add_subplot(height, columns, place)
            ax.imshow(image, cmap="gray" if image.ndim == 2 else None, vmin=0, vmax=1)
            ax.set_axis_off()
            ax.set_title(str(names[index]), fontsize="xx-small", pad=1)
    return figure


def _indices(selection: Any) -> np.ndarray:
    return _host(getattr(selection, "indices", selection)).astype(np.int64).reshape(-1)


def _kept_and_rest(selection: Any, count: int, most: int, seed: int, what: str) -> tuple[np.ndarray, np.ndarray]:
    """The picks, and at most so many of the others, ascending. errors: Y54"""
    kept = _indices(selection)
    if len(kept) and not (0 <= kept.min() and kept.max() < count):
        raise Error(f"[LIPT-Y54] {what}: picks from {kept.min()} to {kept.max()} of {count} samples: give what the "
                    "selection was made of")
    rest = np.setdiff1d(np.arange(count), kept)
    return kept, np.sort(np.random.default_rng(seed).permutation(rest)[:most])


def _shown(sample: Any, index: int) -> np.ndarray:
    """An image as imshow takes it. errors: Y55"""
    image = _host(sample[0] if isinstance(sample, (tuple, list)) else sample)
    if image.ndim == 3 and image.shape[0] in (1, 3, 4) and image.shape[2] not in (1, 3, 4):
        image = np.moveaxis(image, 0, 2)
    if image.ndim == 3 and image.shape[2] == 1:
        image = image[:, :, 0]
    if image.dtype.kind not in "uif" or image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] not in (3, 4)):
        raise Error(f"[LIPT-Y55] plot.contact_sheet: sample {index} is of shape {image.shape} and type "
                    f"{image.dtype}, expected an image (h,w), (h,w,ch) or (ch,h,w) of numbers")
    low, high, top = float(image.min()), float(image.max()), 1.0 if image.dtype.kind == "f" else 255.0
    if low < 0 or high > top:
        return (image.astype(np.float64) - low) / max(high - low, 1e-12)
    return image.astype(np.float64) / top

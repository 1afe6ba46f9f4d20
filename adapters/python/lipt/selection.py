"""Selection of a subset from anybody's arrays."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ._arrays import as_numpy
from ._call import SETTINGS, Call
from ._errors import Error
from ._native import core as _core


class Selection:
    """The samples that were chosen, in class order and then in the order of picking.

    indices: int64 (k), positions in the arrays given. weights: float32 (k) of mean 1 for a loss, or None.
    scores: float32 (N), higher is better and NaN where a sample was not rated, or None. report: how it was made.
    classes: what the class numbers of the report stand for, where the labels were no numbers from 0. ids: the names of
    the samples chosen, where names were given.
    """

    def __init__(
        self,
        indices: Any,
        weights: Any = None,
        scores: Any = None,
        report: Mapping[str, Any] | None = None,
        classes: list[Any] | None = None,
        ids: list[Any] | None = None,
    ) -> None:
        self.indices = indices
        self.weights = weights
        self.scores = scores
        self.report = dict(report or {})
        self.classes = classes
        self.ids = ids

    @property
    def notices(self) -> list[str]:
        """What is right but perhaps not what was expected."""
        return list(self.report.get("notices", []))

    def __len__(self) -> int:
        return len(self.indices)

    def __iter__(self) -> Iterator[int]:
        return iter(self.indices.tolist())

    def _summary(self) -> list[tuple[str, str]]:
        report = self.report
        rows = [
            ("method", str(report.get("method", ""))),
            ("kept", f"{len(self)} of {report.get('samples', '?')} samples"),
            ("classes", str(report.get("classes", ""))),
            ("weights", str(report.get("weights", "none"))),
            ("similarities", str(report.get("similarities", "none"))),
        ]
        return rows + [("notice", notice) for notice in self.notices]

    def __repr__(self) -> str:
        return f"Selection({self._summary()[0][1]}: {self._summary()[1][1]})"

    def _repr_html_(self) -> str:
        import html

        rows = "".join(
            f"<tr><th style='text-align:left'>{html.escape(name)}</th><td>{html.escape(value)}</td></tr>"
            for name, value in self._summary()
        )
        return f"<table>{rows}</table>"


class Estimate:
    """What a selection will take: samples, kept, bytes at the peak, seconds (None where not known), and more by name."""

    def __init__(self, found: Mapping[str, Any]) -> None:
        self.__dict__.update(found)

    def __repr__(self) -> str:
        time = "unknown" if self.seconds is None else f"about {self.seconds:.3g} s"
        memory = f"{self.bytes / 2**20:.0f} MiB"
        refused = "; more memory than this machine has" if self.bytes >= self.machine_bytes else ""
        return (
            f"Estimate({self.method}: {self.kept:,} of {self.samples:,} samples, pools of at most {self.largest_pool:,}; "
            f"memory {'about' if self.known else 'at least'} {memory}, time {time} with {self.threads} threads{refused})"
        )


def _arguments(local: Mapping[str, Any]) -> dict[str, Any]:
    return {name: local[name] for name in SETTINGS if name in local and name not in ("ids", "progress")}


def _check_ids(ids: list[Any], samples: int) -> None:
    """errors: Y04"""
    if len(ids) != samples:
        raise Error(f"[LIPT-Y04] select: {len(ids)} ids for {samples} samples: give one each")


def select(
    *,
    method: str = "gradmatch",
    labels: Any = None,
    logits: Any = None,
    embeddings: Any = None,
    residuals: Any = None,
    scores: Any = None,
    validation: Mapping[str, Any] | None = None,
    last_layer: Any = None,
    fraction: float | None = None,
    count: int | None = None,
    balanced: bool = True,
    at_least_one: bool = False,
    raw_weights: bool = False,
    seed: int = 0,
    epoch: int = 0,
    memory: int = 512,
    threads: int = 0,
    device: str = "cpu",
    state: str | os.PathLike[str] | None = None,
    ids: Iterable[Any] | None = None,
    progress: Callable[[int, int], object] | None = None,
    **options: Any,
) -> Selection:
    """Chooses a part of the samples. `lipt.methods()` lists the methods, `lipt.options()` their options.

    method: its name; a scorer's sampler after a slash and the sampler's setting after a colon: "el2n/ccs:0.6".
    labels (N): whole numbers from 0, or words. None: data without labels, all of which is one pool.
    logits (N,C), embeddings (N,E): a network's outputs and what its last layer saw. residuals (N,R): the loss's
    derivative by the outputs in place of logits, for other losses than softmax. scores (N): a rating, higher is kept
    first, in place of the method's own. validation: {"labels", "logits", "embeddings"} of held-out samples, for glister.
    last_layer (C,E): the last layer's weights, for deepfool. All of them NumPy arrays, tensors, anything with DLPack,
    data frames, lists or paths of files; of any strides, not copied where they are in host memory.
    fraction or count: how much is kept; a tenth by default. balanced: class by class, each its share.
    memory: MiB of similarities that a method may keep. threads: 0 for all that this process may use.
    state: a file in which a selection that is stopped keeps its finished classes. ids: names of the samples, carried
    into the result. progress: called with (classes done, classes). options: of the methods, by their names with
    underscores, such as similarity="embeddings".

    Raises lipt.Error, whose `code` says of what kind; KeyboardInterrupt within a second of Ctrl-C, but for zcore,
    whose draws are one step.
    """
    every = None if ids is None else list(ids)
    call = Call(_arguments(locals()), options)
    if every is not None and call.samples is not None:
        _check_ids(every, call.samples)
    found = _core.select(call.settings, call.options, progress)
    report = json.loads(found["report"])
    report["notices"] = call.notices + report["notices"]
    names = None
    if every is not None:
        _check_ids(every, report["samples"])
        names = [every[i] for i in found["indices"].tolist()]
    return Selection(found["indices"], found["weights"], found["scores"], report, call.classes, names)


def estimate(
    *,
    method: str = "gradmatch",
    labels: Any = None,
    logits: Any = None,
    embeddings: Any = None,
    residuals: Any = None,
    scores: Any = None,
    validation: Mapping[str, Any] | None = None,
    last_layer: Any = None,
    fraction: float | None = None,
    count: int | None = None,
    balanced: bool = True,
    at_least_one: bool = False,
    raw_weights: bool = False,
    seed: int = 0,
    epoch: int = 0,
    memory: int = 512,
    threads: int = 0,
    device: str = "cpu",
    **options: Any,
) -> Estimate:
    """What `select` with the same arguments would take, before it is paid for; measures this machine for a second."""
    call = Call(_arguments(locals()), options)
    return Estimate(_core.estimate(call.settings, call.options))


def methods() -> list[dict[str, Any]]:
    """Every method: name, summary, needs, options, and whether it gives weights, rates samples, draws by chance."""
    return list(_core.methods())


def options() -> list[dict[str, Any]]:
    """Every option of the methods: name, range, who reads it, what it does, its default and the words of a choice."""
    return list(_core.options())


def _parts(one: Any, position: int, samples: int | None) -> tuple[list[int], Any, int | None]:
    """Indices, scores and the number of samples of a selection. errors: C33"""
    import numpy as np

    if isinstance(one, Selection):
        return one.indices.tolist(), one.scores, one.report.get("samples", samples)
    array = np.asarray(as_numpy(one, "selections"))
    what = None
    if array.ndim != 1 or array.dtype.kind not in "iu":
        what = f"an array of {array.ndim} dimensions and {array.dtype}, expected indices: one dimension, whole numbers"
    elif len(np.unique(array)) != len(array):
        what = "indices of which some come twice"
    elif len(array) and (array.min() < 0 or (samples is not None and array.max() >= samples)):
        what = f"indices of {array.min()} to {array.max()}" + ("" if samples is None else f", of {samples} samples")
    if what:
        raise Error(f"[LIPT-C33] stability: selection {position} is {what}")
    return array.tolist(), None, samples


def stability(selections: Iterable[Any], samples: int | None = None) -> list[dict[str, Any]]:
    """How far selections agree, pair by pair: Spearman's rank correlation of the scores, the overlap of the subsets
    |a and b| / |a or b|, and the overlap that chance would give.

    selections: of `select`, or arrays of indices. samples: how many were selected from, where they do not say.
    """
    chosen = list(selections)
    if len(chosen) < 2:
        raise Error(f"[LIPT-U35] stability: {len(chosen)} selections given, expected at least two to compare")

    parts = [_parts(one, position, samples) for position, one in enumerate(chosen)]
    totals = {part[2] for part in parts if part[2] is not None}
    if len(totals) > 1:
        raise Error(f"[LIPT-C34] stability: selections of {sorted(totals)} samples: give such from the same samples")

    pairs = []
    for first in range(len(chosen)):
        for second in range(first + 1, len(chosen)):
            x, y = parts[first], parts[second]
            pair: dict[str, Any] = {"first": first, "second": second, "spearman": None, "jaccard_by_chance": None}
            if x[1] is not None and y[1] is not None:
                pair["spearman"] = _core.rank_correlation(x[1].tolist(), y[1].tolist())
            pair["jaccard"] = _core.jaccard_overlap(x[0], y[0])
            total = x[2] if x[2] is not None else y[2]
            if total is not None:
                pair["jaccard_by_chance"] = _core.expected_overlap(len(x[0]), len(y[0]), total)
            pairs.append(pair)
    return pairs


class Selector:
    """Selection for who thinks in scikit-learn: `Selector(method="k-center", fraction=0.1).fit(X, y)`.

    X (N,E) are embeddings, y (N) labels or None. After fit: indices_ (k), weights_ (k) or None, ranking_ (N): 1 for
    the first pick, 0 for what was not kept; selection_. transform(X) gives the rows kept.
    """

    def __init__(self, method: str = "k-center", **arguments: Any) -> None:
        self.method = method
        self.arguments = arguments

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        return {"method": self.method, **self.arguments}

    def set_params(self, **parameters: Any) -> Selector:
        self.method = parameters.pop("method", self.method)
        self.arguments.update(parameters)
        return self

    def fit(self, X: Any, y: Any = None) -> Selector:
        import numpy as np

        self.selection_ = select(method=self.method, embeddings=X, labels=y, **self.arguments)
        self.indices_ = self.selection_.indices
        self.weights_ = self.selection_.weights
        self.ranking_ = np.zeros(self.selection_.report["samples"], dtype=np.int64)
        self.ranking_[self.indices_] = np.arange(1, len(self.indices_) + 1)
        return self

    def transform(self, X: Any) -> Any:
        return as_numpy(X, "X")[self.indices_]

    def fit_transform(self, X: Any, y: Any = None) -> Any:
        return self.fit(X, y).transform(X)


def _describe_options(function: Any) -> None:
    """Gives a function the methods' options as keyword arguments to see, and a table of them in its description."""
    import inspect

    kinds = {"n": int, "x": float, "w": str}
    every = _core.options()
    parameters = list(inspect.signature(function).parameters.values())[:-1]
    lines = []
    for one in every:
        name, kind = one["name"].replace("-", "_"), kinds[one["kind"]]
        parameters.append(
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=kind(one["default"]), annotation=kind.__name__)
        )
        values = ", ".join(one["words"]) or one["range"]
        of = f" Of {one['read_by'].replace(' ', ', ')}." if one["read_by"] else ""
        lines.append(f"    {name}: {one['help']} ({values}; {one['default']} by default).{of}")
    function.__signature__ = inspect.signature(function).replace(parameters=parameters)
    function.__doc__ = f"{function.__doc__.rstrip()}\n\n    Options of the methods:\n" + "\n".join(lines) + "\n    "


_describe_options(select)
_describe_options(estimate)

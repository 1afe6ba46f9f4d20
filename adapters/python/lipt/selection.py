"""Selection of a subset from anybody's arrays."""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ._arrays import as_input, as_numpy
from ._errors import Error
from ._native import core as _core

_ARRAYS = ("labels", "logits", "embeddings", "residuals", "scores", "last_layer")
_VALIDATION = ("labels", "logits", "embeddings")
_SETTINGS = (
    "method labels logits embeddings residuals scores validation last_layer fraction count balanced at_least_one "
    "raw_weights seed epoch memory threads device state ids progress"
).split()


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


def _unknown(name: str, known: Iterable[str]) -> Error:
    nearest = difflib.get_close_matches(name, list(known), 1, 0.0)
    return Error(f"[LIPT-Y01] select: there is no argument '{name}', the nearest is '{nearest[0] if nearest else ''}'")


def _check_method(method: Any) -> None:
    """errors: C01 no such method, with the nearest name"""
    if not isinstance(method, str):
        raise Error(f"[LIPT-C01] select: the method is {method!r}, expected a name such as 'craig' or 'el2n/ccs:0.6'")
    names = [one["name"] for one in _core.methods()]
    base = method.partition("/")[0]
    if base not in names and base != "auto":
        nearest = difflib.get_close_matches(base, names, 1, 0.0)[0]
        raise Error(f"[LIPT-C01] select: there is no method '{base}', the nearest is '{nearest}'; one of: {', '.join(names)}")


def _options(given: Mapping[str, Any]) -> dict[str, str]:
    """Options of methods as the core takes them: names with hyphens, values as text. errors: Y01, U03"""
    known = {one["name"].replace("-", "_"): one for one in _core.options()}
    options = {}
    for name, value in given.items():
        if name not in known:
            raise _unknown(name, [*_SETTINGS, *known])
        about = known[name]
        if isinstance(value, bool) or value is None:
            raise Error(f"[LIPT-U03] select: {name} is {value!r}, expected {about['range'] or ', '.join(about['words'])}")
        options[about["name"]] = value if isinstance(value, str) else repr(value.item() if hasattr(value, "item") else value)
    return options


def _whole(name: str, value: Any, least: int, most: int) -> int:
    """A whole number within its range. errors: U12"""
    whole = None
    if not isinstance(value, bool):
        try:
            whole = value.__index__()
        except AttributeError:
            pass
    if whole is None or not least <= whole <= most:
        raise Error(f"[LIPT-U12] select: {name} is {value!r}, expected a whole number of {least} to {most}")
    return whole


def _numbered(labels: Any) -> tuple[Any, list[Any] | None]:
    """Labels as numbers from 0: words and other names are numbered in their order. (labels, names or None)"""
    if labels is None or isinstance(labels, (str, os.PathLike)):
        return labels, None
    array = as_numpy(labels, "labels")
    if array.dtype.kind not in "OUS":
        return labels, None
    import numpy as np

    if array.dtype.kind == "O" and not all(isinstance(one, (str, bytes)) for one in array.ravel()):
        raise Error(
            f"[LIPT-Y02] arrays: labels are objects such as {array.ravel()[0]!r}: give whole numbers or words"
        )
    names, numbers = np.unique(array, return_inverse=True)
    return numbers.reshape(array.shape), names.tolist()


class _Call:
    """The arguments of one call as the core takes them, and what must live until it has returned."""

    def __init__(self, arguments: Mapping[str, Any], options: Mapping[str, Any]) -> None:
        self.settings: dict[str, Any] = {}
        self.kept: list[Any] = []
        self.notices: list[str] = []
        self.options = _options(options)
        given = {name: value for name, value in arguments.items() if value is not None}
        labels, self.classes = _numbered(given.get("labels"))
        if labels is not None:
            given["labels"] = labels
        for name in _ARRAYS:
            self._take(name, given.pop(name, None))
        self._take_validation(given.pop("validation", None))
        method = given.pop("method", None)
        utility = any(one["utility"] and one["name"] == method for one in _core.methods())
        if "scores" in self.settings and not utility:  # a rating from elsewhere: the name may give the sampler that picks by it
            sampler = method.partition("/")[1:] if isinstance(method, str) else ()
            method = "".join(("scores", *sampler))
        else:
            _check_method(method)
        self.settings["method"] = method
        self._take_numbers(given)
        self.settings.update(given)

    def _take(self, name: str, value: Any) -> None:
        taken = as_input(value, name)
        if taken.array is None:
            return
        self.settings[name] = taken.array
        self.kept.append(taken.keep)
        if taken.notice:
            self.notices.append(taken.notice)

    def _take_validation(self, validation: Any) -> None:
        if validation is None:
            return
        if not isinstance(validation, Mapping):
            raise Error("[LIPT-Y03] select: validation is no dictionary: give labels, logits and embeddings by name")
        for name, value in validation.items():
            if name not in _VALIDATION:
                raise _unknown(f"validation['{name}']", [f"validation['{one}']" for one in _VALIDATION])
            self._take(f"validation_{name}", value)

    def _take_numbers(self, given: dict[str, Any]) -> None:
        self.settings["seed"] = _whole("seed", given.pop("seed", 0), 0, 2**64 - 1)
        self.settings["epoch"] = _whole("epoch", given.pop("epoch", 0), 0, 2**32 - 1)
        self.settings["threads"] = _whole("threads", given.pop("threads", 0), 0, 1024)
        self.settings["memory"] = _whole("memory", given.pop("memory", 512), 0, 2**40) << 20
        fraction, count = given.pop("fraction", None), given.pop("count", None)
        if fraction is not None and count is not None:
            raise Error(f"[LIPT-U30] select: fraction is {fraction} and count is {count}: give one of them")
        if count is not None:
            self.settings["count"] = _whole("count", count, 1, 2**63 - 1)
        elif fraction is not None:
            try:
                self.settings["fraction"] = float(fraction)
            except (TypeError, ValueError):
                raise Error(f"[LIPT-U30] select: fraction is {fraction!r}, expected a number above 0 and at most 1") from None
        if "state" in given:
            self.settings["state"] = os.fspath(given.pop("state"))


def _arguments(local: Mapping[str, Any]) -> dict[str, Any]:
    return {name: local[name] for name in _SETTINGS if name in local and name not in ("ids", "progress")}


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

    Raises lipt.Error, whose `code` says of what kind; KeyboardInterrupt within a second of Ctrl-C.
    """
    call = _Call(_arguments(locals()), options)
    found = _core.select(call.settings, call.options, progress)
    report = json.loads(found["report"])
    report["notices"] = call.notices + report["notices"]
    names = None
    if ids is not None:
        every = list(ids)
        if len(every) != report["samples"]:
            raise Error(f"[LIPT-Y04] select: {len(every)} ids for {report['samples']} samples: give one each")
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
    call = _Call(_arguments(locals()), options)
    return Estimate(_core.estimate(call.settings, call.options))


def methods() -> list[dict[str, Any]]:
    """Every method: name, summary, needs, options, and whether it gives weights, rates samples, draws by chance."""
    return list(_core.methods())


def options() -> list[dict[str, Any]]:
    """Every option of the methods: name, range, who reads it, what it does, its default and the words of a choice."""
    return list(_core.options())


def stability(selections: Iterable[Any], samples: int | None = None) -> list[dict[str, Any]]:
    """How far selections agree, pair by pair: Spearman's rank correlation of the scores, the overlap of the subsets
    |a and b| / |a or b|, and the overlap that chance would give.

    selections: of `select`, or arrays of indices. samples: how many were selected from, where they do not say.
    """
    chosen = list(selections)
    if len(chosen) < 2:
        raise Error(f"[LIPT-U35] stability: {len(chosen)} selections given, expected at least two to compare")

    def parts(one: Any) -> tuple[list[int], Any, int | None]:
        if isinstance(one, Selection):
            return one.indices.tolist(), one.scores, one.report.get("samples", samples)
        return [int(index) for index in as_numpy(one, "selections")], None, samples

    pairs = []
    for first, a in enumerate(chosen):
        for second in range(first + 1, len(chosen)):
            x, y = parts(a), parts(chosen[second])
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

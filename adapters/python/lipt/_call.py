"""The arguments of one call, checked and as the compiled core takes them."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Mapping
from typing import Any

from ._arrays import as_input, as_numpy
from ._errors import Error
from ._native import core as _core

_ARRAYS = ("labels", "logits", "embeddings", "residuals", "scores", "last_layer")
_VALIDATION = ("labels", "logits", "embeddings")
SETTINGS = (
    "method labels logits embeddings residuals scores validation last_layer fraction count balanced at_least_one "
    "raw_weights seed epoch memory threads device state ids progress"
).split()


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
            raise _unknown(name, [*SETTINGS, *known])
        about = known[name]
        if isinstance(value, bool) or value is None:
            raise Error(f"[LIPT-U03] select: {name} is {value!r}, expected {about['range'] or ', '.join(about['words'])}")
        if hasattr(value, "item") and getattr(value, "size", 1) == 1:
            value = value.item()
        options[about["name"]] = value if isinstance(value, str) else repr(value)
    return options


def _whole(name: str, value: Any, least: int, most: int) -> int:
    """A whole number within its range. errors: U12"""
    whole = None
    if not isinstance(value, bool):
        try:
            whole = value.__index__()
        except (AttributeError, TypeError):
            pass
    if whole is None or not least <= whole <= most:
        raise Error(f"[LIPT-U12] select: {name} is {value!r}, expected a whole number of {least} to {most}")
    return whole


def _truth(name: str, value: Any) -> bool:
    """True or False, of Python or of NumPy. errors: U12"""
    if isinstance(value, bool) or type(value).__name__ in ("bool_", "bool"):
        return bool(value)
    raise Error(f"[LIPT-U12] select: {name} is {value!r}, expected True or False")


def _path(name: str, value: Any) -> str:
    """A path as text. errors: Y05"""
    try:
        text = os.fspath(value)
        text = os.fsdecode(text)
        text.encode()
    except (TypeError, UnicodeError):
        raise Error(f"[LIPT-Y05] select: {name} is {value!r}, expected a path whose name is text") from None
    return text


def _numbered(labels: Any) -> tuple[Any, list[Any] | None]:
    """Labels as numbers from 0: words and other names are numbered in their order. (labels, names or None)"""
    if labels is None or isinstance(labels, (str, os.PathLike)):
        return labels, None
    array = as_numpy(labels, "labels")
    if array.dtype.kind not in "OUS":
        return labels, None
    import numpy as np

    if array.dtype.kind == "O":
        wrong = next((i for i, one in enumerate(array.ravel()) if not isinstance(one, str)), None)
        if wrong is not None:
            raise Error(f"[LIPT-Y02] arrays: label {wrong} is {array.ravel()[wrong]!r}: give whole numbers or words alone")
    names, numbers = np.unique(array, return_inverse=True)
    return numbers.reshape(array.shape), names.tolist()


class Call:
    """The arguments of one call as the core takes them, and what must live until it has returned.

    samples: how many there are, where an array in memory says so.
    """

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
        self.settings["method"] = self._method(method)
        self._take_numbers(given)
        self.settings.update(given)
        taken = (self.settings.get(name) for name in _ARRAYS[:-1])
        self.samples = next((one[2][0] for one in taken if isinstance(one, tuple) and one[2]), None)

    def _method(self, method: Any) -> Any:
        """The method's name; of scores given "scores", with the sampler that the name has. errors: C01, C40, U48"""
        if "scores" in self.settings and method in (None, "gradmatch", "scores", "top_k"):
            return "scores"
        rated = isinstance(method, str) and method.startswith("scores/") and "scores" in self.settings
        if not rated:
            _check_method(method)
        base, _, sampler = method.partition("/")
        self._check_sampler(method, sampler)
        if rated or "scores" not in self.settings:
            return method
        about = next(one for one in _core.methods() if one["name"] == base)
        if about["utility"]:
            return method
        if not about["scorer"]:
            raise Error(f"[LIPT-U48] select: {method} picks by itself, and scores are a rating: give one of them")
        return "/".join(["scores", *([sampler] if sampler else [])])

    def _check_sampler(self, method: str, sampler: str) -> None:
        """That the name and the options do not say the same thing twice. errors: C40"""
        name, _, setting = sampler.partition(":")
        first = {"ccs": "ccs-cutoff", "d2": "d2-neighbours", "beta": "beta-concentration"}.get(name)
        twice = "sampler" if sampler and "sampler" in self.options else first if setting and first in self.options else None
        if twice:
            raise Error(f"[LIPT-C40] select: {twice} is given twice, by the method {method} and by itself: leave one out")

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
            self._take(f"validation_{name}", self._as_before(value) if name == "labels" else value)

    def _as_before(self, labels: Any) -> Any:
        """Labels of held-out samples under the numbers that those of the samples have. errors: Y02"""
        if self.classes is None:
            return labels
        import numpy as np

        numbers = {name: number for number, name in enumerate(self.classes)}
        words = as_numpy(labels, "validation['labels']").ravel().tolist()
        for position, word in enumerate(words):
            if word not in numbers:
                raise Error(f"[LIPT-Y02] arrays: validation label {position} is {word!r}, which no sample has")
        return np.array([numbers[word] for word in words], dtype=np.int64)

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
                self.settings["fraction"] = float("no" if isinstance(fraction, bool) else fraction)
            except (TypeError, ValueError):
                raise Error(f"[LIPT-U30] select: fraction is {fraction!r}, expected a number above 0 and at most 1") from None
        for name in ("balanced", "at_least_one", "raw_weights"):
            if name in given:
                self.settings[name] = _truth(name, given.pop(name))
        device = given.pop("device", "cpu")
        if not isinstance(device, str):
            raise Error(f"[LIPT-U12] select: device is {device!r}, expected text such as 'cpu' or 'cuda:1'")
        self.settings["device"] = device
        if "state" in given:
            self.settings["state"] = _path("state", given.pop("state"))

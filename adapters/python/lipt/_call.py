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


class Call:
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

"""The one error of the package."""

import re


class Error(ValueError):
    """What every call of the package raises for what it was given: one sentence, with its id in front.

    ``code`` is the id, "LIPT-C30": match on that, never on the sentence.
    """

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)

    @property
    def code(self) -> str:
        found = re.search(r"\[(LIPT-[A-Z]\d\d)\]", str(self))
        return found.group(1) if found else ""

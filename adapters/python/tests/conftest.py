"""Arrays whose picks were worked out in float64, for all tests."""

import numpy as np
import pytest

import lipt

_i, _j, _c = np.arange(120)[:, None], np.arange(8), np.arange(3)

# What the program picks from these arrays with --fraction 0.1; one pool: with labels that are all 0.
K_CENTER = [24, 21, 39, 66, 40, 67, 73, 19, 44, 110, 77, 104]
EL2N = [54, 39, 93, 78, 10, 112, 49, 4, 95, 5, 35, 50]
FACILITY = [42, 27, 48, 105, 22, 94, 109, 64, 101, 92, 95, 20]
ONE_POOL = [40, 68, 67, 73, 99, 39, 31, 96, 35, 23, 13, 113]


class Made:
    """Labels, logits and embeddings of 120 samples in 3 classes, exact in every floating-point type."""

    def __init__(self):
        self.y = np.arange(120) % 3
        self.Z = (((3 * _i * _i + 53 * _i + 29 * _c + 17 * _i * _c) % 251 - 125) / 32).astype("f4")
        self.E = (((7 * _i * _i + 37 * _i + 13 * _j * _j + 5 * _i * _j) % 251 - 125) / 128).astype("f4")

    def pick(self, method="k-center", **arguments):
        arguments = {**dict(labels=self.y, logits=self.Z, embeddings=self.E), **arguments}
        if "count" not in arguments and "fraction" not in arguments:
            arguments["fraction"] = 0.1
        return lipt.select(method=method, **arguments)

    def picks(self, method="k-center", **arguments):
        return self.pick(method, **arguments).indices.tolist()

    def refused(self, *position, **arguments):
        """The error that these arguments raise."""
        with pytest.raises(lipt.Error) as caught:
            self.pick(*position, **arguments)
        return caught.value


@pytest.fixture
def made():
    return Made()

"""Data frames, columns and types of other packages: pandas, Polars, Arrow, ml_dtypes, scikit-learn. Run by `./check python`."""

import ml_dtypes
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from conftest import EL2N, K_CENTER

import lipt


def columns(made):
    series = pd.Series(made.y, index=np.arange(120)[::-1])
    return {
        "pandas": series,
        "polars": pl.Series(made.y),
        "arrow in pieces": pa.chunked_array([made.y[:50], made.y[50:]]),
        "pandas Int64": series.astype("Int64"),
        "pandas category": series.astype("category"),
    }


@pytest.mark.parametrize("kind", ["pandas", "polars", "arrow in pieces", "pandas Int64", "pandas category"])
def test_labels_are_taken_by_position(made, kind):
    assert made.picks(labels=columns(made)[kind]) == K_CENTER


def frame(made):
    return pd.DataFrame(made.E, index=np.arange(120)[::-1], columns=list("abcdefgh"))


def test_frames_are_taken_by_position(made):
    table = frame(made)
    assert made.picks(embeddings=table) == K_CENTER
    assert made.picks(embeddings=pl.DataFrame(made.E)) == K_CENTER
    assert made.picks(embeddings=pa.Table.from_pandas(table, preserve_index=False)) == K_CENTER


def test_what_is_missing_is_named(made):
    labels = pd.Series(made.y, index=np.arange(120)[::-1]).astype("Int64")
    labels.iloc[7] = pd.NA
    assert "row 7" in str(made.refused(labels=labels))
    assert "row 7" in str(made.refused(labels=pl.Series([None if i == 7 else int(k) for i, k in enumerate(made.y)])))
    assert "row 7" in str(made.refused(labels=pa.array([None if i == 7 else int(k) for i, k in enumerate(made.y)])))


def test_a_column_of_words_is_named(made):
    table = frame(made)
    table["name"] = "x"
    assert "'name'" in str(made.refused(embeddings=table))


def test_bfloat16_of_numpy(made):
    assert made.picks(embeddings=made.E.astype(ml_dtypes.bfloat16)) == K_CENTER
    assert made.picks("el2n", logits=made.Z.astype(ml_dtypes.bfloat16)) == EL2N


def test_in_a_pipeline_of_scikit_learn(made):
    from sklearn.preprocessing import StandardScaler

    scaled = StandardScaler().fit_transform(made.E)
    chosen = lipt.Selector(method="k-center", fraction=0.1).fit(scaled, made.y)
    assert chosen.transform(scaled).shape == (12, 8)


def test_types_are_what_the_stubs_say(tmp_path):
    import subprocess
    import sys

    (tmp_path / "t.py").write_text(
        "import lipt, numpy as np, pathlib\n"
        's = lipt.select(method="k-center", embeddings=np.ones((9, 2), np.float16), count=3)\n'
        'lipt.select(method="k-center", embeddings=pathlib.Path("e.npy"), count=3, greedy="lazy")\n'
        "reveal_type(s.indices)\n"
        'lipt.select(methud="k-center")\n'
    )
    said = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "t.py"], capture_output=True, text=True, cwd=tmp_path, check=False
    ).stdout
    faults = [line for line in said.splitlines() if "error" in line and line.startswith("t.py")]
    assert [line.split(":")[1] for line in faults] == ["5"], said
    assert "int64" in said or "signedinteger" in said, said

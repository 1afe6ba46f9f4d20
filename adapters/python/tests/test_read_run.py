"""Reading run directories, whole, under way and damaged."""
import json

import numpy as np
import pytest

import lipt
from lipt import Error


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "run"
    (made / "workers").mkdir(parents=True)
    (made / "config.json").write_text(json.dumps({"version": 2, "settings": {"seed": 3}}))
    (made / "workers" / "00.json").write_text("{}")
    (made / ".lock").touch()
    (made / "workers" / ".00.json.7-1.tmp").touch()
    lines = [{"event": "epoch", "stage": "train", "loss": 1.5},
             {"event": "stage", "name": "initialize", "wall_s": 1.0, "forward": 10},
             {"event": "stage", "name": "local", "wall_s": 9.0, "forward": 99},
             {"event": "stage", "name": "local", "wall_s": 2.0, "forward": 20}]
    (made / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"event": "sta')
    return made


def finish(folder):
    stages = [{"name": "initialize", "wall_s": 1.5, "forward": 10}, {"name": "train", "wall_s": 3.0, "forward": 5}]
    result = {"version": 1, "name": "mine", "accuracy": {"final": 0.5, "best": 0.6}, "stages": stages}
    (folder / "result.json").write_text(json.dumps(result))
    (folder / "soup.json").write_text('{"ingredients": []}')
    np.save(folder / "subset.npy", np.array([5, 3], np.int64))
    np.save(folder / "scores.npy", np.array([np.nan, 1], np.float32))


def test_a_finished_run(folder):
    finish(folder)
    run = lipt.read_run(str(folder))
    assert (run.name, run.accuracy, run.config["settings"]["seed"]) == ("mine", 0.5, 3)
    assert [stage["name"] for stage in run.costs] == ["initialize", "train"]
    assert run.cost() == 4.5 and run.cost("forward", ("train",)) == 5 and run.cost("cpu_s") == 0
    assert run.subset.tolist() == [5, 3] and run.subset.dtype == np.int64 and not run.subset.flags.writeable
    assert run.weights is None and np.isnan(run.scores[0]) and run.soup == {"ingredients": []}
    assert run.files["workers/00.json"] == folder / "workers" / "00.json"
    assert sorted(run.files) == ["config.json", "metrics.jsonl", "result.json", "scores.npy", "soup.json", "subset.npy",
                                 "workers/00.json"]


def test_a_run_under_way_has_the_costs_that_it_noted(folder):
    run = lipt.read_run(folder)
    assert (run.result, run.accuracy, run.subset, run.soup) == (None, None, None, None) and run.name == "run"
    assert [(stage["name"], stage["wall_s"]) for stage in run.costs] == [("initialize", 1), ("local", 2)]
    assert run.cost("forward") == 30 and len(run.metrics) == 4


def test_what_is_no_run_is_refused(tmp_path):
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(Error, match="LIPT-Y50"):
            lipt.read_run(path)


@pytest.mark.parametrize("name, content", [("config.json", "{"), ("result.json", "[]"), ("soup.json", "\0"),
                                           ("subset.npy", "x"), ("scores.npy", ""), ("metrics.jsonl", "{\n")])
def test_damaged_files_are_named(folder, name, content):
    finish(folder)
    (folder / name).write_text(content)
    with pytest.raises(Error, match=f"LIPT-Y51.*{name}"):
        lipt.read_run(folder)
